"""What `measure-departures` does: compare our choices with others, on one run's data.

What has to be trained for it lies under the run's `departures`, one folder per training: a
measurement that was killed resumes where it was, and a second one trains nothing.
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
    evaluate_draws,
    evaluate_networks,
    measure_privatizers,
    measure_replacements,
)
from replication.studies.hough_circle import find_iris_by_hough

FOLDER = "departures"
NETWORKS = "evaluation networks"
DRAWN = "pprl-vgan-random"  # the regime by which generators are compared
REFERENCE_EPOCHS = 300  # PPRL-VGAN train.py
HOUGH = "centred by a Hough circle (later code)"


@dataclass(frozen=True)
class Training:
    """A training that differs from the run's own in one point.

    Args:
        name: of its folder, below `FOLDER`.
        words: name of the other choice.
        choice: arguments of `train_evaluator` or `train_vgan` of `pipeline.stages`.
        data: to train and test on, None for the run's.
        figures: what else is measured of the choice, fractions in [0, 1].
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
    yield f"{NETWORKS}, ours", evaluate_networks(run.test_set, networks) | found
    drawing = {"seed": run.seed, "draws": run.draws}
    yield from measure_privatizers(run.test_set, run.train_set, run.generator, networks, **drawing)
    sets = run.load_sets(tuple(name for name in run.methods if METHODS[name].needs_generator))
    yield from measure_replacements(run.test_set, sets, networks["identity"]).items()
    for training in _list_evaluators(run):
        yield f"{NETWORKS}, {training.words}", _evaluate_evaluators(run, training)
    for training in _list_generators(run):
        yield f"{DRAWN}, {training.words}", _evaluate_generator(run, training, networks)


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


def _evaluate_evaluators(run: RunData, training: Training) -> dict[str, float]:
    """Train both evaluation networks otherwise, and evaluate them on their own test images."""
    data = training.data or (run.dataset, run.splits)
    arguments = {"settings": run.profile.evaluator} | training.choice
    networks = {}
    for task in TASKS:
        train = partial(train_evaluator, run, task=task, data=data, **arguments)
        folder = _train_once(run, f"{training.name}/{task}", arguments, train)
        activation = training.choice.get("activation", "relu")
        networks[task] = run.load_evaluator(task, folder, activation).predict
    dataset, splits = data
    return evaluate_networks(dataset.take(splits.test), networks) | training.figures


def _evaluate_generator(
    run: RunData, training: Training, networks: dict[str, Predict]
) -> dict[str, float]:
    """Train PPRL-VGAN otherwise, and evaluate its images by the run's networks."""
    arguments = {"settings": run.profile.vgan} | training.choice
    folder = _train_once(run, training.name, arguments, partial(train_vgan, run, **arguments))
    sets = METHODS[DRAWN].privatize(
        run.test_set,
        gallery=run.train_set,
        generator=run.load_generator(folder, arguments["settings"]),
        seed=run.seed,
        draws=run.draws,
    )
    return evaluate_draws(run.test_set, sets, networks)


def _train_once(run: RunData, name: str, arguments: dict, train: Callable[[Path], None]) -> Path:
    """Return the folder of a training that is complete, now or since before."""
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
        The data, and the rate of images whose iris was found.
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
