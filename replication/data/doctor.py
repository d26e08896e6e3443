"""Report what a data set holds, what it lacks and what is odd about it, before any work.

Unlike the readers, which stop at the first error, everything is looked at and nothing is raised.
The report names folders and patients, being about the user's own disk: it is to be printed, not
logged.
"""

from collections import Counter
from dataclasses import dataclass
from os.path import isfile  # unlike Path.is_file, never raises
from pathlib import Path

import pandas as pd

from replication.data.manifest import survey_manifest
from replication.data.sources import WARSAW
from replication.data.survey import Finding, Survey, name_some
from replication.data.warsaw import survey_warsaw


@dataclass(frozen=True)
class DoctorReport:
    """What was found in a data set.

    Args:
        found: (what, figure) pairs, in the order to print them.
        missing: sentences about what is missing; each of them stops a run.
        odd: sentences about what is wrong or odd, the wrong first.
        errors: the sentences of missing and odd that stop a run.
    """

    found: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    odd: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Return whether a run would accept the data."""
        return not self.errors


def examine(root_or_manifest: Path) -> DoctorReport:
    """Look at a Warsaw folder, or at a manifest when it is a file; never raises for bad data.

    Every file is hashed and its image header read; no image is decoded, so that damage behind
    the header shows only when the images are preprocessed.

    Args:
        root_or_manifest: a folder in the Warsaw layout, or a CSV `path,patient_id,eye,glaucoma`.
    """
    is_csv = isfile(root_or_manifest) or root_or_manifest.suffix.lower() == ".csv"
    survey = survey_manifest(root_or_manifest) if is_csv else survey_warsaw(root_or_manifest)
    missing, odd, errors = (
        tuple(map(str, remarks))
        for remarks in (
            survey.list_remarks(Finding.MISSING),
            survey.list_remarks(Finding.WRONG, Finding.ODD),
            survey.errors,
        )
    )
    counts = [(what, str(figure)) for what, figure in survey.counts]
    return DoctorReport(
        found=(*_count_images(survey), *counts),
        missing=missing,
        odd=(*odd, *_doubt_patients(survey.table)),
        errors=errors,
    )


def _count_images(survey: Survey) -> list[tuple[str, str]]:
    """Return the figures of the images that a run would use, none where there are no images."""
    table = survey.table
    if table.empty:
        return []
    per_patient = table["patient_id"].value_counts()
    eyes = table.groupby("patient_id")["eye"].nunique()
    spread = f"{per_patient.min()} / {per_patient.median():g} / {per_patient.max()}"
    return [
        ("images", f"{len(table)} (paper: {WARSAW.images})"),
        ("patients", f"{len(per_patient)} (paper: {WARSAW.patients})"),
        *_count_glaucoma(table),
        ("eyes", str(eyes.sum())),
        ("patients with both eyes", str((eyes == 2).sum())),
        ("images per patient, min / median / max", spread),
        ("patients with one image", str((per_patient == 1).sum())),
        ("image sizes", _format_sizes(survey)),
    ]


def _count_glaucoma(table: pd.DataFrame) -> list[tuple[str, str]]:
    known = table[table["glaucoma"].notna()]
    unknown = len(table) - len(known)
    labelled = known[known["glaucoma"].astype(bool)]
    rate = f", {len(labelled) / len(known):.1%}" if len(known) else ""
    eyes = len(labelled[["patient_id", "eye"]].drop_duplicates())
    rows = [
        ("images with glaucoma", f"{len(labelled)}{rate} (paper: {WARSAW.glaucoma_images})"),
        ("eyes with glaucoma", str(eyes)),
        ("patients with glaucoma", str(labelled["patient_id"].nunique())),
    ]
    return [*rows, ("images without a label", str(unknown))] if unknown else rows


def _format_sizes(survey: Survey) -> str:
    counts = Counter(size for size in survey.sizes_px if size is not None)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{w}x{h} ({count})" for (w, h), count in ordered) or "none readable"


def _doubt_patients(table: pd.DataFrame) -> list[str]:
    """Name the patients with a single image, whom no test can identify."""
    counts = table["patient_id"].value_counts().sort_index()
    single = counts[counts == 1].index.tolist()
    return [f"{name_some(single)}: one image, used in training only"] if single else []
