"""The stages in their order: what each needs, what it leaves, and which are still to be run.

raw eyes → 01_preprocessed → 02_validated → 03_evaluators → 04_vgan → 05_privatized →
06_evaluated. Only this module knows the order; a stage meets the others through the run's folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from replication.privatize import METHODS, Method
from replication.stage_work import (
    EVALUATED,
    EVALUATORS,
    PREPROCESSED,
    VALIDATED,
    VGAN,
    StageWork,
    privatized_unit,
)
from replication.table1 import Table1
from replication.table1_text import from_json


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
        on_stage: told each unit's name and whether it is "run" or "kept".
    """

    def __init__(
        self, work: StageWork, *, on_stage: Callable[[str, str], None] = lambda unit, state: None
    ) -> None:
        self.work = work
        self.store = work.store
        self.on_stage = on_stage

    def describe(self) -> dict:
        """Return what identifies the run; another run folder is needed where it differs."""
        return {
            "source": {"kind": self.work.source.kind, "name": self.work.source.path.name},
            "profile": asdict(self.work.profile),
            "seed": self.work.seed,
            "draws": self.work.draws,
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
        profile = self.work.profile
        trained = asdict(profile.evaluator) | {"seed": self.work.seed}
        methods = [METHODS[name] for name in self.work.methods]
        simple, generative = (
            [self._privatizing(m) for m in methods if m.needs_generator is needs]
            for needs in (False, True)
        )
        shape = asdict(profile.preprocess) | asdict(profile.split)
        stages = [
            Stage(
                PREPROCESSED,
                shape | {"manifest": self.work.manifest_digest},
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
                Stage(unit, trained, (PREPROCESSED,), partial(self.work.train_evaluator, task))
                for task, unit in EVALUATORS.items()
            ),
        ]
        if generative:
            settings = asdict(profile.vgan) | {"seed": self.work.seed}
            stages.append(Stage(VGAN, settings, (PREPROCESSED,), self.work.train_vgan))
        inputs = (PREPROCESSED, *EVALUATORS.values(), *map(privatized_unit, self.work.methods))
        return [*stages, *generative, Stage(EVALUATED, {}, inputs, self.work.evaluate)]

    def _privatizing(self, method: Method) -> Stage:
        settings = (
            {"seed": self.work.seed, "draws": self.work.draws} if method.needs_generator else {}
        )
        needs = (PREPROCESSED, VGAN) if method.needs_generator else (PREPROCESSED,)
        return Stage(
            privatized_unit(method.name), settings, needs, partial(self.work.privatize, method)
        )

    def table(self) -> Table1:
        """Return the table that the run measured.

        Raises:
            StageNotRun: when the evaluation isn't complete.
        """
        return from_json((self.store.folder(EVALUATED) / "table1.json").read_text("utf-8"))

    def _run_stage(self, stage: Stage) -> None:
        inputs = {need: self.store.digest(need) for need in stage.needs}
        key = {"settings": stage.settings, "inputs": inputs}
        if self.store.is_complete(stage.unit, key):
            self.on_stage(stage.unit, "kept")
            return
        self.on_stage(stage.unit, "run")
        with self.store.writing(stage.unit, key) as folder:
            stage.run(folder)
