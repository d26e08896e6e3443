"""Settings of every stage and the profiles; each value carries its source."""

from dataclasses import dataclass, fields, replace
from math import ceil

from replication.errors import SettingsError


@dataclass(frozen=True)
class SurrogateSettings:
    """How many synthetic eyes are drawn; the counts are those of Warsaw (paper §2.1)."""

    patients: int = 115  # paper §2.1
    images: int = 1795  # paper §2.1, device IrisGuard AD100
    glaucoma_images: int = 425  # paper §2.1


CENTRINGS = ("iris", "none", "manifest")  # found; not at all; on the circle that a manifest gives
RESIZINGS = ("stretch", "pad")  # to a square, or padded to one first
IMAGE_SIZES_PX = (64, 128)  # which the networks halve four times, and whose maps are still drawn
CHANNELS = (3, 1)  # copies of the gray image


@dataclass(frozen=True)
class PreprocessSettings:
    """How an image becomes a network's input: the steps of the paper, or others for other images.

    Raises:
        SettingsError: when a step is unknown.
    """

    strip_rows: int = 11  # first author's later code: the label strip
    image_size_px: int = 64  # paper §2.1
    channels: int = 3  # first author's later code
    mirroring: bool = True  # paper §2.1: of right eyes
    centring: str = "iris"  # paper §2.1
    resizing: str = "stretch"  # first author's later code

    def __post_init__(self) -> None:
        if type(self.strip_rows) is not int or self.strip_rows < 0:
            raise SettingsError(f"--strip-rows: expected 0 or more, got {self.strip_rows!r}")
        known = {"--centring": (self.centring, CENTRINGS), "--resize": (self.resizing, RESIZINGS)}
        known["--channels"] = self.channels, CHANNELS
        for option, (given, choices) in known.items():
            if given not in choices:
                words = ", ".join(map(str, choices))
                raise SettingsError(f"{option}: expected one of {words}, got {given!r}")

    @property
    def on_irises(self) -> bool:
        """Whether images are centred on irises, so that places in them are places in an iris."""
        return self.centring == "iris"

    @property
    def words(self) -> tuple[str, ...]:
        """The options of the command line that aren't the usual ones."""
        words = {
            "strip_rows": ("--strip-rows", str(self.strip_rows)),
            "mirroring": ("--no-mirroring",),
            "centring": ("--centring", self.centring),
            "resizing": ("--resize", self.resizing),
            "channels": ("--channels", str(self.channels)),
            "image_size_px": ("--image-size", str(self.image_size_px)),
        }
        usual = {field.name: field.default for field in fields(self)}
        return tuple(
            w for name, of in words.items() if getattr(self, name) != usual[name] for w in of
        )

    @property
    def recorded(self) -> dict:
        """What a run records: of OTHERWISE, only what isn't the paper's, as before there was a choice."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default or field.name not in OTHERWISE
        }


OTHERWISE = ("mirroring", "centring", "resizing")  # steps that are recorded where others than usual


@dataclass(frozen=True)
class SplitSettings:
    """Fractions of the three subsets, and the seed of the shuffling."""

    train: float = 0.65  # paper §2.1
    validation: float = 0.15  # paper §2.1
    test: float = 0.20  # paper §2.1
    seed: int = 0  # ours: apart from training's, so that several trainings share one split


WARSAW_TRAINING_IMAGES = 1167  # 65% of 1,795 (paper §2.1)


@dataclass(frozen=True)
class EvaluatorSettings:
    """Training of the two evaluation networks."""

    updates: int = 5700  # first author's later code: 300 epochs of Warsaw's training images
    patience: int = 50  # first author's later code; epochs of Warsaw's training images
    batch_size: int = 64  # first author's later code
    learning_rate: float = 2e-4  # first author's later code
    decay: float = 1e-6  # first author's later code
    averaging: float = 0.0  # ours: how much of the weights' average each update keeps; 0 for none
    block_dropout: float = 0.0  # PPRL-VGAN Privacy_vs_Utility_check.py
    dense_dropout: float = 0.5  # PPRL-VGAN Privacy_vs_Utility_check.py
    # Ours, for patients that the network will not have met: images augmented, both classes weighing
    # the same, the epoch of the highest validation AUC.
    for_unseen_patients: bool = False

    @property
    def dropout(self) -> dict[str, float]:
        """The rates as `keras_models.evaluator.build_evaluator` takes them."""
        return {"block_dropout": self.block_dropout, "dense_dropout": self.dense_dropout}

    def epochs(self, images: int) -> int:
        """Return the passes over so many training images that make the updates."""
        return ceil(self.updates / ceil(images / self.batch_size))

    def epochs_waited(self, images: int) -> int:
        """Return the passes over so many training images without progress after which it ends.

        Of fewer images than Warsaw's as many as make the same number of updates: an average of the
        weights lags by updates, and a few short epochs may end before it has caught up.
        """
        warsaw, own = (ceil(n / self.batch_size) for n in (WARSAW_TRAINING_IMAGES, images))
        return max(self.patience, ceil(self.patience * warsaw / own))


@dataclass(frozen=True)
class VganSettings:
    """Networks and training of PPRL-VGAN."""

    kernel_size: int = 8  # PPRL-VGAN train.py
    units: int = 256  # PPRL-VGAN train.py
    batch_size: int = 256  # PPRL-VGAN train.py
    steps: int = 20_000  # ours: not stated in the paper
    learning_rate: float = 3e-4  # PPRL-VGAN train.py
    discriminator_share: float = 1.0  # ours: the discriminator's rate, as a share of that one
    decay: float = 1e-6  # PPRL-VGAN train.py
    generator_weights: tuple[float, ...] = (0.5, 0.5, 0.5, 0.002)  # paper §3
    discriminator_weights: tuple[float, ...] = (0.25, 0.5, 0.25)  # PPRL-VGAN train.py
    mixed_bfloat16: bool = False  # ours: used where the processor has it
    falling: float = 0.0  # ours: share of the steps, the last ones, over which the rate falls to 0
    averaging: float = 0.0  # ours: how much of the generator's average each step keeps; 0 for none


# Of realism, identity, task, iris and latent: PP-MIR pp-mir.py, whose sum over the irises of a batch
# of 64 is a mean over images here. Its discriminator learns real and privatized alone.
PP_MIR_WEIGHTS = {
    "generator_weights": (0.4, 1.0, 0.001, 0.002 * 64, 0.002),
    "discriminator_weights": (1.0,),
}


@dataclass(frozen=True)
class CodeSettings:
    """The evidence code and its generator's training; all values are ours, the paper has none."""

    levels: tuple[int, ...] = (3, 5, 10)  # k of each, the fewest patients who share a code
    steps: int = 2400
    batch_size: int = 32
    learning_rate: float = 4e-4
    falling: float = 0.5  # share of the steps, the last ones, over which the rate falls to 0
    identity_weight: float = 0.1  # of finding nobody among the training patients
    code_weight: float = 0.5  # of finding the code
    penalty: float = 0.2  # of the discriminator's squared gradient on real images
    averaging: float = 0.995  # how much of the decoder's average each step keeps


