"""The stages in their order: what each needs, and which are still to be run.

raw eyes → 01_preprocessed → 02_validated → 03_evaluators → 04_vgan → 05_privatized →
06_evaluated → 07_attacked → 08_explained → 09_report. Only this module knows the order; a stage
meets the others through the run's folder.
"""

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from replication.attack.outputs import ATTACKED
from replication.attack.stage import MOST_DRAWS
from replication.evaluate.table1 import EVALUATED
from replication.explain.outputs import EXPLAINED
from replication.explain.stage import DRAWS
from replication.pipeline import stages as work
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS, Method
from replication.report.stage import describe_report
from replication.results.baseline import copy_weights, holds_weights
from replication.results.finished_run import REPORTED
from replication.store.arrays import read_refusal
from replication.store.run_folder import PARTS_OF_STAGES, RunStore
from replication.store.run_record import (
    CODE,
    EVALUATORS,
    LABEL,
    PP_MIR,
    PREPROCESSED,
    SPLITS,
    VALIDATED,
    VGAN,
    privatized_unit,
)
from replication.store.words import GLAUCOMA, using

Work = Callable[[RunData, Path], None]


@dataclass(frozen=True)
class Stage:
    """One unit of work that is skipped when its folder is complete."""

    unit: str  # its folder, relative to the run's
    settings: dict  # what changes its outcome, beside its inputs
    needs: tuple[str, ...]  # the units whose files it reads
    run: Work  # does the work on a run's data, and writes its files into the folder given
    beside: bool = False  # whether it runs at the same time as its neighbours that do so, too


