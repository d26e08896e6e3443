"""The stages in their order: what each needs, what it leaves, and which are still to be run.

raw eyes → 01_preprocessed → 03_evaluators → 04_vgan → 05_privatized → 06_evaluated. This is the
only module that knows the order; a stage meets the others through the run's folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from replication.config import Profile
from replication.departures import measure_activations, measure_own_patient
from replication.errors import DataError
from replication.preprocess import preprocess
from replication.privatize import METHODS, Method
from replication.progress import Track
from replication.record_files import (
    load_preprocessed,
    load_privatized,
    save_preprocessed,
    save_privatized,
)
from replication.records import EyeDataset, Splits
from replication.sources import Source, draw_surrogate
from replication.split import split_dataset
from replication.store import RunStore, write_json
from replication.table1 import Table1
from replication.table1_text import from_json
from replication.validate import validate
from validation.manifest_suites import Counts
from validation.paper import read_paper_percent

PREPROCESSED = "01_preprocessed"
VALIDATED = "02_validated"
EVALUATORS = {task: f"03_evaluators/{task}" for task in ("identity", "glaucoma")}
VGAN = "04_vgan"
EVALUATED = "06_evaluated"


def privatized_unit(method: str) -> str:
    """Return the folder of one method's privatized sets, relative to the run's."""
    return f"05_privatized/{method}"


@dataclass(frozen=True)
class Stage:
    """One unit of work that is skipped when its folder is complete.

    Args:
        unit: its folder, relative to the run's.
        settings: what changes its outcome, beside its inputs.
        needs: the units whose files it reads.
        run: writes its files into the folder given.
    """

    unit: str
    settings: dict
    needs: tuple[str, ...]
    run: Callable[[Path], None]


class Replication:
    """One run: its data, settings and stages.

    Args:
        source: where the raw eyes come from.
        profile: settings of all stages.
        seed: of split, training and privatization.
        draws: privatized sets per method that draws.
        methods: names of the privatizers to run, in Table 1's order.
        store: the run's folder.
        workers: processes for preprocessing.
        track: opens progress bars.
        on_stage: told each unit's name and whether it is "run" or "kept".
    """

    def __init__(
        self,
        source: Source,
        profile: Profile,
        *,
        seed: int,
        draws: int,
        methods: tuple[str, ...],
        store: RunStore,
        workers: int,
        track: Track,
        on_stage: Callable[[str, str], None] = lambda unit, state: None,
    ) -> None:
        self.source = source
        self.profile = profile
        self.seed = seed
        self.draws = draws
        self.methods = methods
        self.store = store
        self.workers = workers
        self.track = track
        self.on_stage = on_stage

    def describe(self) -> dict:
        """Return what identifies the run; another run folder is needed where it differs."""
        return {
            "source": {"kind": self.source.kind, "name": self.source.path.name},
            "profile": asdict(self.profile),
            "seed": self.seed,
            "draws": self.draws,
        }

    def run(self, *, until: str = EVALUATED) -> None:
        """Run every stage that isn't complete, up to and with the last one that starts so.

        Args:
            until: a unit, or the start of several units' names.

        Raises:
            ReplicationError: whatever the stages raise; nothing half-written is left complete.
        """
        stages = self.stages()
        last = max(i for i, stage in enumerate(stages) if stage.unit.startswith(until))
        with self.store.locked():
            for stage in stages[: last + 1]:
                self._run_stage(stage)

    def stages(self) -> list[Stage]:
        """Return the stages of this run in their order."""
        profile = self.profile
        trained = asdict(profile.evaluator) | {"seed": self.seed}
        methods = [METHODS[name] for name in self.methods]
        simple, generative = (
            [self._privatizing(m) for m in methods if m.needs_generator is needs]
            for needs in (False, True)
        )
        stages = [
            Stage(
                PREPROCESSED,
                asdict(profile.preprocess)
                | asdict(profile.split)
                | {"seed": self.seed, "manifest": self._manifest_digest},
                (),
                self._preprocess,
            ),
            # Before the long trainings: they take seconds, and say early what the data can't do.
            *simple,
            *(
                Stage(unit, trained, (PREPROCESSED,), partial(self._train, task))
                for task, unit in EVALUATORS.items()
            ),
        ]
        if generative:
            settings = asdict(profile.vgan) | {"seed": self.seed}
            stages.append(Stage(VGAN, settings, (PREPROCESSED,), self._train_vgan))
        inputs = (PREPROCESSED, *EVALUATORS.values(), *map(privatized_unit, self.methods))
        return [*stages, *generative, Stage(EVALUATED, {}, inputs, self._evaluate)]

    def _privatizing(self, method: Method) -> Stage:
        settings = {"seed": self.seed, "draws": self.draws} if method.needs_generator else {}
        needs = (PREPROCESSED, VGAN) if method.needs_generator else (PREPROCESSED,)
        return Stage(
            privatized_unit(method.name), settings, needs, partial(self._privatize, method)
        )

    def table(self) -> Table1:
        """Return the table that the run measured.

        Raises:
            StageNotRun: when the evaluation isn't complete.
        """
        return from_json((self.store.folder(EVALUATED) / "table1.json").read_text("utf-8"))

    def validate(self) -> None:
        """Hold the preprocessed data against the Great Expectations suites (stage 02).

        Raises:
            DataError: when an expectation fails; the message names it and the files at fault.
        """
        self.run(until=PREPROCESSED)
        settings = asdict(self.profile.preprocess) | asdict(self.profile.split)
        with self.store.locked():
            self._run_stage(Stage(VALIDATED, settings, (PREPROCESSED,), self._validate))

    def measure_departures(self) -> dict[str, dict[str, float]]:
        """Measure what choices of ours cost, and leave `departures.json` in the run's folder."""
        with TemporaryDirectory() as scratch:

            def train_and_predict(task: str, activation: str) -> np.ndarray:
                folder = Path(scratch)
                self._train(task, folder, activation=activation)
                return self._evaluator(task, folder, activation).predict(self._test_set.images)

            activations = measure_activations(self._test_set, train_and_predict)
        identity = self._evaluator("identity", self.store.folder(EVALUATORS["identity"]))
        measured = activations | measure_own_patient(
            self._test_set, self._train_set, identity.predict
        )
        write_json(self.store.root / "departures.json", measured)
        return measured

    def _run_stage(self, stage: Stage) -> None:
        inputs = {need: self.store.digest(need) for need in stage.needs}
        key = {"settings": stage.settings, "inputs": inputs}
        if self.store.is_complete(stage.unit, key):
            self.on_stage(stage.unit, "kept")
            return
        self.on_stage(stage.unit, "run")
        with self.store.writing(stage.unit, key) as folder:
            stage.run(folder)

    @cached_property
    def _raw(self) -> tuple[pd.DataFrame, Path]:
        draw_surrogate(self.source, self.profile.surrogate, workers=self.workers, track=self.track)
        return self.source.read()

    @property
    def _manifest_digest(self) -> str:
        return hashlib.sha256(self._raw[0].to_csv(index=False).encode()).hexdigest()

    @cached_property
    def _data(self) -> tuple[EyeDataset, Splits]:
        channels = self.profile.preprocess.channels
        return load_preprocessed(self.store.folder(PREPROCESSED), channels)

    @property
    def _train_set(self) -> EyeDataset:
        dataset, splits = self._data
        return dataset.take(splits.train)

    @property
    def _test_set(self) -> EyeDataset:
        dataset, splits = self._data
        return dataset.take(splits.test)

    @property
    def _patients(self) -> int:
        return int(self._data[0].identity.max()) + 1

    def _preprocess(self, folder: Path) -> None:
        manifest, root = self._raw
        with self.track("finding irises", len(manifest)) as advance:
            images, facts = preprocess(
                manifest, root, self.profile.preprocess, workers=self.workers, on_image=advance
            )
        table = manifest.merge(facts.drop(columns="path"), on="image_id", validate="1:1")
        # Columns that an unreadable file left gaps in get their own types back without it.
        table = table[table["readable"]].reset_index(drop=True).convert_dtypes()
        table["identity"] = pd.factorize(table["patient_id"], sort=True)[0]
        splits = split_dataset(
            table["image_id"].to_numpy(np.str_),
            table["identity"].to_numpy(),
            self.profile.split,
            seed=self.seed,
        )
        for subset, rows in splits.items():
            table.loc[rows, "subset"] = subset.value
        _check_pathology(table)
        save_preprocessed(folder, images, table)

    def _validate(self, folder: Path) -> None:
        raw, root = self._raw
        with self.track("validating", len(raw)) as advance:
            validate(
                self.store.folder(PREPROCESSED),
                raw,
                root,
                preprocess=self.profile.preprocess,
                split=self.profile.split,
                counts=self._counts,
                folder=folder,
                on_image=advance,
            )

    @property
    def _counts(self) -> Counts | None:
        """What the data must hold; known of the surrogate alone."""
        if self.source.kind != "surrogate":
            return None
        drawn = self.profile.surrogate
        return Counts(drawn.images, drawn.patients, drawn.glaucoma_images)

    def _train(self, task: str, folder: Path, *, activation: str = "relu") -> None:
        from replication.train_evaluators import train_evaluator

        dataset, splits = self._data
        settings = self.profile.evaluator
        with self.track(f"training the {task} network", settings.epochs) as advance:
            train_evaluator(
                dataset.take(splits.train),
                dataset.take(splits.validation),
                task=task,
                classes=self._classes(task),
                settings=settings,
                seed=self.seed,
                folder=folder,
                activation=activation,
                on_epoch=advance,
            )

    def _train_vgan(self, folder: Path) -> None:
        from replication.train_vgan import train_vgan

        with self.track("training PPRL-VGAN", self.profile.vgan.steps) as advance:
            train_vgan(
                self._train_set,
                identities=self._patients,
                settings=self.profile.vgan,
                seed=self.seed,
                folder=folder,
                on_step=advance,
            )

    def _privatize(self, method: Method, folder: Path) -> None:
        sets = method.privatize(
            self._test_set,
            gallery=self._train_set,
            generator=self._generator if method.needs_generator else None,
            seed=self.seed,
            draws=self.draws,
        )
        draws = self.draws if method.needs_generator else 1
        with self.track(f"privatizing: {method.name}", draws) as advance:
            save_privatized(folder, _count(sets, advance))

    def _evaluate(self, folder: Path) -> None:
        from replication.evaluate import evaluate_sets, write_evaluation

        networks = {
            f"{task}_network": self._evaluator(task, self.store.folder(unit))
            for task, unit in EVALUATORS.items()
        }
        with self.track("evaluating", len(self.methods)) as advance:
            table, predictions = evaluate_sets(
                self._test_set, self._privatized_sets(advance), **networks
            )
        heading = (
            f"Table 1 on {self.source.title}: profile {self.profile.name}, seed {self.seed}, "
            f"{self.draws} draws, {len(self._test_set)} test images."
        )
        write_evaluation(
            folder, table, predictions, paper_percent=read_paper_percent(), heading=heading
        )

    def _privatized_sets(self, advance: Callable[[], None]) -> Iterator:
        for name in self.methods:
            yield from load_privatized(self.store.folder(privatized_unit(name)), name)
            advance()

    @cached_property
    def _generator(self):
        from replication.trained_networks import TrainedGenerator

        return TrainedGenerator(
            self.store.folder(VGAN),
            self._patients,
            self._data[0].images.shape[1:],
            self.profile.vgan,
        )

    def _evaluator(self, task: str, folder: Path, activation: str = "relu"):
        from replication.trained_networks import TrainedEvaluator

        return TrainedEvaluator(
            folder / "weights.h5",
            self._classes(task),
            self._data[0].images.shape[1:],
            self.profile.evaluator,
            activation=activation,
        )

    def _classes(self, task: str) -> int:
        return self._patients if task == "identity" else 2


def _check_pathology(table: pd.DataFrame) -> None:
    """Raise DataError unless every subset has eyes with glaucoma and eyes without."""
    for subset, part in table.groupby("subset"):
        if part["glaucoma"].nunique() < 2:
            raise DataError(
                f"split: the {subset} subset has only eyes with one glaucoma label; "
                "use more images or another --seed"
            )


def _count(items, advance: Callable[[], None]) -> Iterator:
    for item in items:
        yield item
        advance()
