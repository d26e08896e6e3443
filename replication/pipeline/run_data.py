"""What a run's stages read: its raw eyes, its settings, and what earlier stages wrote.

Everything is read when it is first needed, and then kept.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import pandas as pd

from replication.config import EvaluatorSettings, ExplanationSettings, Profile, VganSettings
from replication.data.sources import Source, draw_surrogate
from replication.errors import MethodRefused
from replication.privatize.methods import Method
from replication.records import (
    CodeGenerator,
    EyeDataset,
    Generator,
    GivenNetwork,
    PrivatizedSet,
    Splits,
)
from replication.store.arrays import load_preprocessed, load_privatized, read_refusal
from replication.store.files import read_json
from replication.store.run_folder import RunStore
from replication.store.run_record import (
    CODE,
    EVALUATORS,
    LAYERS,
    OWN_NETWORK,
    PP_MIR,
    PREPROCESSED,
    VGAN,
    privatized_unit,
    record_split,
)
from replication.system.processes import hold_interrupt
from replication.system.progress import Track
from validation.expectations.suites import MOST_UNCENTRED


@dataclass(eq=False)
class RunData:
    """One run's data and settings."""

    source: Source  # where the raw eyes come from
    profile: Profile  # settings of all stages
    seed: int  # of training, and of draws on the surrogate
    draws: int  # privatized sets per method that draws
    methods: tuple[str, ...]  # names of the privatizers to run, in Table 1's order
    store: RunStore  # the run's folder
    workers: int  # processes for drawing and preprocessing
    track: Track  # opens progress bars
    explanation: ExplanationSettings
    by_patient: bool = False  # the split; by image in the paper
    max_uncentred: float = MOST_UNCENTRED  # of the images, the share that may be without an iris
    own: GivenNetwork | None = None  # the user's glaucoma network, in the trained one's place
    # The manifest's hash where a command knows it: its workers needn't read every raw file again.
    known_manifest: str | None = None
    # Set when a training that runs beside others, in a thread, is to end before its time.
    ending: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def raw(self) -> tuple[pd.DataFrame, Path]:
        """The manifest of the raw images, and the folder that its paths start from."""
        draw_surrogate(self.source, self.profile.surrogate, workers=self.workers, track=self.track)
        return self.source.read()

    @property
    def manifest_digest(self) -> str:
        """Hash of the manifest, which holds the hash of every raw file."""
        return self.known_manifest or hash_manifest(self.raw[0])

    @property
    def drawing_seed(self) -> int:
        """What replacement identities and latent noise are drawn from.

        On patients' data the run's secret: from seed and manifest anyone could draw them again.
        """
        return self.store.secret if self.source.kind.private else self.seed

    @property
    def drawing_record(self) -> dict:
        """What identifies the draws: the seed, or on patients' data the secret by its hash."""
        if self.source.kind.private:
            return {"secret": self.store.secret_digest}
        return {"seed": self.seed}

    @property
    def split_record(self) -> dict:
        """What the run records of its split, of the user's limit and of the user's network."""
        split = record_split(by_patient=self.by_patient, max_uncentred=self.max_uncentred)
        return split | ({OWN_NETWORK: self.own.record} if self.own else {})

    @property
    def described(self) -> dict:
        """What `describe_split` takes of the run's record."""
        return self.split_record | {"profile": {"preprocess": self.profile.preprocess.recorded}}

    @property
    def dataset(self) -> EyeDataset:
        """All preprocessed images."""
        return self._preprocessed[0]

    @property
    def splits(self) -> Splits:
        """Rows of the data set, by subset."""
        return self._preprocessed[1]

    @cached_property
    def train_set(self) -> EyeDataset:
        """Images of all patients, the gallery of the privatizers: enrolled ones are among them."""
        return self.dataset.take(self.splits.known)

    @cached_property
    def test_set(self) -> EyeDataset:
        """The images that are privatized, evaluated, attacked and explained."""
        return self.dataset.take(self.splits.test)

    @property
    def patients(self) -> int:
        """Number of patients, the classes of identity."""
        return int(self.dataset.identity.max()) + 1

    @cached_property
    def generator(self) -> Generator:
        """The run's trained encoder and decoder."""
        folder = self.store.folder(VGAN)
        return self.load_generator(folder, self.profile.vgan, identities=self.patients)

    @cached_property
    def code_generator(self) -> CodeGenerator:
        """The run's code of the disease and its trained generator.

        Raises:
            MethodRefused: when no code could be learned from these data.
        """
        folder = self._find_accepted(CODE)
        with hold_interrupt():
            from replication.train.trained import TrainedCodeGenerator

        return TrainedCodeGenerator(
            folder,
            self.dataset.images.shape[1:],
            self.load_evaluator("glaucoma").predict,
        )

    @cached_property
    def pp_mir_generator(self) -> Generator:
        """The run's trained encoder and decoder of PP-MIR.

        Raises:
            MethodRefused: when these data have no irises.
        """
        folder = self._find_accepted(PP_MIR)
        return self.load_generator(folder, self.profile.pp_mir, identities=0)

    def find_training(self, task: str) -> EvaluatorSettings:
        """Return how the network of "identity" or "glaucoma" is trained."""
        held_out = self.by_patient and task == "glaucoma"
        return self.profile.by_patient if held_out else self.profile.evaluator

    def count_classes(self, task: str) -> int:
        """Return the number of classes of "identity" or "glaucoma"."""
        return self.patients if task == "identity" else 2

    def count_draws(self, method: Method) -> int:
        """Return how many privatized sets a method makes."""
        return self.draws if method.is_drawn else 1

    def find_weights(self, task: str) -> Path:
        """Return the file of the run's evaluation network for a task."""
        return self.store.folder(EVALUATORS[task]) / "weights.h5"

    def find_layers(self, task: str) -> str | None:
        """Return the layers of a task's network as JSON where it is the user's, else None."""
        if task != "glaucoma" or self.own is None:
            return None
        return json.dumps(read_json(self.store.folder(EVALUATORS[task]) / LAYERS)["layers"])

    def find_generator(self, method: Method) -> Generator | CodeGenerator | None:
        """Return the trained generator that a method needs, else None."""
        if method.generator is None:
            return None
        kept = {VGAN: "generator", PP_MIR: "pp_mir_generator", CODE: "code_generator"}
        return getattr(self, kept[method.generator])

    @cached_property
    def refusals(self) -> dict[str, str]:
        """By method that releases nothing of these data, why; all are privatized by now."""
        found = {
            name: read_refusal(self.store.folder(privatized_unit(name))) for name in self.methods
        }
        return {name: why for name, why in found.items() if why}

    @property
    def released(self) -> tuple[str, ...]:
        """Names of the methods that release images of these data, in Table 1's order."""
        return tuple(name for name in self.methods if name not in self.refusals)

    def privatize(
        self, method: Method, queries: EyeDataset, *, seed: int, draws: int, **others: object
    ) -> Iterator[PrivatizedSet]:
        """Yield the draws of a method on any images, with this run's gallery and generator.

        Others are arguments of the privatizer in place of the method's, or of the generator.
        """
        given = {"gallery": self.train_set, "generator": self.find_generator(method)} | others
        return method.privatize(queries, seed=seed, draws=draws, **given)

    def load_sets(
        self,
        methods: tuple[str, ...],
        advance: Callable[[], None] = lambda: None,
        *,
        draws: int | None = None,
    ) -> Iterator[PrivatizedSet]:
        """Yield the privatized test images of these methods, advancing after each method.

        Of each method so many draws, the first ones, or all.
        """
        for name in methods:
            sets = load_privatized(self.store.folder(privatized_unit(name)), name)
            yield from islice(sets, draws)
            advance()

    def load_generator(self, folder: Path, settings: VganSettings, *, identities: int) -> Generator:
        """Return the encoder and decoder that a training with these settings wrote."""
        with hold_interrupt():
            from replication.train.trained import TrainedGenerator

        return TrainedGenerator(folder, identities, self.dataset.images.shape[1:], settings)

    def load_evaluator(self, task: str, folder: Path | None = None, activation: str = "relu"):
        """Return a task's `TrainedEvaluator`, the run's or the one in a training's folder."""
        with hold_interrupt():
            from replication.train.trained import TrainedEvaluator

        return TrainedEvaluator(
            self.find_weights(task) if folder is None else folder / "weights.h5",
            self.count_classes(task),
            self.dataset.images.shape[1:],
            self.find_training(task),
            activation=activation,
            layers=self.find_layers(task) if folder is None else None,
        )

    def _find_accepted(self, unit: str) -> Path:
        """Return the folder of a training, unless it was refused (MethodRefused)."""
        folder = self.store.folder(unit)
        if refusal := read_refusal(folder):
            raise MethodRefused(refusal)
        return folder

    @cached_property
    def _preprocessed(self) -> tuple[EyeDataset, Splits]:
        channels = self.profile.preprocess.channels
        return load_preprocessed(self.store.folder(PREPROCESSED), channels)


def hash_manifest(manifest: pd.DataFrame) -> str:
    """Return the hash of a manifest of raw images, which holds the hash of every file."""
    return hashlib.sha256(manifest.to_csv(index=False).encode()).hexdigest()
