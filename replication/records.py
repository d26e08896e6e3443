"""What flows between the stages: frozen records that check themselves when made.

Row i is the same image in every array of a record. Images are float32 in [-1, 1] as in the paper's
pipeline (§2.1) and the reference code, and turn into bytes and back without loss. Fractions are in
[0, 1], percent exists only in reports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from replication.errors import DataError

CLASS_OF_GLAUCOMA = 1  # the glaucoma network's output for an eye with glaucoma
TABLE1_METRICS = ("identity_accuracy", "replacement_accuracy", "glaucoma_accuracy", "glaucoma_f1")
HALF_RANGE = np.float32(127.5)
NOBODY = -1  # in place of a class of identity


class Subset(StrEnum):
    """The three parts of the data (paper §2.1: 65% training, 15% validation, 20% testing).

    Split by patient there is a fourth: images of held-out patients on which networks that have to
    know all patients are trained, and the glaucoma network never.
    """

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    ENROLMENT = "enrolment"


class Neuron(StrEnum):
    """Which class's log-odds a relevance map explains; where not positive, the map is empty."""

    PREDICTED = "predicted"
    GLAUCOMA = "glaucoma"


@dataclass(frozen=True)
class EyeDataset:
    """Preprocessed eyes with their labels.

    Raises:
        DataError: when an array has another shape, type or range, or an id comes twice.
    """

    images: np.ndarray  # (N, H, W, C) float32 in [-1, 1]
    identity: np.ndarray  # (N,) integer class of the patient, from 0
    glaucoma: np.ndarray  # (N,) bool, per eye
    image_id: np.ndarray  # (N,) unique strings

    def __post_init__(self) -> None:
        check_images("images", self.images)
        _check_columns(self, {"identity": "iu", "glaucoma": "b", "image_id": "UT"})
        if len(np.unique(self.image_id)) != len(self.image_id):
            raise DataError("image_id: an id comes twice")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> Self:
        """Return the rows (indices or a mask) as a data set of their own."""
        return EyeDataset(
            self.images[rows], self.identity[rows], self.glaucoma[rows], self.image_id[rows]
        )


@dataclass(frozen=True)
class Splits:
    """Row indices of the subsets of one `EyeDataset`, none twice; by image, none is enrolled."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    enrolment: np.ndarray = field(default_factory=lambda: np.array([], dtype=np.intp))

    def __post_init__(self) -> None:
        rows = np.concatenate([self.known, self.validation, self.test])
        if len(np.unique(rows)) != len(rows):
            raise DataError("splits: an image is in two subsets")

    @property
    def known(self) -> np.ndarray:
        """Rows with images of every patient, ascending: training and enrolment."""
        return np.sort(np.concatenate([self.train, self.enrolment]))

    def find_learned(self, task: str) -> np.ndarray:
        """Return the rows that the network of "identity" or "glaucoma" is trained on.

        Enrolled images are of validation and test patients, whom the glaucoma network never meets.
        """
        return self.train if task == "glaucoma" else self.known

    def items(self) -> Iterator[tuple[Subset, np.ndarray]]:
        """Yield each subset's name with its rows: train, validation, test and, if any, enrolment."""
        for subset in Subset:
            rows = getattr(self, subset.value)
            if len(rows) or subset is not Subset.ENROLMENT:
                yield subset, rows


