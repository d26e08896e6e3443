"""What departures from the reference cost, measured on a run's own data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from replication.atomic_files import read_json
from replication.errors import DataError
from replication.metrics import accuracy, any_of_accuracy
from replication.privatize import METHODS, Generator
from replication.records import EyeDataset, PrivatizedSet

# Keras's names; its leaky_relu has the reference's slope of 0.2.
ACTIVATIONS = {"ReLU (ours)": "relu", "LeakyReLU 0.2 (reference)": "leaky_relu"}
TASKS = ("identity", "glaucoma")
Predict = Callable[[np.ndarray], np.ndarray]  # (N, H, W, C) images to (N, classes) probabilities
ROUNDED = "pprl-vgan-random"
COSTS = "departures.json"


def read_costs(root: Path) -> dict[str, dict[str, float]] | None:
    """Return what departures were measured to cost in a run, None where they weren't.

    Args:
        root: the run's folder.

    Returns:
        Per choice, accuracies by name, fractions in [0, 1].

    Raises:
        SettingsError: when the file is no JSON.
        DataError: when it holds anything else than that.
    """
    file = root / COSTS
    if not file.exists():
        return None
    costs = read_json(file)
    if not all(isinstance(figures, dict) for figures in costs.values()) or not all(
        isinstance(figure, float) and 0 <= figure <= 1
        for figures in costs.values()
        for figure in figures.values()
    ):
        raise DataError(f"{file}: not what `cli.py measure-departures` leaves there; run it again")
    return costs


def measure_activations(
    test: EyeDataset, train_and_predict: Callable[[str, str], np.ndarray]
) -> dict[str, dict[str, float]]:
    """Compare the evaluation networks' test accuracy with each activation.

    Args:
        test: the N original test images.
        train_and_predict: trains a network for a task with an activation, the rest alike, and
            returns its (N, classes) probabilities for the test images.

    Returns:
        Per activation, the accuracy by task, fractions in [0, 1].
    """
    return {
        name: {
            task: accuracy(train_and_predict(task, activation).argmax(axis=1), getattr(test, task))
            for task in TASKS
        }
        for name, activation in ACTIVATIONS.items()
    }


def measure_own_patient(
    test: EyeDataset, gallery: EyeDataset, predict: Predict
) -> dict[str, dict[str, float]]:
    """Compare K-Same-Select with and without the query's own patient among the K.

    Args:
        test: the N original test images.
        gallery: the training images.
        predict: the trained identity network, images to (N, classes) probabilities.

    Returns:
        Per method and choice, identity and replacement accuracy, fractions in [0, 1].
    """
    measured = {}
    for method in METHODS.values():
        if not method.name.startswith("k-same"):
            continue
        for own_patient, words in ((False, "without"), (True, "with")):
            (privatized,) = method.privatize(
                test, gallery=gallery, generator=None, seed=0, draws=1, own_patient=own_patient
            )
            seen = predict(privatized.images).argmax(axis=1)
            measured[f"{method.name}, {words} the own patient"] = {
                "identity": accuracy(seen, test.identity),
                "replacement": any_of_accuracy(seen, privatized.used_identities),
            }
    return measured


def measure_replacements(
    test: EyeDataset, sets: Iterable[PrivatizedSet], predict: Predict
) -> dict[str, dict[str, float]]:
    """Compare, in PPRL-VGAN's sets, who counts as a replacement and who may be one.

    Args:
        test: the N original test images.
        sets: draws of PPRL-VGAN's regimes on them.
        predict: the trained identity network.

    Returns:
        Per averaged regime, replacement accuracy by whether the original counts too; per other
        regime, identity accuracy with and without the images whose patient was drawn to replace
        themselves. Means over the draws, fractions in [0, 1].
    """
    found = defaultdict(list)
    own = test.identity[:, None]
    for drawn in sets:
        seen, used = predict(drawn.images).argmax(axis=1), drawn.used_identities
        if used.shape[1] > 1:
            choices = {
                "the replacements count": {"replacement": any_of_accuracy(seen, used)},
                "the original counts too": {
                    "replacement": any_of_accuracy(seen, np.hstack([own, used]))
                },
            }
        else:
            others = (used != own).all(axis=1)
            choices = {
                "all images": {"identity": accuracy(seen, test.identity)},
                "but for patients who replace themselves": {
                    "identity": accuracy(seen[others], test.identity[others])
                },
            }
        for words, figures in choices.items():
            found[f"{drawn.method}, {words}"].append(figures)
    return {name: pd.DataFrame(figures).mean().to_dict() for name, figures in found.items()}


def measure_rounding(
    test: EyeDataset,
    gallery: EyeDataset,
    generator: Generator,
    networks: Mapping[str, Predict],
    *,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Compare the first draw of PPRL-VGAN's random identities before and after rounding to bytes.

    Args:
        test: the N original test images.
        gallery: the training images.
        generator: the trained networks.
        networks: the trained evaluation network of each task.
        seed: of the run.

    Returns:
        Per choice, identity, glaucoma and replacement accuracy, fractions in [0, 1].
    """
    measured = {}
    for rounded, words in ((True, "rounded"), (False, "not rounded")):
        (drawn,) = METHODS[ROUNDED].privatize(
            test, gallery=gallery, generator=generator, seed=seed, draws=1, rounded=rounded
        )
        seen = {task: networks[task](drawn.images).argmax(axis=1) for task in TASKS}
        measured[f"{ROUNDED}, one draw, {words}"] = {
            task: accuracy(seen[task], getattr(test, task)) for task in TASKS
        } | {"replacement": any_of_accuracy(seen["identity"], drawn.used_identities)}
    return measured
