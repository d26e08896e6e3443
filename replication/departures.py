"""What departures from the reference cost, measured on a run's own data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from replication.atomic_files import read_json
from replication.errors import DataError
from replication.metrics import accuracy, any_of_accuracy
from replication.privatize import METHODS
from replication.records import EyeDataset

# Keras's names; its leaky_relu has the reference's slope of 0.2.
ACTIVATIONS = {"ReLU (ours)": "relu", "LeakyReLU 0.2 (reference)": "leaky_relu"}
TASKS = ("identity", "glaucoma")
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
    test: EyeDataset, gallery: EyeDataset, predict: Callable[[np.ndarray], np.ndarray]
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