@dataclass(frozen=True)
class ExplanationSettings:
    """How relevance maps are computed; no profile changes them."""

    neuron: str = "predicted"  # iNNvestigate's default, the highest output; the paper doesn't say
    method: str = "deep_taylor.folded"  # paper §2.3: Deep Taylor; which rule, docs/explanation.md


@dataclass(frozen=True)
class AttackSettings:
    """How the Siamese network is trained; all values are ours, the paper has no attack."""

    siamese_updates: int = 300
    siamese_batch_size: int = 128  # so many privatized images against as many originals
    siamese_learning_rate: float = 1e-3
    margin: float = 1.0  # embeddings have length one, so distances go up to 2


@dataclass(frozen=True)
class Profile:
    """One named choice of all settings."""

    name: str
    surrogate: SurrogateSettings
    preprocess: PreprocessSettings
    split: SplitSettings
    evaluator: EvaluatorSettings
    by_patient: EvaluatorSettings  # of the glaucoma network where patients are held out
    vgan: VganSettings
    code: CodeSettings
    attack: AttackSettings

    @property
    def pp_mir(self) -> VganSettings:
        """PP-MIR's: PPRL-VGAN's networks, steps and rates, so that both cost about the same."""
        return replace(self.vgan, **PP_MIR_WEIGHTS)


PAPER = Profile(
    "paper",
    SurrogateSettings(),
    PreprocessSettings(),
    SplitSettings(),
    EvaluatorSettings(),
    EvaluatorSettings(for_unseen_patients=True),
    VganSettings(),
    CodeSettings(),
    AttackSettings(siamese_updates=3000),
)
CPU = replace(
    PAPER,
    name="cpu",
    evaluator=replace(
        PAPER.evaluator,
        updates=2920,
        patience=12,
        batch_size=16,
        learning_rate=5e-4,
        averaging=0.99,
    ),
    by_patient=replace(PAPER.by_patient, updates=1500, batch_size=16, learning_rate=5e-4),
    vgan=replace(
        PAPER.vgan,
        kernel_size=4,
        units=128,
        batch_size=32,
        steps=1500,
        learning_rate=2e-3,
        discriminator_share=0.25,
        falling=0.5,
        averaging=0.98,
        mixed_bfloat16=True,
    ),
    attack=AttackSettings(),
)
# What bfloat16 costs is measured against it.
CPU_FLOAT32 = replace(CPU, name="cpu-float32", vgan=replace(CPU.vgan, mixed_bfloat16=False))
SMOKE = replace(
    CPU,
    name="smoke",
    surrogate=SurrogateSettings(patients=40, images=240, glaucoma_images=90),
    evaluator=replace(CPU.evaluator, updates=20, patience=2),
    by_patient=replace(CPU.by_patient, updates=20, patience=2),
    vgan=replace(CPU.vgan, units=32, batch_size=16, steps=10),
    code=replace(CPU.code, batch_size=16, steps=10),
    attack=AttackSettings(siamese_updates=5),
)
PROFILES = {profile.name: profile for profile in (SMOKE, CPU, CPU_FLOAT32, PAPER)}


def find_profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        SettingsError: when there is none; the message names the known ones.
    """
    if name not in PROFILES:
        raise SettingsError(f"unknown profile '{name}'; known profiles: {', '.join(PROFILES)}")
    return PROFILES[name]
