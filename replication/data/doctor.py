"""Report what a data set holds, what it lacks and what is odd about it, before any work.

Unlike the readers, which stop at the first error, everything is looked at and nothing is raised.
The report names folders and patients, being about the user's own disk: it is to be printed, not
logged.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from os.path import isdir, isfile  # unlike those of Path, never raise
from pathlib import Path

import pandas as pd

from replication.config import PreprocessSettings
from replication.data.sources import WARSAW, Kind, Source, recognise
from replication.data.survey import NO_SIDE, PAPER_STEPS, Choice, Finding, Survey, remark_on
from replication.data.warsaw import TWINS_FOLDER


def examine(
    root_or_manifest: Path,
    choices: Collection[Choice] = (),
    *,
    steps: PreprocessSettings = PAPER_STEPS,
) -> Survey:
    """Return the survey of a folder in Warsaw's layout or of a manifest.

    Every file is hashed and decoded, as a run does first. What a run would use is counted too, and
    patients with a single image, whom no test can identify, are odd.
    """
    named = root_or_manifest.suffix.lower() == ".csv" and not isdir(root_or_manifest)
    is_csv = named or isfile(root_or_manifest)
    kind = Kind.MANIFEST if is_csv else recognise(root_or_manifest)
    survey = Source(kind, root_or_manifest, frozenset(choices), steps).survey()
    images = survey.table["patient_id"].value_counts().sort_index()
    single = images[images == 1].index.tolist()
    doubt = remark_on(Finding.ODD, "{}: one image, used in training only", single, what="patients")
    return replace(
        survey,
        remarks=(*survey.remarks, *doubt),
        counts=(*_count_images(survey), *survey.counts),
    )


def _count_images(survey: Survey) -> Iterator[tuple[str, object]]:
    """Yield the figures of the images that a run would use, none where there are no images."""
    table = survey.table
    if table.empty:
        return
    per_patient = table["patient_id"].value_counts()
    eyes = table.groupby("patient_id")["eye"].nunique()
    spread = f"{per_patient.min()} / {per_patient.median():g} / {per_patient.max()}"
    yield "images", f"{len(table)} (paper: {WARSAW.images})"
    yield "patients", f"{len(per_patient)} (paper: {WARSAW.patients})"
    yield from _count_glaucoma(table)
    if (table["eye"] != NO_SIDE).any():
        yield "eyes", eyes.sum()
        yield "patients with both eyes", (eyes == 2).sum()
    yield "images per patient, min / median / max", spread
    yield "patients with one image", (per_patient == 1).sum()
    yield "image sizes", _format_sizes(survey)
    yield from _count_twins(survey)


def _count_glaucoma(table: pd.DataFrame) -> Iterator[tuple[str, object]]:
    known = table[table["glaucoma"].notna()]
    labelled = known[known["glaucoma"].astype(bool)]
    rate = f", {len(labelled) / len(known):.1%}" if len(known) else ""
    yield "images with glaucoma", f"{len(labelled)}{rate} (paper: {WARSAW.glaucoma_images})"
    if (table["eye"] != NO_SIDE).any():
        eyes = labelled[["patient_id", "eye"]].drop_duplicates()
        yield "eyes with glaucoma", len(eyes)
    yield "patients with glaucoma", labelled["patient_id"].nunique()
    if len(known) < len(table):
        yield "images without a label", len(table) - len(known)


def _count_twins(survey: Survey) -> Iterator[tuple[str, object]]:
    """Yield how many images with glaucoma have a twin, a file of the same name, if any can have."""
    folder = survey.root / TWINS_FOLDER
    if not folder.is_dir():
        return
    labelled = survey.table[survey.table["glaucoma"].eq(True)]
    # The image's folder, of an eye, stands below twins-NIR as it stands below images-NIR.
    files = [folder.joinpath(*Path(path).parts[-2:]) for path in labelled["path"]]
    found = sum(file.is_file() for file in files)
    yield "twins found", f"{found} of {len(files)} images with glaucoma"


def _format_sizes(survey: Survey) -> str:
    counts = Counter(size for size in survey.sizes_px if size is not None)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{w}x{h} ({count})" for (w, h), count in ordered) or "none readable"
