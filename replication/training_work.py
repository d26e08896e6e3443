"""What stages 03 and 04 do: train on the run's data, into the folder they are given.

Trained otherwise than the run asks for, they measure what a choice of ours costs
(`replication.departure_work`).
"""

from __future__ import annotations

from pathlib import Path

from replication.config import EvaluatorSettings, VganSettings
from replication.interrupts import hold_interrupt
from replication.records import EyeDataset, Splits
from replication.run_data import RunData


class TrainingWork(RunData):
    """The trainings on one run's data with one run's settings."""

    def train_evaluator(
        self,
        task: str,
        folder: Path,
        *,
        data: tuple[EyeDataset, Splits] | None = None,
        settings: EvaluatorSettings | None = None,
        activation: str = "relu",
        keep_last: bool = False,
    ) -> None:
        """Train the network of one task (stage 03).

        Args:
            task: "identity" or "glaucoma".
            folder: where its weights go.
            data: to learn from, None for the run's.
            settings: of the training, None for the run's.
            activation: of the network.
            keep_last: whether the last weights are kept, and not the best.
        """
        with hold_interrupt():
            from replication.train_evaluators import train_evaluator

        dataset, splits = data or self._data
        settings = settings or self.profile.evaluator
        # Of a split by patient: enrolled images are of validation and test patients.
        train_set = dataset.take(splits.train if task == "glaucoma" else splits.known)
        with self.track(f"training the {task} network", settings.epochs(len(train_set))) as advance:
            train_evaluator(
                train_set,
                dataset.take(splits.validation),
                task=task,
                classes=self._classes(task),
                settings=settings,
                seed=self.seed,
                folder=folder,
                activation=activation,
                keep_last=keep_last,
                on_epoch=advance,
            )

    def train_vgan(
        self, folder: Path, *, settings: VganSettings | None = None, saturating: bool = False
    ) -> None:
        """Train PPRL-VGAN (stage 04).

        Args:
            folder: where its networks go.
            settings: of the networks and the training, None for the run's.
            saturating: whether the generator's loss is Equation 2 as it is written.
        """
        with hold_interrupt():
            from replication.train_vgan import train_vgan

        settings = settings or self.profile.vgan
        with self.track("training PPRL-VGAN", settings.steps) as advance:
            train_vgan(
                self._train_set,
                identities=self._patients,
                settings=settings,
                seed=self.seed,
                folder=folder,
                saturating=saturating,
                on_step=advance,
            )
