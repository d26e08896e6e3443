"""A finished run: each file that it left is read once, each verdict on it is found once.

Needs no TensorFlow, so that a run can be checked and reported wherever its folder lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack.outputs import ATTACKED
from replication.attack.outputs import JSON as TABLE2
from replication.data.sources import Kind, Source
from replication.errors import DataError, SettingsError
from replication.evaluate.table1 import EVALUATED, PREDICTIONS, TABLE, Table1, from_json
from replication.explain.outputs import EXPLAINED, NO_IRISES, RELEVANCE
from replication.privatize.methods import BASELINE, METHODS
from replication.results.baseline import read_references
from replication.results.forks import read_forks
from replication.results.study import find_own_bands
from replication.store.arrays import MANIFEST, read_refusal
from replication.store.files import read_json
from replication.store.run_folder import RECORD, RUN_RECORD, RunStore
from replication.store.run_record import (
    CODE,
    PP_MIR,
    PREPROCESSED,
    VGAN,
    describe_steps,
    find_own_name,
    find_words,
    is_by_patient,
    is_on_irises,
    privatized_unit,
    read_run,
)
from replication.store.tables import read_table
from replication.store.words import Words
from validation.blessing.bands import Band, derive_bands, describe_bands
from validation.blessing.blessing import (
    Blessing,
    Check,
    check_claims,
    check_data,
    check_drift,
    check_numbers,
    check_proven,
)
from validation.claims.judge import Finding, Judgement, judge_table1
from validation.claims.relevance_claims import ABOUT_IRISES, NOTHING_EXPLAINED, judge_relevance
from validation.statistics.intervals import Cell, Interval
from validation.statistics.resampling import Resamples, list_intervals, resample_patients

REPORTED = "09_report"
TRAININGS = ("03_evaluators/identity", "03_evaluators/glaucoma", CODE, PP_MIR, VGAN)
# Where validation fails, its stage isn't complete, and its findings are in the second place.
VALIDATIONS = ("02_validated/validation.json", "02_validated.partial/validation.json")
OF_AN_EXPECTATION = {"suite", "name", "meaning", "success"}
SMOKE = "smoke"  # the profile whose numbers mean nothing
# What studies leave in a run: the cost of departures, and whether maps pass sanity checks.
Costs = dict[str, dict[str, float]]  # accuracies by choice, fractions in [0, 1]
COSTS = "departures.json"
SANITY_FIGURES, SANITY_PAGE = "explanation_sanity.json", "explanation_sanity.md"


@dataclass(frozen=True)
class TestSet:
    """Whom the table was measured on.

    Args:
        images, patients: of the test set.
        known_patients: whom the identity network can name.
        glaucoma_rate: of the test images, in [0, 1].
    """

    images: int
    patients: int
    known_patients: int
    glaucoma_rate: float


class FinishedRun:
    """What a run left, and what comes of it; nothing is read before it is needed.

    Whatever needs a stage that isn't complete raises StageNotRun, and a file that holds something
    else than its stage leaves raises DataError.

    Args:
        store: of the run.
    """

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.root = store.root

    @cached_property
    def run(self) -> dict:
        """What identifies it (`run.json`)."""
        return read_run(self.root)

    @property
    def source(self) -> Source:
        """The data that it was made on."""
        kind, name = (self.run["source"][key] for key in ("kind", "name"))
        if kind not in set(Kind):
            raise SettingsError(f"{self.root / RUN_RECORD}: unknown kind of data {kind!a}")
        return Source(Kind(kind), Path(name))

    @property
    def words(self) -> Words:
        """What its pages call the disease and an image."""
        return find_words(self.run)

    @property
    def by_patient(self) -> bool:
        """Whether it is split by patient."""
        return is_by_patient(self.run)

    @property
    def own(self) -> str | None:
        """The name of the user's glaucoma network, None of a run that trains its own."""
        return find_own_name(self.run)

    @cached_property
    def records(self) -> dict[str, dict]:
        """`stage.json` of every complete stage but the report, with the `digest` of its files."""
        return {
            unit: record | {"digest": self.store.digest(unit)}
            for unit, record in self.store.records().items()
            if unit != REPORTED
        }

    @cached_property
    def table(self) -> Table1:
        """Table 1, measured."""
        return from_json((self.store.folder(EVALUATED) / TABLE).read_text(encoding="utf-8"))

    @cached_property
    def numbers(self) -> dict[Cell, float]:
        """The table's measured numbers, fractions by (method, metric)."""
        return self.table.numbers()

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The predictions behind the table, as `evaluate_sets` describes them."""
        return read_table(self.store.folder(EVALUATED) / PREDICTIONS, text=("image_id",))

    @cached_property
    def glaucoma_probabilities(self) -> dict[tuple[str, int], np.ndarray]:
        """By method and draw, (N, 2) float32 probabilities of no glaucoma and of glaucoma."""
        found = {
            key: rows["glaucoma_probability"].to_numpy(np.float32)
            for key, rows in self.predictions.groupby(["method", "draw"])
        }
        return {key: np.column_stack([1 - of, of]) for key, of in found.items()}

    @cached_property
    def test(self) -> TestSet:
        """Whom the table was measured on."""
        own = self.predictions[self.predictions["method"] == BASELINE]
        known = self.manifest["identity"].nunique()
        return TestSet(len(own), own["identity"].nunique(), known, float(own["glaucoma"].mean()))

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """One row per preprocessed image: identity, glaucoma, subset and more."""
        return read_table(self.store.folder(PREPROCESSED) / MANIFEST)

    @property
    def released(self) -> list[str]:
        """The methods that left privatized images, in Table 1's order."""
        folders = {name: self.root / privatized_unit(name) for name in METHODS}
        return [name for name, one in folders.items() if one.exists() and not read_refusal(one)]

    @cached_property
    def relevance(self) -> pd.DataFrame | None:
        """One row per relevance map; None where the run isn't explained."""
        if not (self.root / EXPLAINED / RECORD).exists():
            return None
        return read_table(self.store.folder(EXPLAINED) / RELEVANCE, text=("image_id",))

    @cached_property
    def attack(self) -> dict | None:
        """What `table2.json` holds: heading, rows, summary and claims; None where not attacked."""
        if not (self.root / ATTACKED / RECORD).exists():
            return None
        return read_json(self.store.folder(ATTACKED) / TABLE2)

    @cached_property
    def histories(self) -> dict[str, pd.DataFrame]:
        """Of the trainings, by unit; without those that were not trained here."""
        files = {unit: self.root / unit / "history.csv" for unit in TRAININGS}
        return {unit: read_table(file) for unit, file in files.items() if file.exists()}

    @cached_property
    def expectations(self) -> list[dict] | None:
        """The data's expectations with their outcomes; None where not validated."""
        file = next((f for name in VALIDATIONS if (f := self.root / name).exists()), None)
        if file is None:
            return None
        found = read_json(file).get("expectations")
        if not isinstance(found, list) or not all(
            isinstance(each, dict) and each.keys() >= OF_AN_EXPECTATION for each in found
        ):
            raise DataError(f"{file}: not what validation leaves; `replicate` makes it again")
        return found

    @cached_property
    def costs(self) -> Costs | None:
        """Accuracies that departures cost, by choice; None where not measured."""
        file = self.root / COSTS
        if not file.exists():
            return None
        costs = read_json(file)
        if not all(isinstance(figures, dict) for figures in costs.values()) or not all(
            isinstance(figure, float) and 0 <= figure <= 1
            for figures in costs.values()
            for figure in figures.values()
        ):
            command = "cli.py measure-departures"
            raise DataError(f"{file}: not what `{command}` leaves there; run it again")
        return costs

    @cached_property
    def randomisation(self) -> dict[str, str] | None:
        """Whether untrained layers destroyed the maps, and by which criterion; None if unchecked."""
        file = self.root / SANITY_FIGURES
        if not file.exists():
            return None
        found = read_json(file).get("randomisation")
        words = found if isinstance(found, dict) else {}
        finding, criterion = words.get("finding"), words.get("criterion")
        if finding not in list(Finding) or not isinstance(criterion, str):
            command = "cli.py check-explanations"
            raise DataError(f"{file}: not what `{command}` leaves there; run it again")
        return {"finding": finding, "criterion": criterion}

    @cached_property
    def forks(self) -> dict[str, str] | None:
        """By claim that a choice of ours makes hold, which other ones don't; None: not measured."""
        return read_forks(self.store)

    @cached_property
    def resamples(self) -> Resamples:
        """The numbers in every replicate of the bootstrap over patients."""
        try:
            return resample_patients(self.predictions, rng=np.random.default_rng(0))
        except ValueError as error:
            raise DataError(f"{self.root / EVALUATED / PREDICTIONS}: {error}") from error

    @cached_property
    def intervals(self) -> Mapping[Cell, Interval]:
        """The table's intervals at 95%."""
        return list_intervals(self.resamples)

    @cached_property
    def claims_about_table(self) -> list[Judgement]:
        """The paper's claims about its Table 1, judged by the predictions."""
        return judge_table1(self.resamples)

    @cached_property
    def claims_about_maps(self) -> list[Judgement]:
        """The paper's claims about relevance maps; without maps they are not measured."""
        try:
            return judge_relevance(NOTHING_EXPLAINED if self.relevance is None else self.relevance)
        except ValueError as error:
            raise DataError(f"{self.root / EXPLAINED / RELEVANCE}: {error}") from error

    @property
    def judgements(self) -> list[Judgement]:
        """What became of all claims."""
        return [*self.claims_about_table, *self.claims_about_maps]

    @cached_property
    def blessing(self) -> Blessing:
        """All checks: of the data, and of numbers and claims unless the data alone failed."""
        data = check_data(self.expectations)
        if (self.root / EVALUATED).exists() or all(check.passed for check in data):
            checks, held_against = self._check_results()
            return Blessing(data + checks, held_against, self.meant)
        return Blessing(data, meant=self.meant)

    @property
    def meant(self) -> bool:
        """Whether its numbers mean anything; a smoke run shows that everything runs."""
        return self.run["profile"]["name"] != SMOKE

    @property
    def of_paper(self) -> bool:
        """Whether it is made of the paper's images: its data, preprocessed as they were."""
        return self.run["source"]["kind"] == Kind.WARSAW and not describe_steps(self.run)

    @property
    def beside_paper(self) -> bool:
        """Whether its numbers can be compared with the paper's: its images, networks and split."""
        return self.meant and self.of_paper and not (self.by_patient or self.own)

    def _check_results(self) -> tuple[tuple[Check, ...], str]:
        """Check numbers and claims; return also what the numbers were held against."""
        bands, held_against = self._find_bands()
        comparable = self.beside_paper or bool(bands)
        bands = bands or derive_bands(test_images=self._count_test_images())
        checks = check_numbers(bands, self.numbers, comparable=comparable)
        checks += check_claims(
            self.judgements,
            meant=self.meant,
            decide=self.of_paper and not self.own,
            forks=self.forks or {},
            without={} if is_on_irises(self.run) else dict.fromkeys(ABOUT_IRISES, NO_IRISES),
        )
        if self.attack is not None:  # older ones have no bounds
            checks += check_proven(self.attack.get("proven", ()))
        if self.run.get("baseline") and not self.own:
            checks += check_drift(read_references(), self.numbers)
        return checks, held_against

    def _find_bands(self) -> tuple[tuple[Band, ...], str]:
        """Return the bands that apply, none where there are none, and a sentence."""
        images = self._count_test_images()
        if self.beside_paper:
            return derive_bands(test_images=images), describe_bands()
        if self.own:
            return (), f"Table 1 is not judged: its glaucoma network is the user's, {self.own}."
        return find_own_bands(self.run, test_images=images)

    def _count_test_images(self) -> int:
        return int((self.predictions["method"] == BASELINE).sum())
