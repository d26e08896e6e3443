"""What `measure-departures` does: judge our choices beside others, on one run's data.

What has to be trained for it lies under the run's `departures`, one folder per training: a
measurement that was killed goes on where it was, and a second one trains nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from math import ceil
from pathlib import Path

import cv2
import pandas as pd

from replication.config import PAPER
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import train_evaluator, train_vgan
from replication.preprocess.frame import preprocess_image
from replication.preprocess.split import split_dataset
from replication.preprocess.stage import preprocess_images
from replication.privatize.methods import METHODS
from replication.records import EyeDataset, Splits
from replication.results.measured import COSTS
from replication.store.arrays import load_manifest, to_dataset
from replication.store.files import write_json
from replication.store.run_record import EVALUATORS, PREPROCESSED
from replication.studies.departures import (
    TASKS,
    Predict,
    judge_networks,
    judge_sets,
    measure_privatizers,
    measure_replacements,
)
from replication.studies.hough_circle import find_iris_by_hough

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
        choice: arguments of `train_evaluator` or `train_vgan` of `pipeline.stages`.
        data: where the networks learn and are judged on other data than the run's.
        figures: what else is to be told of the choice, fractions in [0, 1].
    """

    name: str
    words: str
    choice: dict = field(default_factory=dict)
    data: tuple[EyeDataset, Splits] | None = None
    figures: dict[str, float] = field(default_factory=dict)


def measure_departures(run: RunData) -> Iterator[tuple[str, dict[str, float]]]:
    """Measure what choices of ours cost; `departures.json` in the run's folder has all so far.

    Yields:
        A choice and its accuracies, fractions in [0, 1], once it is written.
    """
    measured = {}
    with run.store.locked():
        for choice, figures in _measure_choices(run):
            measured[choice] = figures
            write_json(run.store.root / COSTS, measured)
            yield choice, figures


def _measure_choices(run: RunData) -> Iterator[tuple[str, dict[str, float]]]:
    networks = {
        task: run.load_evaluator(task, run.store.folder(unit)).predict
        for task, unit in EVALUATORS.items()
    }
    found = {"iris found": float(_manifest(run)["iris_found"].mean())}
    yield f"{NETWORKS}, ours", judge_networks(run.test_set, networks) | found
    yield from measure_privatizers(
        run.test_set,
        run.train_set,
        run.generator,
        networks,
        seed=run.seed,
        draws=run.draws,
    )
    painted = tuple(name for name in run.methods if METHODS[name].needs_generator)
    yield from measure_replacements(
        run.test_set, run.load_sets(painted), networks["identity"]
    ).items()
    for training in _list_evaluators(run):
        yield f"{NETWORKS}, {training.words}", _judge_evaluators(run, training)
    for training in _list_generators(run):
        yield f"{PAINTED}, {training.words}", _judge_generator(run, training, networks)


def _list_evaluators(run: RunData) -> Iterator[Training]:
    yield Training("leaky-relu", "LeakyReLU 0.2 (reference)", {"activation": "leaky_relu"})
    yield Training("last-weights", "last weights (reference)", {"keep_last": True})
    if run.profile.evaluator != PAPER.evaluator:
        words = "trained as in the later code"
        yield Training("later-training", words, {"settings": PAPER.evaluator})
    resized, _ = _preprocess_otherwise(run, interpolation=cv2.INTER_LINEAR)
    yield Training("bilinear", "images resized bilinearly", data=resized)
    centred, found = _preprocess_otherwise(run, find=find_iris_by_hough)
    yield Training("hough-circle", HOUGH, data=centred, figures={"iris found": found})
    if not run.by_patient:
        yield Training("next-split", "split by the next seed", data=_split_otherwise(run))


def _list_generators(run: RunData) -> Iterator[Training]:
    yield Training("equation-2", "Equation 2 as written", {"saturating": True})
    ours, theirs = run.profile.vgan, PAPER.vgan
    longer = replace(ours, steps=ceil(REFERENCE_EPOCHS * len(run.train_set) / ours.batch_size))
    if longer.steps > ours.steps:
        words = f"{REFERENCE_EPOCHS} epochs (reference)"
        yield Training("more-steps", words, {"settings": longer})
    sizes = replace(ours, kernel_size=theirs.kernel_size, units=theirs.units)
    if sizes != ours:
        words = f"kernel {sizes.kernel_size} and {sizes.units} units (reference)"
        yield Training("network-sizes", words, {"settings": sizes})


def _judge_evaluators(run: RunData, training: Training) -> dict[str, float]:
    """Train both evaluation networks otherwise, and judge them on their own test images."""
    data = training.data or (run.dataset, run.splits)
    arguments = {"settings": run.profile.evaluator} | training.choice
    networks = {}
    for task in TASKS:
        train = partial(train_evaluator, run, task=task, data=data, **arguments)
        folder = _train_once(run, f"{training.name}/{task}", arguments, train)
        activation = training.choice.get("activation", "relu")
        networks[task] = run.load_evaluator(task, folder, activation).predict
    dataset, splits = data
    return judge_networks(dataset.take(splits.test), networks) | training.figures


def _judge_generator(
    run: RunData, training: Training, networks: dict[str, Predict]
) -> dict[str, float]:
    """Train PPRL-VGAN otherwise, and have the run's networks judge what it paints."""
    arguments = {"settings": run.profile.vgan} | training.choice
    folder = _train_once(run, training.name, arguments, partial(train_vgan, run, **arguments))
    sets = METHODS[PAINTED].privatize(
        run.test_set,
        gallery=run.train_set,
        generator=run.load_generator(folder, arguments["settings"]),
        seed=run.seed,
        draws=run.draws,
    )
    return judge_sets(run.test_set, sets, networks)


def _train_once(run: RunData, name: str, arguments: dict, train: Callable[[Path], None]) -> Path:
    """Return the folder of a complete training, made now or before."""
    unit = f"{FOLDER}/{name}"
    plain = arguments | {"settings": asdict(arguments["settings"]), "seed": run.seed}
    key = {"settings": plain, "inputs": {PREPROCESSED: run.store.digest(PREPROCESSED)}}
    with run.store.locked_unit(unit):
        if not run.store.is_complete(unit, key):
            with run.store.writing(unit, key) as folder:
                train(folder)
    return run.store.folder(unit)


def _preprocess_otherwise(run: RunData, **choice) -> tuple[tuple[EyeDataset, Splits], float]:
    """Preprocess with other arguments of `preprocess_image`, and split as the run does.

    Returns:
        The data, and the share of images whose iris was found.
    """
    manifest, root = run.raw
    with run.track("finding irises", len(manifest)) as advance:
        images, facts = preprocess_images(
            manifest,
            root,
            run.profile.preprocess,
            workers=run.workers,
            on_image=advance,
            prepare=partial(preprocess_image, **choice),
        )
    data = to_dataset(images, _manifest(run), run.profile.preprocess.channels), run.splits
    return data, float(facts["iris_found"].mean())


def _manifest(run: RunData) -> pd.DataFrame:
    return load_manifest(run.store.folder(PREPROCESSED))


def _split_otherwise(run: RunData) -> tuple[EyeDataset, Splits]:
    dataset, split = run.dataset, run.profile.split
    other = replace(split, seed=split.seed + 1)
    return dataset, split_dataset(dataset.image_id, dataset.identity, other)
