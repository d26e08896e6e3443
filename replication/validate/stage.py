"""Stage 02: judge the raw manifest, the preprocessed images and their split by the suites.

Files in the stage's folder:

- validation.json: every expectation, whether it holds, what was observed, the files at fault;
- validation.md: the same as a page, with links into
- data_docs/: Great Expectations' pages, which count and name nothing;
- uncentred/: where more images are uncentred than may be, what the caller shows of them;
- great_expectations/: its project, suites and results.

Departure: the paper reports no validation of its data.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from replication.config import PreprocessSettings, SplitSettings
from replication.errors import DataError
from replication.store.arrays import IMAGES, load_manifest
from replication.store.files import write_json, write_text
from replication.store.tables import lay_out_table
from replication.validate.tables import (
    note_patients,
    tabulate_images,
    tabulate_patients,
    tabulate_raw,
    tabulate_subsets,
)
from validation.expectations import suites
from validation.expectations.gx_runner import DATA_DOCS, JudgedExpectation, run_suites

VALIDATION, PAGE = "validation.json", "validation.md"
NAMED_FILES = 3


def validate_images(
    preprocessed: Path,
    raw: pd.DataFrame,
    root: Path,
    *,
    preprocess: PreprocessSettings,
    split: SplitSettings,
    counts: suites.Counts | None,
    by_patient: bool = False,
    ids_are_distinct: bool = False,
    max_uncentred: float = suites.MOST_UNCENTRED,
    folder: Path,
    workers: int,
    on_image: Callable[[], None] | None = None,
    on_uncentred: Callable[[pd.DataFrame, Path], str] = lambda images, folder: "",
) -> None:
    """Validate the preprocessed images.

    1. Measure the images and their files. 2. Judge the tables by the suites. 3. Write all outcomes,
    then stop where something failed.

    Args:
        preprocessed: folder of the complete stage 01; read only.
        raw, root: manifest as the reader of the data gives it, and where its paths start; read only.
        preprocess: steps that the images came by.
        split: the subsets' fractions.
        counts: what the data set must hold; None where that isn't known.
        by_patient: whether the split is by patient.
        ids_are_distinct: whether ids that may be one person's are of different people.
        max_uncentred: of the images, the share that may be uncentred.
        folder: to write into.
        workers: processes that measure.
        on_image: called after each image, for a progress bar.
        on_uncentred: called with row (from 1, in the preprocessed manifest) and path of the images
            that are uncentred, where they are too many, and with `folder`; returns what to do.

    Raises:
        DataError: when an expectation fails; the message names it, `folder` the files at fault.
    """
    manifest = load_manifest(preprocessed)
    tables = {
        suites.RAW: tabulate_raw(raw, manifest),
        suites.IMAGES: tabulate_images(
            np.load(preprocessed / IMAGES, allow_pickle=False),
            manifest,
            raw,
            root,
            steps=preprocess,
            workers=workers,
            on_image=on_image,
        ),
        suites.SUBSETS: (tabulate_patients if by_patient else tabulate_subsets)(manifest, split),
    }
    if by_patient:
        tables[suites.IMAGES] = note_patients(tables[suites.IMAGES])
    expected = expect_of_steps(
        preprocess,
        counts=counts,
        by_patient=by_patient,
        ids_are_distinct=ids_are_distinct,
        max_uncentred=max_uncentred,
    )
    outcomes = run_suites(expected, tables, folder)
    record = {
        "success": all(outcome.success for outcome in outcomes),
        "images": len(manifest),
        "counts_known": counts is not None,
        "expectations": [_to_json(outcome) for outcome in outcomes],
    }
    write_json(folder / VALIDATION, record)
    write_text(folder / PAGE, to_markdown(outcomes, folder))
    check_outcomes(outcomes, folder, _describe_ways(outcomes, manifest, folder, on_uncentred))


def expect_of_steps(preprocess: PreprocessSettings, **others) -> tuple[suites.Suite, ...]:
    """Return the suites on images that came by these steps; others are `build_suites`' arguments."""
    names = ("image_size_px", "strip_rows", "mirroring", "centring")
    return suites.build_suites(**{name: getattr(preprocess, name) for name in names}, **others)


def _describe_ways(
    outcomes: Sequence[JudgedExpectation],
    manifest: pd.DataFrame,
    folder: Path,
    on_uncentred: Callable[[pd.DataFrame, Path], str],
) -> str:
    """Have too many uncentred images shown, and return what to do about them; else ""."""
    for outcome in outcomes:
        if outcome.expectation.name == suites.CENTRED and not outcome.success:
            rows = manifest.reset_index(drop=True)[["image_id", "path"]]
            rows = rows.assign(row=rows.index + 1)
            return on_uncentred(rows[rows["image_id"].isin(outcome.at_fault)], folder)
    return ""


def to_markdown(outcomes: Sequence[JudgedExpectation], folder: Path) -> str:
    """Return a page of all, the failing ones first, each suite linked to its Data Docs in `folder`."""
    failed = sum(not outcome.success for outcome in outcomes)
    headings = ("suite", "expectation", "verdict", "expected", "found")
    ordered = sorted(outcomes, key=lambda outcome: outcome.success)
    table = lay_out_table(headings, (_to_row(outcome, folder) for outcome in ordered), words=5)
    return "\n".join([f"# {len(outcomes)} expectations, {failed} failing", "", *table, ""])


def _to_row(outcome: JudgedExpectation, folder: Path) -> tuple[str, ...]:
    page = next((folder / DATA_DOCS / "validations" / outcome.suite).rglob("*.html"))
    link = f"[{outcome.suite}]({page.relative_to(folder).as_posix()})"
    verdict = "holds" if outcome.success else "**fails**"
    name, meaning = outcome.expectation.name, outcome.expectation.meaning
    return link, name, verdict, meaning, _name_fault(outcome)


def check_outcomes(outcomes: Sequence[JudgedExpectation], folder: Path, ways: str = "") -> None:
    """Raise DataError naming the first expectation that fails, where one does, and ways out."""
    failed = [outcome for outcome in outcomes if not outcome.success]
    if failed:
        first, also = failed[0].expectation, [outcome.expectation.name for outcome in failed[1:]]
        raise DataError(
            f"validation: '{first.name}' fails, expected: {first.meaning}; "
            f"{_count_fault(failed[0])}{'; also failing: ' if also else ''}{', '.join(also)}"
            f"; all of it is in {folder / PAGE}{'; ' if ways else ''}{ways}"
        )


def _count_fault(outcome: JudgedExpectation) -> str:
    """Describe what is at fault without names, which belong on the run's own page."""
    found = len(outcome.at_fault)
    return f"{found} at fault" if found else f"observed: {outcome.observed}"


def _name_fault(outcome: JudgedExpectation) -> str:
    names = ", ".join(repr(name) for name in outcome.at_fault[:NAMED_FILES])
    hidden = len(outcome.at_fault) - NAMED_FILES
    more = f" and {hidden} more" if hidden > 0 else ""
    return _count_fault(outcome) + (f": {names}{more}" if names else "")


def _to_json(outcome: JudgedExpectation) -> dict:
    """Return the fields of an outcome and of its expectation side by side."""
    fields = asdict(outcome)
    return fields | fields.pop("expectation")
