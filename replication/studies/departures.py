"""What departures from the reference cost (ablations), measured on a run's own data.

What has to be trained for it lies under the run's `departures`, one folder per training: a
measurement that was killed resumes where it was, and a second one trains nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

import cv2
import numpy as np
import pandas as pd

from replication.config import PAPER
from replication.errors import SettingsError
from replication.evaluate.stage import accuracy, any_of_accuracy, average_draws, evaluate_set
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import list_explained, train_evaluator, train_vgan
from replication.preprocess.frame import preprocess_image
from replication.preprocess.split import split_dataset
from replication.preprocess.stage import preprocess_images
from replication.privatize.methods import BASELINE, METHODS, Pool
from replication.records import EyeDataset, Generator, PrivatizedSet, Splits
from replication.results.finished_run import COSTS, Costs
from replication.store.arrays import load_manifest, to_dataset
from replication.store.files import write_json
from replication.store.run_record import EVALUATORS, PREPROCESSED
from replication.studies.hough_circle import find_iris_by_hough
from replication.studies.train_once import train_once

TASKS = ("identity", "glaucoma")
FOLDER = "departures"
NETWORKS = "evaluation networks"
DRAWN = "pprl-vgan-random"  # the regime by which generators are compared
REFERENCE_EPOCHS = 300  # PPRL-VGAN train.py
LATER = "trained as in the later code"
HOUGH = "centred by a Hough circle (later code)"

Predict = Callable[[np.ndarray], np.ndarray]  # (N, H, W, C) images to (N, classes) probabilities
Networks = Mapping[str, Predict]  # the trained evaluation network of each task
Figures = dict[str, float]  # accuracies and the like by name, fractions in [0, 1]
Data = tuple[EyeDataset, Splits]

_OWN_PATIENT = {
    "without the own patient": {"own_patient": False},
    "with the own patient": {"own_patient": True},
}
# Per method, ours first, the arguments that a choice stands for.
PRIVATIZERS = {
    **{
        f"blur-{kernel_px}": {
            "sigma of OpenCV": {"sigma_px": 0.0},
            "sigma a sixth of the kernel": {"sigma_px": kernel_px / 6},
        }
        for kernel_px in (3, 9, 15, 21)
    },
    **{f"k-same-{k}": _OWN_PATIENT for k in (3, 6, 9, 12)},
    "pprl-vgan-random": {"ours": {}, "not rounded": {"rounded": False}},
    "pprl-vgan-different-pathology": {
        "patients without the own label": {"pool": Pool.DIFFERENT_PATHOLOGY},
        "patients with the other label": {"pool": Pool.OTHER_PATHOLOGY_TOO},
    },
    "pprl-vgan-averaged-random": {
        "with five others": {"others_only": True},
        "with five of all": {"others_only": False},
    },
}


def measure_departures(run: RunData) -> Iterator[tuple[str, Figures]]:
    """Measure what choices of ours cost; `departures.json` in the run's folder has all so far.

    Yields:
        A choice and its accuracies, fractions in [0, 1], once it is written.

    Raises:
        SettingsError: when the images aren't centred on irises.
    """
    if not run.profile.preprocess.on_irises:
        raise SettingsError(
            "measure-departures: one choice is how irises are found, and --centring "
            f"{run.profile.preprocess.centring} finds none"
        )
    measured = {}
    with run.store.locked():
        for choice, figures in _measure_choices(run):
            measured[choice] = figures
            write_json(run.store.root / COSTS, measured)
            yield choice, figures


def _measure_choices(run: RunData) -> Iterator[tuple[str, Figures]]:
    networks = {task: run.load_evaluator(task).predict for task in EVALUATORS}
    found = {"iris found": float(_manifest(run)["iris_found"].mean())}
    yield f"{NETWORKS}, ours", evaluate_networks(run.test_set, networks) | found
    yield from measure_privatizers(run.test_set, networks, **_give(run, run.generator))
    sets = run.load_sets(list_explained(run.released))
    yield from measure_replacements(run.test_set, sets, networks["identity"]).items()
    for training in _list_evaluators(run):
        yield f"{NETWORKS}, {training.words}", _evaluate_evaluators(run, training)
    for training in _list_generators(run):
        yield f"{DRAWN}, {training.words}", _evaluate_generator(run, training, networks)


def evaluate_networks(test: EyeDataset, networks: Networks) -> Figures:
    """Return the accuracy of each task's network on the original test images, in [0, 1]."""
    return evaluate_draws(test, [PrivatizedSet(BASELINE, 0, test.images, None)], networks)


def evaluate_draws(test: EyeDataset, sets: Iterable[PrivatizedSet], networks: Networks) -> Figures:
    """Return the accuracies on the draws of one method, as Table 1 measures them.

    Returns:
        Identity, glaucoma and, where others' identities went in, replacement accuracy: means over
        the draws, fractions in [0, 1].
    """
    rows = []
    for drawn in sets:
        identity, glaucoma = (networks[task](drawn.images).argmax(axis=1) for task in TASKS)
        used = drawn.used_identities
        rows.append(
            evaluate_set(
                drawn.method, identity, glaucoma.astype(bool), source=test, used_identities=used
            )
        )
    mean = average_draws(rows)
    figures = {"identity": mean.identity_accuracy, "glaucoma": mean.glaucoma_accuracy}
    if mean.replacement_accuracy is not None:
        figures["replacement"] = mean.replacement_accuracy
    return figures


