"""What departures from the reference cost, measured on a run's own data.

Leaves `departures.json` in the run's folder: the test accuracy of both evaluation networks with
our ReLU and with the reference's LeakyReLU(0.2), trained alike.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from replication.config import EvaluatorSettings
from replication.metrics import accuracy
from replication.records import EyeDataset, Splits
from replication.train_evaluators import WEIGHTS, train_evaluator
from replication.trained_networks import TrainedEvaluator

ACTIVATIONS = {"ReLU (ours)": "relu", "LeakyReLU 0.2 (reference)": tf.nn.leaky_relu}


def measure_activations(
    dataset: EyeDataset,
    splits: Splits,
    *,
    settings: EvaluatorSettings,
    seed: int,
    folder: Path,
    on_network=lambda: None,
) -> dict[str, dict[str, float]]:
    """Train each evaluation network with each activation and compare their test accuracies.

    Args:
        dataset: the preprocessed eyes.
        splits: their subsets.
        settings: of the training, the same for all.
        seed: of the training, the same for all.
        folder: scratch space for weights.
        on_network: called after each of the four trainings.

    Returns:
        Per activation, the accuracy by task, fractions in [0, 1].
    """
    test = dataset.take(splits.test)
    measured = {}
    for name, activation in ACTIVATIONS.items():
        measured[name] = {}
        for task, classes in (("identity", int(dataset.identity.max()) + 1), ("glaucoma", 2)):
            train_evaluator(
                dataset.take(splits.train),
                dataset.take(splits.validation),
                task=task,
                classes=classes,
                settings=settings,
                seed=seed,
                folder=folder,
                activation=activation,
            )
            network = TrainedEvaluator(
                folder / WEIGHTS, classes, test.images.shape[1:], settings, activation=activation
            )
            predicted = network.predict(test.images).argmax(axis=1)
            measured[name][task] = accuracy(predicted, getattr(test, task))
            on_network()
    return measured
