"""What departures from the reference cost (ablations), measured on a run's own data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from replication.evaluate.metrics import accuracy, any_of_accuracy
from replication.evaluate.table1 import average_draws, evaluate_set
from replication.privatize.methods import BASELINE, METHODS, Pool
from replication.records import EyeDataset, Generator, PrivatizedSet
from replication.results.measured import Costs

TASKS = ("identity", "glaucoma")
Predict = Callable[[np.ndarray], np.ndarray]  # (N, H, W, C) images to (N, classes) probabilities
Networks = Mapping[str, Predict]  # the trained evaluation network of each task

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


def evaluate_networks(test: EyeDataset, networks: Networks) -> dict[str, float]:
    """Return the accuracy of each task's network on the original test images, in [0, 1]."""
    return evaluate_draws(test, [PrivatizedSet(BASELINE, 0, test.images, None)], networks)


def evaluate_draws(
    test: EyeDataset, sets: Iterable[PrivatizedSet], networks: Networks
) -> dict[str, float]:
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
    test: EyeDataset,
    gallery: EyeDataset,
    generator: Generator,
    networks: Networks,
    *,
    seed: int,
    draws: int,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Compare privatizers with other arguments (`PRIVATIZERS`), where nothing is trained anew.

    Args:
        test: the N original test images.
        gallery: the training images.
        generator: the trained networks.
        networks: of each task.
        seed: of the run.
        draws: sets per method that draws.

    Yields:
        A method with a choice, and what `evaluate_draws` returns.
    """
    given = {"gallery": gallery, "generator": generator, "seed": seed, "draws": draws}
    for name, choices in PRIVATIZERS.items():
        for words, arguments in choices.items():
            sets = METHODS[name].privatize(test, **given, **arguments)
            yield f"{name}, {words}", evaluate_draws(test, sets, networks)


def measure_replacements(
    test: EyeDataset, sets: Iterable[PrivatizedSet], predict: Predict
) -> Costs:
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
        predicted, used = predict(drawn.images).argmax(axis=1), drawn.used_identities
        if used.shape[1] > 1:
            measure, choices = (
                "replacement",
                {
                    "the replacements count": any_of_accuracy(predicted, used),
                    "the original counts too": any_of_accuracy(predicted, np.hstack([own, used])),
                },
            )
        else:
            others = (used != own).all(axis=1)
            measure, choices = (
                "identity",
                {
                    "all images": accuracy(predicted, test.identity),
                    "but for patients who replace themselves": accuracy(
                        predicted[others], test.identity[others]
                    ),
                },
            )
        for words, figure in choices.items():
            found[f"{drawn.method}, {words}"].append({measure: figure})
    return {name: pd.DataFrame(figures).mean().to_dict() for name, figures in found.items()}