class Generator(Protocol):
    """A trained conditional variational autoencoder; both methods split N to fit into memory."""

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation, (N, Z) each, of (N, H, W, C) images in [-1, 1]."""

    def decode(self, latent: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
        """Return (N, H, W, C) float32 in [-1, 1] from (N, Z) latents and (N,) identities.

        A generator that paints nobody takes no identities.
        """


class GivenNetwork(Protocol):
    """A trained network of the user's, in the place of the run's glaucoma network."""

    @property
    def record(self) -> dict[str, str]:
        """What identifies it: name and sha256."""

    def keep(self, folder: Path) -> None:
        """Write its weights and its layers into the folder of its stage."""


class CodeGenerator(Protocol):
    """A trained code of the disease and the generator that draws it."""

    def read_codes(self, images: np.ndarray, identity: np.ndarray, *, k: int) -> np.ndarray:
        """Return the (N,) codes of (N, H, W, C) images of these patients, each shared by k."""

    def list_behind(self, codes: np.ndarray) -> np.ndarray:
        """Return (N, K) training patients who share each code; NOBODY where they are fewer."""

    def draw_images(
        self, codes: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, H, W, C) float32 in [-1, 1] that show these codes, and their fresh noise, (N, Z)."""

    def show_codes(self, latent: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return (N, H, W, C) float32 in [-1, 1] of this noise that show these codes."""


@dataclass(frozen=True)
class PrivatizedSet:
    """One draw of a privatizer over the images of a source data set.

    Raises:
        DataError: when a shape or range is wrong.
    """

    method: str  # a name of `replication.privatize.methods.METHODS`
    draw: int  # from 0
    images: np.ndarray  # (N, H, W, C) float32 in [-1, 1]; row i is the source's, privatized
    # (N, K) classes of whose images or likeness went in, NOBODY where they are fewer than K; None
    # where nobody else's did (blur).
    used_identities: np.ndarray | None
    # (N,) integers: the only thing of its source that an image carries beside fresh noise, the same
    # in every draw (`validation.statistics.channel`). None where the method is no such channel.
    code: np.ndarray | None = None
    # (N, Z) float32, the noise that an image was drawn from beside its code; None without a code.
    latent: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_images(f"{self.method} images", self.images)
        used = self.used_identities
        if used is not None and (used.ndim != 2 or len(used) != len(self.images)):
            raise DataError(
                f"{self.method} used_identities: expected ({len(self.images)}, K), got {used.shape}"
            )
        code = self.code
        if code is not None and (code.shape != (len(self.images),) or code.dtype.kind not in "iu"):
            raise DataError(
                f"{self.method} code: expected ({len(self.images)},) integers, "
                f"got {code.shape} {code.dtype}"
            )


@dataclass(frozen=True)
class RelevanceMaps:
    """Where in each image a network's output comes from (paper §2.3).

    Raises:
        DataError: when a shape or range is wrong, or a map without a positive logit has relevance.
    """

    maps: np.ndarray  # (N, H, W) float32 relevance, not negative, summed over the image's channels
    neuron: np.ndarray  # (N,) integer class that each map explains
    logit: np.ndarray  # (N,) float32, that class's log-odds: log(p / (1 - p))

    def __post_init__(self) -> None:
        if self.maps.ndim != 3 or self.maps.dtype != np.float32:
            raise DataError(
                f"maps: expected (N, H, W) float32, got {self.maps.shape} {self.maps.dtype}"
            )
        _check_columns(self, {"neuron": "iu", "logit": "f"})
        if not (np.isfinite(self.maps).all() and np.isfinite(self.logit).all()):
            raise DataError("maps: a relevance or a logit is not a finite number")
        if self.maps.size and self.maps.min() < 0:
            raise DataError(f"maps: expected no negative relevance, got {self.maps.min()}")
        if not self.empty[self.logit <= 0].all():
            raise DataError("maps: relevance for a logit that isn't positive")

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def empty(self) -> np.ndarray:
        """(N,) bool: maps without relevance, as where the logit isn't positive; in no average."""
        return ~self.maps.any(axis=(1, 2))


def check_images(name: str, images: np.ndarray) -> None:
    """Raise DataError unless images is (N, H, W, C) float32 in [-1, 1]."""
    if images.ndim != 4 or images.dtype != np.float32:
        raise DataError(f"{name}: expected (N, H, W, C) float32, got {images.shape} {images.dtype}")
    if images.size and not (images.min() >= -1.0 and images.max() <= 1.0):
        raise DataError(f"{name}: expected values in [-1, 1], got {images.min()}..{images.max()}")


def _check_columns(record: EyeDataset | RelevanceMaps, kinds: Mapping[str, str]) -> None:
    """Raise DataError unless these arrays of the record have one cell per row, so typed."""
    for name, kind in kinds.items():
        array = getattr(record, name)
        if array.shape != (len(record),) or array.dtype.kind not in kind:
            raise DataError(
                f"{name}: expected ({len(record)},) of kind {kind!r}, "
                f"got {array.shape} {array.dtype}"
            )


def mark_classes(classes: np.ndarray, count: int) -> np.ndarray:
    """Return (N, count) bool, which classes are among each row's (N, K); NOBODY is none of them."""
    somebody, marks = classes != NOBODY, np.zeros((len(classes), count), dtype=bool)
    marks[np.nonzero(somebody)[0], classes[somebody]] = True
    return marks


def judge_ill(predictions: np.ndarray) -> np.ndarray:
    """Return (N,) bool, the glaucoma network's verdicts by its (N, 2) probabilities."""
    return predictions[:, CLASS_OF_GLAUCOMA] > 0.5


def to_unit_range(levels: np.ndarray) -> np.ndarray:
    """Return bytes as numbers of the same shape, float32 in [-1, 1]."""
    return _scale_levels(levels.astype(np.float32))


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] as the nearest bytes: the inverse of `to_unit_range`."""
    return _round_levels(images).astype(np.uint8)


def round_to_bytes(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] rounded to the nearest byte's, as float32 in [-1, 1].

    Departure: every privatized image is rounded so, once: what is judged is what a viewer would
    be shown. The paper doesn't say.
    """
    return _scale_levels(_round_levels(images))


def to_gray(images: np.ndarray) -> np.ndarray:
    """Return the mean of the channels of (N, H, W, C) images, (N, H, W) of the same range."""
    channels = np.moveaxis(images, -1, 0)
    return sum(channels[1:], start=channels[0]) / np.float32(len(channels))


def _round_levels(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] as whole gray levels from 0 to 255, still numbers."""
    levels = images + np.float32(1)
    levels *= HALF_RANGE
    return np.rint(levels, out=levels)


def _scale_levels(levels: np.ndarray) -> np.ndarray:
    """Return gray levels from 0 to 255 as numbers in [-1, 1], in place."""
    levels /= HALF_RANGE
    levels -= np.float32(1)
    return levels
