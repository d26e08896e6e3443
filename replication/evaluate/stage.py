"""Stage 06: measure what two evaluation networks recognise in every image (Table 1, paper §2.3).

Leaves `predictions.csv` (one row per method, draw and test image), `table1.json`, `table1.csv`
and `table1.md`, and of methods that the paper hasn't, where some were run, `beyond.csv` and
`beyond.md`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn import metrics

from replication.errors import DataError
from replication.evaluate.beyond import CSV_BEYOND, PAGE_BEYOND, lay_out_beyond
from replication.evaluate.equal_images import bound_naming
from replication.evaluate.table1 import (
    PAGE,
    PREDICTIONS,
    TABLE,
    PoolSize,
    Table1,
    Table1Row,
    build_table,
    to_csv,
    to_json,
    to_markdown,
)
from replication.privatize.methods import BASELINE, METHODS
from replication.records import TABLE1_METRICS, EyeDataset, PrivatizedSet, mark_classes
from replication.store.tables import write_table
from replication.store.words import put


class Evaluator(Protocol):
    """A trained evaluation network."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, classes) probabilities of (N, H, W, C) images in [-1, 1]."""


def evaluate_sets(
    test: EyeDataset,
    sets: Iterable[PrivatizedSet],
    *,
    identity_network: Evaluator,
    glaucoma_network: Evaluator,
) -> tuple[Table1, pd.DataFrame]:
    """Evaluate the original test set and every privatized one.

    Args:
        test: the N original test images.
        sets: all draws of all methods, those of one method together.
        identity_network: trained on the patients' identities.
        glaucoma_network: trained on glaucoma, class 1.

    Returns:
        The table, each method the mean over its draws, and the predictions, one row per method,
        draw and image: method, draw, image_id; identity and glaucoma, the truth;
        predicted_identity; identity_lead, by how much the patient's probability is above the best
        other one; replacement_shown, whether a used identity is predicted, and replacement_lead,
        by how much the best used one is above the best other one (None where none are used);
        glaucoma_probability.
    """
    originals = PrivatizedSet(BASELINE, 0, test.images, None)
    draws: dict[str, list[Table1Row]] = {}
    predictions, at_most = [], {}
    for drawn in chain([originals], sets):
        found = _predict(drawn, test, identity_network, glaucoma_network)
        predictions.append(found)
        row = evaluate_set(
            drawn.method,
            found["predicted_identity"].to_numpy(),
            found["glaucoma_probability"].to_numpy() > 0.5,
            source=test,
            used_identities=drawn.used_identities,
        )
        draws.setdefault(drawn.method, []).append(row)
        if drawn.draw == 0:
            at_most[drawn.method] = bound_naming(drawn, test.identity)
    table = build_table([average_draws(rows) for rows in draws.values()])
    beyond = {row.method: at_most[row.method] for row in table.beyond}
    return replace(table, at_most=beyond), pd.concat(predictions, ignore_index=True)


def _predict(
    drawn: PrivatizedSet,
    test: EyeDataset,
    identity_network: Evaluator,
    glaucoma_network: Evaluator,
) -> pd.DataFrame:
    identities = identity_network.predict(drawn.images)
    predicted = identities.argmax(axis=1)
    shown = replacement_lead = None
    if drawn.used_identities is not None:
        shown = (predicted[:, None] == drawn.used_identities).any(axis=1)
        replacement_lead = _lead(identities, drawn.used_identities)
    return pd.DataFrame(
        {
            "method": drawn.method,
            "draw": drawn.draw,
            "image_id": test.image_id,
            "identity": test.identity,
            "glaucoma": test.glaucoma,
            "predicted_identity": predicted,
            "identity_lead": _lead(identities, test.identity[:, None]),
            "replacement_shown": shown,
            "replacement_lead": replacement_lead,
            "glaucoma_probability": glaucoma_network.predict(drawn.images)[:, 1],
        }
    )