def measure_privatizers(
    test: EyeDataset, networks: Networks, **given
) -> Iterator[tuple[str, Figures]]:
    """Compare privatizers with other arguments (`PRIVATIZERS`), where nothing is trained anew.

    Gallery, generator, seed and draws are given as every method takes them.

    Yields:
        A method with a choice, and what `evaluate_draws` returns.
    """
    for name, choices in PRIVATIZERS.items():
        for words, arguments in choices.items():
            sets = METHODS[name].privatize(test, **given, **arguments)
            yield f"{name}, {words}", evaluate_draws(test, sets, networks)


def measure_replacements(
    test: EyeDataset, sets: Iterable[PrivatizedSet], predict: Predict
) -> Costs:
    """Compare, in draws of PPRL-VGAN, who counts as a replacement and who may be one.

    Returns:
        Per averaged regime, replacement accuracy by whether the original counts too; per other
        regime, identity accuracy with and without the images whose patient was drawn to replace
        themselves. Means over the draws, fractions in [0, 1].
    """
    found = defaultdict(list)
    own = test.identity[:, None]
    for drawn in sets:
        predicted, used = predict(drawn.images).argmax(axis=1), drawn.used_identities
        if used.shape[1] > 1:
            counted = {"the replacements count": used}
            counted["the original counts too"] = np.hstack([own, used])
            figures = {
                words: {"replacement": any_of_accuracy(predicted, identities)}
                for words, identities in counted.items()
            }
        else:
            images = {"all images": np.ones(len(test), bool)}
            images["but for patients who replace themselves"] = (used != own).all(axis=1)
            figures = {
                words: {"identity": accuracy(predicted[rows], test.identity[rows])}
                for words, rows in images.items()
            }
        for words, figure in figures.items():
            found[f"{drawn.method}, {words}"].append(figure)
    return {name: pd.DataFrame(figures).mean().to_dict() for name, figures in found.items()}


@dataclass(frozen=True)
class Training:
    """A training that differs from the run's own in one point."""

    name: str  # of its folder, below `FOLDER`
    words: str  # name of the other choice
    choice: dict = field(default_factory=dict)  # arguments of a training of `pipeline.stages`
    data: Data | None = None  # to train and test on, None for the run's
    figures: Figures = field(default_factory=dict)  # what else is measured of the choice


def _list_evaluators(run: RunData) -> Iterator[Training]:
    yield Training("leaky-relu", "LeakyReLU 0.2 (reference)", {"activation": "leaky_relu"})
    yield Training("last-weights", "last weights (reference)", {"keep_last": True})
    if run.profile.evaluator != PAPER.evaluator:
        yield Training("later-training", LATER, {"settings": PAPER.evaluator})
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
        yield Training("more-steps", f"{REFERENCE_EPOCHS} epochs (reference)", {"settings": longer})
    sizes = replace(ours, kernel_size=theirs.kernel_size, units=theirs.units)
    if sizes != ours:
        words = f"kernel {sizes.kernel_size} and {sizes.units} units (reference)"
        yield Training("network-sizes", words, {"settings": sizes})


def _evaluate_evaluators(run: RunData, training: Training) -> Figures:
    """Train both evaluation networks otherwise, and evaluate them on their own test images."""
    data = training.data or (run.dataset, run.splits)
    networks = {}
    for task in TASKS:
        arguments = {"settings": run.find_training(task)} | training.choice
        train = partial(train_evaluator, run, task=task, data=data, **arguments)
        folder = train_once(run, f"{FOLDER}/{training.name}/{task}", arguments, train)
        activation = training.choice.get("activation", "relu")
        networks[task] = run.load_evaluator(task, folder, activation).predict
    dataset, splits = data
    return evaluate_networks(dataset.take(splits.test), networks) | training.figures


def _evaluate_generator(run: RunData, training: Training, networks: Networks) -> Figures:
    """Train PPRL-VGAN otherwise, and evaluate its images by the run's networks."""
    arguments = {"settings": run.profile.vgan} | training.choice
    train = partial(train_vgan, run, **arguments)
    folder = train_once(run, f"{FOLDER}/{training.name}", arguments, train)
    settings = arguments["settings"]
    generator = run.load_generator(folder, settings, identities=run.patients)
    sets = METHODS[DRAWN].privatize(run.test_set, **_give(run, generator))
    return evaluate_draws(run.test_set, sets, networks)


def _give(run: RunData, generator: Generator) -> dict:
    """Return what every method takes beside the images."""
    given = {"gallery": run.train_set, "generator": generator}
    return given | {"seed": run.drawing_seed, "draws": run.draws}


def _preprocess_otherwise(run: RunData, **choice) -> tuple[Data, float]:
    """Preprocess otherwise, and split as the run does; return the rate of irises found, too."""
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


def _split_otherwise(run: RunData) -> Data:
    other = replace(run.profile.split, seed=run.profile.split.seed + 1)
    return run.dataset, split_dataset(run.dataset.image_id, run.dataset.identity, other)


def _manifest(run: RunData) -> pd.DataFrame:
    return load_manifest(run.store.folder(PREPROCESSED))
