"""What a report tells, read from a complete run's files: plain data, no page and no picture.

Needs no TensorFlow, so that a report can be made again anywhere the run's folder lies.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from replication.attack.outputs import ATTACKED, PLANE, is_attacked, read_attack
from replication.evaluate.outputs import read_predictions, read_table
from replication.evaluate.table1 import Table1
from replication.privatize.methods import BASELINE
from replication.results.check import check_results, judge_all_claims, read_expectations
from replication.results.measured import read_costs, read_randomisation
from replication.store.arrays import load_manifest
from replication.store.run_folder import RunStore
from replication.store.run_record import read_run
from validation.blessing.blessing import Blessing, check_data
from validation.claims.judge import Judgement
from validation.statistics.intervals import Cell, Interval
from validation.statistics.resampling import find_intervals

REPORTED = "09_report"
TRAININGS = ("03_evaluators/identity", "03_evaluators/glaucoma", "04_vgan")


@dataclass(frozen=True)
class TestSet:
    """Whom the table was measured on.

    Args:
        images, patients: of the test set.
        known_patients: whom the identity network can name.
        glaucoma_share: of the test images, in [0, 1].
    """

    images: int
    patients: int
    known_patients: int
    glaucoma_share: float


@dataclass(frozen=True)
class ReportData:
    """One run, as its report tells it.

    Args:
        run: what identifies it (`run.json`).
        blessing: judged anew from the run's files.
        judgements: of the paper's claims, with their margins.
        table: the measured numbers.
        intervals: of those, at 95%, by bootstrap over patients.
        test: whom they were measured on.
        expectations: of the data's validation; None where not validated.
        records: `stage.json` of every complete stage, with the `digest` of its files.
        histories: of the trainings, by unit; without those that were not trained here.
        attack: Table 2, of `read_attack`; None where not run.
        evidence_plane: base64 of its picture; None where there is none.
        departures: measured cost of choices of ours; None where not measured.
        randomisation: whether untrained layers destroy the maps; None where not checked.
    """

    run: Mapping
    blessing: Blessing
    judgements: tuple[Judgement, ...]
    table: Table1
    intervals: Mapping[Cell, Interval]
    test: TestSet
    expectations: tuple[Mapping, ...] | None
    records: Mapping[str, Mapping]
    histories: Mapping[str, pd.DataFrame]
    attack: Mapping[str, object] | None
    evidence_plane: str | None
    departures: Mapping[str, Mapping[str, float]] | None
    randomisation: Mapping[str, str] | None


def read_report_data(store: RunStore) -> ReportData:
    """Read everything that a report tells.

    Raises:
        StageNotRun: when the folder is no run's, or its evaluation isn't complete.
        DataError: when predictions or maps can't be judged.
    """
    run, expectations = read_run(store.root), read_expectations(store)
    judgements = tuple(judge_all_claims(store))
    checks = check_data(expectations) + check_results(store, run, judgements)
    predictions = read_predictions(store)
    return ReportData(
        run,
        Blessing(checks),
        judgements,
        read_table(store),
        find_intervals(predictions),
        _describe_test(store, predictions),
        None if expectations is None else tuple(expectations),
        read_records(store),
        _read_histories(store),
        read_attack(store) if is_attacked(store) else None,
        _read_evidence_plane(store),
        read_costs(store.root),
        read_randomisation(store.root),
    )


def read_records(store: RunStore) -> dict[str, dict]:
    """Return the record of every complete stage but the report itself, with its files' digest."""
    return {
        unit: record | {"digest": store.digest(unit)}
        for unit, record in store.records().items()
        if unit != REPORTED
    }


def _describe_test(store: RunStore, predictions: pd.DataFrame) -> TestSet:
    own = predictions[predictions["method"] == BASELINE]
    known = load_manifest(store.folder("01_preprocessed"))["identity"].nunique()
    return TestSet(len(own), own["identity"].nunique(), known, float(own["glaucoma"].mean()))


def _read_histories(store: RunStore) -> dict[str, pd.DataFrame]:
    files = {unit: store.root / unit / "history.csv" for unit in TRAININGS}
    return {unit: pd.read_csv(file) for unit, file in files.items() if file.exists()}


def _read_evidence_plane(store: RunStore) -> str | None:
    file = store.root / ATTACKED / PLANE
    return base64.b64encode(file.read_bytes()).decode("ascii") if file.exists() else None