def _lead(probabilities: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return by how much the best of (N, K) chosen classes is above the best of the others.

    Where NOBODY is chosen, 0 stands for the best.
    """
    is_chosen = mark_classes(chosen, probabilities.shape[1])
    best = np.where(is_chosen, probabilities, 0).max(axis=1)
    return best - np.where(is_chosen, -np.inf, probabilities).max(axis=1)


def evaluate_set(
    method: str,
    predicted_identity: np.ndarray,
    predicted_glaucoma: np.ndarray,
    *,
    source: EyeDataset,
    used_identities: np.ndarray | None,
) -> Table1Row:
    """Return the row of one draw of one method, or of the original test set.

    Args:
        method: name of the row.
        predicted_identity: (N,) identity classes predicted from the privatized images.
        predicted_glaucoma: (N,) bool.
        source: the N original images with their true labels.
        used_identities: (N, K) replacement identities, or None where there are none.

    Raises:
        DataError: when lengths differ, or no original image has glaucoma, so that there is no F1.
    """
    replacement = None
    if used_identities is not None:
        replacement = any_of_accuracy(predicted_identity, used_identities)
    return Table1Row(
        method,
        True,
        identity_accuracy=accuracy(predicted_identity, source.identity),
        replacement_accuracy=replacement,
        glaucoma_accuracy=accuracy(predicted_glaucoma, source.glaucoma),
        glaucoma_f1=f1_score(predicted_glaucoma, source.glaucoma),
    )


def accuracy(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the fraction of (N,) classes predicted right.

    Raises:
        DataError: when there are no images or the lengths differ.
    """
    _check_aligned(predicted, actual)
    return float(metrics.accuracy_score(actual, predicted))


def any_of_accuracy(predicted: np.ndarray, used: np.ndarray) -> float:
    """Return the fraction of images predicted as any of the identities used to make them.

    Args:
        predicted: (N,) identity classes.
        used: (N, K) identity classes.

    Raises:
        DataError: as `accuracy`.
    """
    _check_aligned(predicted, used)
    return float(np.mean((predicted[:, None] == used).any(axis=1)))


def f1_score(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the F1 score of (N,) bool, True for glaucoma.

    Raises:
        DataError: as `accuracy`, or when no image has glaucoma, so that F1 means nothing.
    """
    _check_aligned(predicted, actual)
    if not actual.any():
        raise DataError("F1: none of the images has glaucoma; choose a test set with both classes")
    return float(metrics.f1_score(actual, predicted))


def _check_aligned(predicted: np.ndarray, actual: np.ndarray) -> None:
    """Raise DataError unless there is a prediction for each of at least one image."""
    if len(predicted) == 0 or len(predicted) != len(actual):
        raise DataError(
            f"predictions: expected one per image, got {len(predicted)} for {len(actual)}"
        )


def average_draws(rows: Sequence[Table1Row]) -> Table1Row:
    """Return the mean row over the draws of one method; the paper's digits fit a mean over 10.

    Raises:
        DataError: when there is no row, or rows of several methods.
    """
    methods = {row.method for row in rows}
    if len(methods) != 1:
        raise DataError(f"draws: expected rows of one method, got {sorted(methods)}")
    means = {}
    for name in TABLE1_METRICS:
        values = [getattr(row, name) for row in rows]
        means[name] = None if None in values else float(np.mean(values))
    return Table1Row(rows[0].method, True, **means)


def measure_pools(
    methods: Iterable[str], test: EyeDataset, gallery: EyeDataset
) -> tuple[PoolSize, ...]:
    """Return how many patients each method that draws replacements draws them from.

    Args:
        methods: names, in the table's order; those that draw none have no entry.
        test: the images to privatize; labels that none of them has have no entry.
        gallery: the training images.
    """
    found = []
    for name in methods:
        if METHODS[name].count_pools is None:
            continue
        sizes = METHODS[name].count_pools(test, gallery)
        for label in np.unique(test.glaucoma):
            own = sizes[test.glaucoma == label]
            found.append(PoolSize(name, bool(label), len(own), int(own.min()), int(own.max())))
    return tuple(found)


def write_evaluation(
    folder: Path,
    table: Table1,
    predictions: pd.DataFrame,
    *,
    paper_percent: Mapping[tuple[str, str], str],
    heading: str,
) -> None:
    """Write the table in its three forms, and the predictions it comes from.

    Args:
        folder: of the stage.
        table: Table 1, measured.
        predictions: of `evaluate_sets`.
        paper_percent: the paper's printed digits by method and metric.
        heading: of the Markdown table: which data, which settings.
    """
    write_table(predictions, folder / PREDICTIONS)
    (folder / TABLE).write_text(to_json(table), encoding="utf-8")
    (folder / "table1.csv").write_text(to_csv(table), encoding="utf-8")
    text = f"{heading}\n\n{to_markdown(table, paper_percent=paper_percent)}"
    (folder / PAGE).write_text(put(text), encoding="utf-8")
    if further := lay_out_beyond(table):
        (folder / CSV_BEYOND).write_text(to_csv(table, beyond=True), encoding="utf-8")
        (folder / PAGE_BEYOND).write_text(put(f"{further.to_markdown()}\n"), encoding="utf-8")
