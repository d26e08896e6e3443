"""Where the raw eyes come from: the Warsaw layout, a manifest, or the surrogate, drawn if missing.

The data's kind goes with it: only Warsaw itself is ever compared with the paper's numbers, and the
surrogate is named so wherever its numbers are printed. A folder is taken for the surrogate when
every file in it is as it was drawn, and for Warsaw when its annotations list as many patients as
the paper counts; validation checks its images.
"""

import csv
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import pandas as pd
from filelock import FileLock

from replication.config import PreprocessSettings, SurrogateSettings
from replication.data.manifest import read_label, survey_manifest
from replication.data.survey import PAPER_STEPS, Choice, Finding, Remark, Survey
from replication.data.warsaw import read_annotations, survey_warsaw
from replication.errors import DataError
from replication.store.words import GLAUCOMA, Words, choose_words
from replication.surrogate.plan import ORIGIN_FILE, is_as_drawn, read_origin
from replication.surrogate.synthesize import synthesize
from replication.system.progress import Track
from validation.expectations.suites import Counts

SURROGATE_SEED = 0
WARSAW = Counts(images=1795, patients=115, glaucoma_images=425)  # paper §2.1

_LOG = logging.getLogger(__name__)


class Kind(StrEnum):
    """What the data are."""

    SURROGATE = "surrogate"
    WARSAW = "warsaw"
    FOLDER = "folder"
    MANIFEST = "manifest"

    @property
    def private(self) -> bool:
        """Whether the eyes are patients': all but drawn ones."""
        return self is not Kind.SURROGATE


@dataclass(frozen=True)
class Source:
    """One data set on disk: a folder, which in Warsaw's layout may be any of three, or a manifest."""

    kind: Kind
    path: Path
    choices: frozenset[Choice] = frozenset()  # what the user states about them
    steps: PreprocessSettings = PAPER_STEPS  # how their images will be preprocessed

    @property
    def root(self) -> Path:
        """The folder that the paths of its images start from."""
        return self.path.parent if self.kind is Kind.MANIFEST else self.path

    @property
    def title(self) -> str:
        """Its name on pages that show its numbers."""
        return {
            Kind.SURROGATE: "the embedded surrogate (synthetic eyes, not Warsaw)",
            Kind.WARSAW: f"the Warsaw database in `{self.path.name}`",
            Kind.FOLDER: f"the data in `{self.path.name}` (in Warsaw's layout, not Warsaw)",
            Kind.MANIFEST: f"the data in `{self.path.name}` (read from a manifest)",
        }[self.kind]

    @cached_property
    def words(self) -> Words:
        """What its pages call the disease and an image."""
        label = GLAUCOMA
        with suppress(OSError, csv.Error):  # one that can't be read is refused where it is surveyed
            if self.kind is Kind.MANIFEST:
                label = read_label(self.path)
        steps = self.steps
        return choose_words(label, mirroring=steps.mirroring, on_irises=steps.on_irises)

    @property
    def counts(self) -> Counts | None:
        """What the data must hold, where that is known beforehand; a surrogate has to be drawn."""
        if self.kind is Kind.WARSAW:
            return WARSAW
        if self.kind is not Kind.SURROGATE:
            return None
        _, eyes = read_origin(self.path)
        return Counts(
            images=sum(eye.images for eye in eyes),
            patients=len({eye.patient for eye in eyes}),
            glaucoma_images=sum(eye.images for eye in eyes if eye.glaucoma),
        )

    def survey(self, *, decode: bool = True) -> Survey:
        """Look at all of the data; what they lack of the counts known beforehand is wrong."""
        look = survey_manifest if self.kind is Kind.MANIFEST else survey_warsaw
        survey = look(self.path, choices=self.choices, steps=self.steps, decode=decode)
        remarks = (*survey.remarks, *self._check_counts(survey.table))
        return replace(survey, remarks=remarks, words=self.words)

    def _check_counts(self, table: pd.DataFrame) -> Iterator[Remark]:
        labelled, expected = int(table["glaucoma"].sum()), self.counts
        found = Counts(len(table), table["patient_id"].nunique(), labelled)
        if expected not in (None, found):
            words = "{0.images} images of {0.patients} patients, {0.glaucoma_images} with glaucoma"
            sentence = f"{self.path}: expected {words.format(expected)}, got {words.format(found)}"
            yield Remark(f"{sentence}; restore the data set", kind=Finding.WRONG)

    def read(self, *, decode: bool = True) -> tuple[pd.DataFrame, Path]:
        """Return the manifest and the folder that its paths are relative to.

        Images are decoded to find copies and what can't be read, if `decode`, and never those of
        a surrogate, which are drawn.

        Raises:
            DataError: when the data can't be used, with what to do.
        """
        survey = self.survey(decode=decode and self.kind is not Kind.SURROGATE)
        return survey.require_usable(), survey.root


def find_source(
    data_dir: Path | None, manifest: Path | None, settings: SurrogateSettings, artifacts: Path
) -> Source:
    """Return the source of a folder or a manifest; with neither, the surrogate.

    Raises:
        DataError: when the surrogate's own place holds something else.
    """
    if data_dir:
        return Source(recognise(data_dir), data_dir)
    if manifest:
        return Source(Kind.MANIFEST, manifest)
    return find_surrogate(settings, artifacts)


def find_surrogate(
    settings: SurrogateSettings, artifacts: Path, *, seed: int = SURROGATE_SEED
) -> Source:
    """Return the surrogate of a seed, which may not be on disk yet.

    Raises:
        DataError: when its own place holds something else.
    """
    name = f"{settings.patients}-patients-{settings.images}-images-seed-{seed}"
    place = artifacts / "surrogate" / name
    if place.exists() and not is_as_drawn(place):
        raise DataError(
            f"{place}: not as it was drawn; remove it, and it is drawn again (images of your own "
            "belong in another folder, given by --data-dir)"
        )
    return Source(Kind.SURROGATE, place)


def draw_surrogate(
    source: Source,
    settings: SurrogateSettings,
    *,
    workers: int,
    track: Track,
    seed: int = SURROGATE_SEED,
) -> None:
    """Draw the surrogate where it isn't on disk yet; two at once draw it once, the second waits."""
    if source.kind is not Kind.SURROGATE or source.path.exists():
        return
    source.path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(source.path.with_name(f".{source.path.name}.lock")):
        if source.path.exists():
            return
        with track("drawing the surrogate", settings.images) as advance:
            synthesize(source.path, settings, seed=seed, workers=workers, on_image=advance)


def recognise(folder: Path) -> Kind:
    """Return what a folder holds; one that can't be listed is refused where it is read."""
    if is_as_drawn(folder):
        return Kind.SURROGATE
    with suppress(OSError):
        if (folder / ORIGIN_FILE).exists():
            _LOG.warning(
                "%s: not the surrogate that was drawn there; it is treated as patients' data",
                folder,
            )
        if folder.is_dir() and len(read_annotations(folder).patients()) == WARSAW.patients:
            return Kind.WARSAW
    return Kind.FOLDER
