"""What `measure-departures` does: judge our choices beside others, on one run's data.

What has to be trained for it lies under the run's `departures`, one folder per training: a
measurement that was killed goes on where it was, and a second one trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from math import ceil
from pathlib import Path

import cv2
import pandas as pd

from replication.config import PAPER
from replication.departures import (
    COSTS,
    TASKS,
    Predict,
    judge_networks,
    judge_sets,
    measure_privatizers,
    measure_replacements,
)
from replication.eye_frame import preprocess_image
from replication.hough_circle import find_iris_by_hough
from replication.preprocess import preprocess
from replication.privatize import METHODS
from replication.record_files import load_manifest, to_dataset
from replication.records import EyeDataset, Splits
from replication.split import split_dataset
from replication.stage_folders import EVALUATORS, PREPROCESSED
from replication.store import write_json
from replication.training_work import TrainingWork

FOLDER = "departures"
NETWORKS = "evaluation networks"
PAINTED = "pprl-vgan-random"  # what generators are compared by
REFERENCE_EPOCHS = 300  # PPRL-VGAN train.py
HOUGH = "centred by a Hough circle (later code)"


@dataclass(frozen=True)
class Training:
    """A training that leaves the run's own in one point.

    Args:
        name: of the folder, below `FOLDER`, of what it leaves.
        words: what the other choice is called.
        choice: arguments of `TrainingWork.train_evaluator` or `train_vgan`.
        data: where the networks learn and are judged on other data than the run's.
        figures: what else is to be told of the choice, fractions in [0, 1].
    """

    name: str
    words: str
    choice: dict = field(default_factory=dict)
    data: tuple[EyeDataset, Splits] | None = None
    figures: dict[str, float] = field(default_factory=dict)


class DepartureWork(TrainingWork):
    """The measuring of departures on one run's data with one run's settings."""

    def measure_departures(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Measure what choices of ours cost; `departures.json` in the run's folder has all so far.

        Yields:
            A choice and its accuracies, fractions in [0, 1], once it is written.
        """
        measured = {}
        with self.store.locked():
            for choice, figures in self._measure_choices():
                measured[choice] = figures
                write_json(self.store.root / COSTS, measured)
                yield choice, figures

    def _measure_choices(self) -> Iterator[tuple[str, dict[str, float]]]:
        networks = {
            task: self._evaluator(task, self.store.folder(unit)).predict
            for task, unit in EVALUATORS.items()
        }
        found = {"iris found": float(self._manifest["iris_found"].mean())}
        yield f"{NETWORKS}, ours", judge_networks(self._test_set, networks) | found
        yield from measure_privatizers(
            self._test_set,
            self._train_set,
            self._generator,
            networks,
            seed=self.seed,
            draws=self.draws,
        )
        painted = tuple(name for name in self.methods if METHODS[name].needs_generator)
        yield from measure_replacements(
            self._test_set, self._load_sets(painted), networks["identity"]
        ).items()
        for training in self._list_evaluators():
            yield f"{NETWORKS}, {training.words}", self._judge_evaluators(training)
        for training in self._list_generators():
            yield f"{PAINTED}, {training.words}", self._judge_generator(training, networks)

    def _list_evaluators(self) -> Iterator[Training]:
        yield Training("leaky-relu", "LeakyReLU 0.2 (reference)", {"activation": "leaky_relu"})
        yield Training("last-weights", "last weights (reference)", {"keep_last": True})
        if self.profile.evaluator != PAPER.evaluator:
            words = "trained as in the later code"
            yield Training("later-training", words, {"settings": PAPER.evaluator})
        resized, _ = self._preprocess_otherwise(interpolation=cv2.INTER_LINEAR)
        yield Training("bilinear", "images resized bilinearly", data=resized)
        centred, found = self._preprocess_otherwise(find=find_iris_by_hough)
        yield Training("hough-circle", HOUGH, data=centred, figures={"iris found": found})
        if not self.by_patient:
            yield Training("next-split", "split by the next seed", data=self._split_otherwise())

    def _list_generators(self) -> Iterator[Training]:
        yield Training("equation-2", "Equation 2 as written", {"saturating": True})
        ours, theirs = self.profile.vgan, PAPER.vgan
        longer = replace(
            ours, steps=ceil(REFERENCE_EPOCHS * len(self._train_set) / ours.batch_size)
        )
        if longer.steps > ours.steps:
            words = f"{REFERENCE_EPOCHS} epochs (reference)"
            yield Training("more-steps", words, {"settings": longer})
        sizes = replace(ours, kernel_size=theirs.kernel_size, units=theirs.units)
        if sizes != ours:
            words = f"kernel {sizes.kernel_size} and {sizes.units} units (reference)"
            yield Training("network-sizes", words, {"settings": sizes})

    def _judge_evaluators(self, training: Training) -> dict[str, float]:
        """Train both evaluation networks otherwise, and judge them on their own test images."""
        data = training.data or self._data
        arguments = {"settings": self.profile.evaluator} | training.choice
        networks = {}
        for task in TASKS:
            train = partial(self.train_evaluator, task, data=data, **arguments)
            folder = self._train_once(f"{training.name}/{task}", arguments, train)
            activation = training.choice.get("activation", "relu")
            networks[task] = self._evaluator(task, folder, activation).predict
        dataset, splits = data
        return judge_networks(dataset.take(splits.test), networks) | training.figures

    def _judge_generator(
        self, training: Training, networks: dict[str, Predict]
    ) -> dict[str, float]:
        """Train PPRL-VGAN otherwise, and have the run's networks judge what it paints."""
        arguments = {"settings": self.profile.vgan} | training.choice
        folder = self._train_once(training.name, arguments, partial(self.train_vgan, **arguments))
        sets = METHODS[PAINTED].privatize(
            self._test_set,
            gallery=self._train_set,
            generator=self._load_generator(folder, arguments["settings"]),
            seed=self.seed,
            draws=self.draws,
        )
        return judge_sets(self._test_set, sets, networks)

    def _train_once(self, name: str, arguments: dict, train: Callable[[Path], None]) -> Path:
        """Return the folder of a complete training, made now or before."""
        unit = f"{FOLDER}/{name}"
        plain = arguments | {"settings": asdict(arguments["settings"]), "seed": self.seed}
        key = {"settings": plain, "inputs": {PREPROCESSED: self.store.digest(PREPROCESSED)}}
        with self.store.locked_unit(unit):
            if not self.store.is_complete(unit, key):
                with self.store.writing(unit, key) as folder:
                    train(folder)
        return self.store.folder(unit)

    def _preprocess_otherwise(self, **choice) -> tuple[tuple[EyeDataset, Splits], float]:
        """Preprocess with other arguments of `preprocess_image`, and split as the run does.

        Returns:
            The data, and the share of images whose iris was found.
        """
        manifest, root = self._raw
        with self.track("finding irises", len(manifest)) as advance:
            images, facts = preprocess(
                manifest,
                root,
                self.profile.preprocess,
                workers=self.workers,
                on_image=advance,
                prepare=partial(preprocess_image, **choice),
            )
        data = to_dataset(images, self._manifest, self.profile.preprocess.channels), self._data[1]
        return data, float(facts["iris_found"].mean())

    @cached_property
    def _manifest(self) -> pd.DataFrame:
        return load_manifest(self.store.folder(PREPROCESSED))

    def _split_otherwise(self) -> tuple[EyeDataset, Splits]:
        dataset, split = self._data[0], self.profile.split
        other = replace(split, seed=split.seed + 1)
        return dataset, split_dataset(dataset.image_id, dataset.identity, other)
