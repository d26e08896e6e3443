"""The stages in their order: what each needs, what it leaves, and which are still to be run.

raw eyes → 01_preprocessed → 02_validated → 03_evaluators → 04_vgan → 05_privatized →
06_evaluated → 07_attacked → 08_explained → 09_report. Only this module knows the order; a stage
meets the others through the run's folder.
"""

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from replication.attack.outputs import ATTACKED
from replication.evaluate.outputs import EVALUATED
from replication.explain.outputs import EXPLAINED
from replication.pipeline import stages as work
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS, Method
from replication.report.stage import REPORTED, describe_report, is_public
from replication.results.baseline import copy_weights
from replication.store.run_record import (
    EVALUATORS,
    PREPROCESSED,
    VALIDATED,
    VGAN,
    name_split,
    privatized_unit,
)

Work = Callable[[RunData, Path], None]


@dataclass(frozen=True)
class Stage:
    """One unit of work that is skipped when its folder is complete.

    Args:
        unit: its folder, relative to the run's.
        settings: what changes its outcome, beside its inputs.
        needs: the units whose files it reads.
        run: does the work on a run's data, and writes its files into the folder given.
    """

    unit: str
    settings: dict
    needs: tuple[str, ...]
    run: Work


class Replication:
    """One run: its stages in their order, and which are complete.

    Args:
        data: what the stages work on.
        baseline: what identifies the reference weights to take instead of training, or None.
        on_stage: told each unit's name and that it is "kept", or is "run" and then "done".
    """

    def __init__(
        self,
        data: RunData,
        *,
        baseline: dict | None = None,
        on_stage: Callable[[str, str], None] = lambda unit, state: None,
    ) -> None:
        self.data = data
        self.store = data.store
        self.baseline = baseline
        self.on_stage = on_stage

    def describe(self) -> dict:
        """Return what identifies the run; another run folder is needed where it differs."""
        return {
            "source": {"kind": self.data.source.kind, "name": self.data.source.path.name},
            "profile": asdict(self.data.profile),
            "seed": self.data.seed,
            "draws": self.data.draws,
            "split": name_split(by_patient=self.data.by_patient),
        } | ({"baseline": self.baseline} if self.baseline else {})

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
        profile = self.data.profile
        evaluator = asdict(profile.evaluator)
        methods = [METHODS[name] for name in self.data.methods]
        simple, generative = (
            [self._privatizing(m) for m in methods if m.needs_generator is needs]
            for needs in (False, True)
        )
        shape = asdict(profile.preprocess) | asdict(profile.split)
        stages = [
            Stage(
                PREPROCESSED,
                shape
                | {
                    "manifest": self.data.manifest_digest,
                    "split": name_split(by_patient=self.data.by_patient),
                },
                (),
                work.preprocess,
            ),
            Stage(
                VALIDATED,
                shape | {"suites": work.hash_suites(self.data)},
                (PREPROCESSED,),
                work.validate,
            ),
            # Before the long trainings: they take seconds, and say early what the data can't do.
            *simple,
            *(
                self._training(unit, evaluator, partial(work.train_evaluator, task=task))
                for task, unit in EVALUATORS.items()
            ),
        ]
        if generative:
            stages.append(self._training(VGAN, asdict(profile.vgan), work.train_vgan))
        inputs = (PREPROCESSED, *EVALUATORS.values(), *map(privatized_unit, self.data.methods))
        stages += [
            *generative,
            Stage(EVALUATED, {}, inputs, work.evaluate),
            self._attacking(inputs),
            self._explaining(),
        ]
        return [*stages, self._reporting(tuple(stage.unit for stage in stages))]

    def _training(self, unit: str, settings: dict, train: Work) -> Stage:
        if self.baseline:
            return Stage(unit, {"baseline": self.baseline}, (), partial(_copy_weights, unit=unit))
        return Stage(unit, settings | {"seed": self.data.seed}, (PREPROCESSED,), train)

    def _privatizing(self, method: Method) -> Stage:
        settings = (
            {"seed": self.data.seed, "draws": self.data.draws} if method.needs_generator else {}
        )
        needs = (PREPROCESSED, VGAN) if method.needs_generator else (PREPROCESSED,)
        return Stage(
            privatized_unit(method.name), settings, needs, partial(work.privatize, method=method)
        )

    def _attacking(self, inputs: tuple[str, ...]) -> Stage:
        settings = asdict(self.data.profile.attack) | {"seed": self.data.seed}
        generator = (
            (VGAN,) if any(METHODS[name].needs_generator for name in self.data.methods) else ()
        )
        return Stage(ATTACKED, settings, (*inputs, *generator, EVALUATED), work.attack)

    def _explaining(self) -> Stage:
        sets = map(privatized_unit, work.list_explained(self.data))
        needs = (PREPROCESSED, EVALUATORS["glaucoma"], *sets, EVALUATED)
        return Stage(EXPLAINED, asdict(self.data.explanation), needs, work.explain)

    def _reporting(self, units: tuple[str, ...]) -> Stage:
        settings = describe_report(public=is_public(self.data.source.kind))
        return Stage(REPORTED, settings, units, work.report)

    def _run_stage(self, stage: Stage, *, wait: bool = False) -> str:
        inputs = {need: self.store.digest(need) for need in stage.needs}
        key = {"settings": stage.settings, "inputs": inputs}
        with self.store.locked_unit(stage.unit, wait=wait):
            if self.store.is_complete(stage.unit, key):
                self.on_stage(stage.unit, "kept")
                return "kept"
            self.on_stage(stage.unit, "run")
            with self.store.writing(stage.unit, key) as folder:
                stage.run(self.data, folder)
        gc.collect()  # networks refer to themselves; they would pile up from stage to stage
        self.on_stage(stage.unit, "done")
        return "done"


def _copy_weights(run: RunData, folder: Path, *, unit: str) -> None:
    copy_weights(unit, folder)


def list_awaited(stage: Stage) -> tuple[str, ...]:
    """Return the units that are complete before a stage begins, in whatever order others run.

    They are those that it reads, and the validation: nothing is trained on data that don't hold
    their expectations.
    """
    if stage.unit in (PREPROCESSED, VALIDATED):
        return stage.needs
    return tuple(dict.fromkeys((*stage.needs, VALIDATED)))