@dataclass(eq=False)
class Replication:
    """One run: its stages in their order, and which are complete."""

    data: RunData
    baseline: dict | None = None  # what identifies the weights that are taken instead of trained
    # Called with each unit's name and "kept", or "run" and then "done", or "refused: " and why.
    on_stage: Callable[[str, str], None] = lambda unit, state: None

    @property
    def store(self) -> RunStore:
        """The run's folder."""
        return self.data.store

    def describe(self) -> dict:
        """Return what identifies the run; another run folder is needed where it differs."""
        choices = {"choices": sorted(self.data.source.choices)} if self.data.source.choices else {}
        profile, label = asdict(self.data.profile), self.data.source.words.label
        for part in PARTS_OF_STAGES:
            del profile[part]
        profile["preprocess"] = self.data.profile.preprocess.recorded
        return (
            {
                "source": {"kind": self.data.source.kind, "name": self.data.source.path.name},
                "manifest": self.data.manifest_digest,
                "profile": profile,
                "seed": self.data.seed,
                "draws": self.data.draws,
            }
            | self.data.split_record
            | ({"baseline": self.baseline} if self.baseline else {})
            | choices
            | ({} if label == GLAUCOMA else {LABEL: label})
        )

    def run(self, *, until: str = REPORTED) -> None:
        """Run every stage that isn't complete, up to and with the last whose unit starts so.

        Raises:
            ReplicationError: whatever the stages raise; nothing half-written is left complete.
        """
        with self.store.locked():
            for beside, neighbours in groupby(self.stages_until(until), key=attrgetter("beside")):
                if beside:
                    self._run_beside(list(neighbours))
                else:
                    for stage in neighbours:
                        self._run_stage(stage)

    def run_unit(self, unit: str, *, wait: bool = False) -> str:
        """Run one unit, whose inputs are complete, unless it is complete itself.

        The caller, or the command that it works for, holds the run. Another process at work in the
        unit is an error, or waited for.

        Returns:
            "kept" or "done".
        """
        stage = next(stage for stage in self.stages() if stage.unit == unit)
        return self._run_stage(stage, wait=wait)

    def stages_until(self, until: str) -> list[Stage]:
        """Return the stages up to and with the last one whose unit starts so, in their order."""
        stages = self.stages()
        last = max(i for i, stage in enumerate(stages) if stage.unit.startswith(until))
        return stages[: last + 1]

    def stages(self) -> list[Stage]:
        """Return the stages of this run in their order."""
        run, profile = self.data, self.data.profile
        shape = profile.preprocess.recorded | asdict(profile.split)
        raw = {"manifest": run.manifest_digest, "split": SPLITS[run.by_patient]}
        signs = work.hash_signs(run)
        suites = {"suites": work.hash_suites(run)}
        methods = [METHODS[name] for name in run.methods]
        by_vgan, by_pp_mir, by_code = (
            [method for method in methods if method.generator == unit]
            for unit in (VGAN, PP_MIR, CODE)
        )
        judges = tuple(EVALUATORS.values())
        sets = tuple(privatized_unit(name) for name in run.methods)
        measured = (PREPROCESSED, *judges, *sets)
        attacked = (*measured, *([VGAN] if by_vgan else []), EVALUATED)
        explained = tuple(privatized_unit(name) for name in work.list_explained(run.methods))
        stages = [
            Stage(PREPROCESSED, shape | raw, (), work.preprocess),
            Stage(VALIDATED, shape | suites, (PREPROCESSED,), work.validate),
            # Before the long trainings: they take seconds, and find early what the data lack.
            *(self._privatizing(method) for method in methods if method.generator is None),
            *(
                self._training(
                    unit,
                    run.find_training(task),
                    partial(work.train_evaluator, task=task),
                    beside=True,
                )
                for task, unit in EVALUATORS.items()
            ),
            *([self._training(VGAN, profile.vgan, work.train_vgan)] if by_vgan else []),
            *map(self._privatizing, by_vgan),
            *(
                [self._training(PP_MIR, profile.pp_mir, work.train_pp_mir, needs=judges)]
                if by_pp_mir
                else []
            ),
            *map(self._privatizing, by_pp_mir),
            *([self._training(CODE, profile.code, work.train_code)] if by_code else []),
            *map(self._privatizing, by_code),
            Stage(EVALUATED, {}, measured, work.evaluate),
            Stage(
                ATTACKED,
                asdict(profile.attack)
                | {"seed": run.seed, "draws": min(run.draws, MOST_DRAWS)}
                | signs,
                attacked,
                work.attack,
            ),
            Stage(
                EXPLAINED,
                asdict(run.explanation) | {"draws": min(run.draws, DRAWS)} | signs,
                (PREPROCESSED, EVALUATORS["glaucoma"], *explained, EVALUATED),
                work.explain,
            ),
        ]
        page = describe_report(public=run.source.kind.private)
        return [*stages, Stage(REPORTED, page, tuple(each.unit for each in stages), work.report)]

    def _training(
        self,
        unit: str,
        settings: object,
        train: Work,
        *,
        needs: tuple[str, ...] = (),
        beside: bool = False,
    ) -> Stage:
        if unit == EVALUATORS["glaucoma"] and self.data.own:
            own = self.data.own
            return Stage(unit, own.record, (), lambda run, folder: own.keep(folder), beside)
        if self.baseline and holds_weights(unit, self.baseline):
            key = {"baseline": self.baseline}
            return Stage(unit, key, (), lambda run, folder: copy_weights(unit, folder), beside)
        key = asdict(settings) | {"seed": self.data.seed}
        return Stage(unit, key, (PREPROCESSED, *needs), train, beside)

    def _privatizing(self, method: Method) -> Stage:
        drawn = self.data.drawing_record | {"draws": self.data.draws}
        return Stage(
            privatized_unit(method.name),
            drawn if method.is_drawn else {},
            work.list_needed(method),
            partial(work.privatize, method=method),
        )

    def _run_beside(self, stages: list[Stage]) -> None:
        """Run stages at the same time, in threads; when one can't go on, the others end, too.

        Each computes what it would alone, bit for bit: only the order in time differs. A training
        of small batches keeps one core busy and the others half.
        """
        self.data.ending.clear()
        with ThreadPoolExecutor(len(stages)) as threads:
            running = [threads.submit(self._run_stage, stage) for stage in stages]
            try:
                for each in as_completed(running):
                    each.result()
            except BaseException:
                self.data.ending.set()
                raise

    def _run_stage(self, stage: Stage, *, wait: bool = False) -> str:
        inputs = {need: self.store.digest(need) for need in stage.needs}
        key = {"settings": stage.settings, "inputs": inputs}
        with self.store.locked_unit(stage.unit, wait=wait):
            if self.store.is_complete(stage.unit, key):
                self.on_stage(stage.unit, "kept")
                return "kept"
            self.on_stage(stage.unit, "run")
            with self.store.writing(stage.unit, key) as folder, using(self.data.source.words):
                stage.run(self.data, folder)
        gc.collect()  # networks refer to themselves; they would pile up from stage to stage
        refusal = read_refusal(self.store.folder(stage.unit))
        self.on_stage(stage.unit, f"refused: {refusal}" if refusal else "done")
        return "done"


def list_awaited(stage: Stage) -> tuple[str, ...]:
    """Return the units that are complete before a stage begins, in whatever order others run.

    They are those that it reads, and the validation: nothing is trained on data that don't hold
    their expectations.
    """
    if stage.unit in (PREPROCESSED, VALIDATED):
        return stage.needs
    return tuple(dict.fromkeys((*stage.needs, VALIDATED)))
