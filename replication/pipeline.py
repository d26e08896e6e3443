"""The stages in their order: what each needs, what it leaves, and which are still to be run.

raw eyes → 01_preprocessed → 02_validated → 03_evaluators → 04_vgan → 05_privatized →
06_evaluated → 06b_attacked → 07_explained → 08_report. Only this module knows the order; a stage
meets the others through the run's folder.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from replication.attacked_run import ATTACKED
from replication.baseline import copy_weights
from replication.evaluated_run import EVALUATED
from replication.explained_run import EXPLAINED
from replication.privatize import METHODS, Method
from replication.report import REPORTED, describe_report
from replication.split_words import name_split
from replication.stage_folders import (
    EVALUATORS,
    PREPROCESSED,
    VALIDATED,
    VGAN,
    privatized_unit,
)
from replication.stage_work import StageWork


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
    """One run: its stages in their order, and which are complete.

    Args:
        work: what the stages do, and on what.
        baseline: what identifies the reference weights to take instead of training, or None.
        on_stage: told each unit's name and that it is "kept", or is "run" and then "done".
    """

    def __init__(
        self,
        work: StageWork,
        *,
        baseline: dict | None = None,
        on_stage: Callable[[str, str], None] = lambda unit, state: None,
    ) -> None:
        self.work = work
        self.store = work.store
        self.baseline = baseline
        self.on_stage = on_stage

    def describe(self) -> dict:
        """Return what identifies the run; another run folder is needed where it differs."""
        described = {
            "source": {"kind": self.work.source.kind, "name": self.work.source.path.name},
            "profile": asdict(self.work.profile),
            "seed": self.work.seed,
            "draws": self.work.draws,
        } | ({"baseline": self.baseline} if self.baseline else {})
        return described | name_split(by_patient=self.work.by_patient)

    def run(self, *, until: str = REPORTED) -> None:
        """Run every stage that isn't complete, up to and with the last one that starts so.

        Args:
            until: a unit, or the start of several units' names.

        Raises:
            ReplicationError: whatever the stages raise; nothing half-written is left complete.
        """
        with self.store.locked():
            for stage in self.stages_until(until):
                self._run_stage(stage)

    def run_unit(self, unit: str, *, wait: bool = False) -> str:
        """Run one unit that waits for no other any more, unless it is complete.

        The caller, or the command that it works for, holds the run.

        Args:
            unit: its name.
            wait: for another process that is at work in the unit, and don't refuse.

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
        profile = self.work.profile
        evaluator = asdict(profile.evaluator)
        methods = [METHODS[name] for name in self.work.methods]
        simple, generative = (
            [self._privatizing(m) for m in methods if m.needs_generator is needs]
            for needs in (False, True)
        )
        shape = asdict(profile.preprocess) | asdict(profile.split)
        stages = [
            Stage(
                PREPROCESSED,
                shape
                | {"manifest": self.work.manifest_digest}
                | name_split(by_patient=self.work.by_patient),
                (),
                self.work.preprocess,
            ),
            Stage(
                VALIDATED,
                shape | {"suites": self.work.suites_digest},
                (PREPROCESSED,),
                self.work.validate,
            ),
            # Before the long trainings: they take seconds, and say early what the data can't do.
            *simple,
            *(
                self._training(unit, evaluator, partial(self.work.train_evaluator, task))
                for task, unit in EVALUATORS.items()
            ),
        ]
        if generative:
            stages.append(self._training(VGAN, asdict(profile.vgan), self.work.train_vgan))
        inputs = (PREPROCESSED, *EVALUATORS.values(), *map(privatized_unit, self.work.methods))
        stages += [
            *generative,
            Stage(EVALUATED, {}, inputs, self.work.evaluate),
            self._attacking(inputs),
            self._explaining(),
        ]
        return [*stages, self._reporting(tuple(stage.unit for stage in stages))]

    def _training(self, unit: str, settings: dict, train: Callable[[Path], None]) -> Stage:
        if self.baseline:
            return Stage(unit, {"baseline": self.baseline}, (), partial(copy_weights, unit))
        return Stage(unit, settings | {"seed": self.work.seed}, (PREPROCESSED,), train)

    def _privatizing(self, method: Method) -> Stage:
        settings = (
            {"seed": self.work.seed, "draws": self.work.draws} if method.needs_generator else {}
        )
        needs = (PREPROCESSED, VGAN) if method.needs_generator else (PREPROCESSED,)
        return Stage(
            privatized_unit(method.name), settings, needs, partial(self.work.privatize, method)
        )

    def _attacking(self, inputs: tuple[str, ...]) -> Stage:
        settings = asdict(self.work.attack_settings) | {"seed": self.work.seed}
        generator = (
            (VGAN,) if any(METHODS[name].needs_generator for name in self.work.methods) else ()
        )
        return Stage(ATTACKED, settings, (*inputs, *generator, EVALUATED), self.work.attack)

    def _explaining(self) -> Stage:
        sets = map(privatized_unit, self.work.explained_methods)
        needs = (PREPROCESSED, EVALUATORS["glaucoma"], *sets, EVALUATED)
        return Stage(EXPLAINED, asdict(self.work.explanation), needs, self.work.explain)

    def _reporting(self, units: tuple[str, ...]) -> Stage:
        settings = describe_report(public=self.work.public)
        return Stage(REPORTED, settings, units, self.work.report)

    def _run_stage(self, stage: Stage, *, wait: bool = False) -> str:
        inputs = {need: self.store.digest(need) for need in stage.needs}
        key = {"settings": stage.settings, "inputs": inputs}
        with self.store.locked_unit(stage.unit, wait=wait):
            if self.store.is_complete(stage.unit, key):
                self.on_stage(stage.unit, "kept")
                return "kept"
            self.on_stage(stage.unit, "run")
            with self.store.writing(stage.unit, key) as folder:
                stage.run(folder)
        gc.collect()  # networks refer to themselves; they would pile up from stage to stage
        self.on_stage(stage.unit, "done")
        return "done"


def list_awaited(stage: Stage) -> tuple[str, ...]:
    """Return the units that are complete before a stage begins, in whatever order others run.

    They are those that it reads, and the validation: nothing is trained on data that don't hold
    their expectations.
    """
    if stage.unit in (PREPROCESSED, VALIDATED):
        return stage.needs
    return tuple(dict.fromkeys((*stage.needs, VALIDATED)))
