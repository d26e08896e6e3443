"""Stage 06: what the two evaluation networks see in originals and privatized images (Table 1).

Leaves `predictions.csv` (one row per method, draw and test image), `table1.json`, `table1.csv`
and `table1.md`.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from replication.evaluate.outputs import PAGE, PREDICTIONS, TABLE
from replication.evaluate.table1 import (
    Table1,
    average_draws,
    build_table,
    evaluate_set,
    to_csv,
    to_json,
    to_markdown,
)
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, Table1Row
from replication.store.tables import write_table


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
    """Judge the original test set and every privatized one.

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
    predictions = []
    for judged in chain([originals], sets):
        seen = _predict(judged, test, identity_network, glaucoma_network)
        predictions.append(seen)
        draws.setdefault(judged.method, []).append(
            evaluate_set(
                judged.method,
                seen["predicted_identity"].to_numpy(),
                seen["glaucoma_probability"].to_numpy() > 0.5,
                source=test,
                used_identities=judged.used_identities,
            )
        )
    table = build_table([average_draws(rows) for rows in draws.values()])
    return table, pd.concat(predictions, ignore_index=True)


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
    (folder / PAGE).write_text(text, encoding="utf-8")


def _predict(
    judged: PrivatizedSet,
    test: EyeDataset,
    identity_network: Evaluator,
    glaucoma_network: Evaluator,
) -> pd.DataFrame:
    identities = identity_network.predict(judged.images)
    predicted = identities.argmax(axis=1)
    shown = replacement_lead = None
    if judged.used_identities is not None:
        shown = (predicted[:, None] == judged.used_identities).any(axis=1)
        replacement_lead = _lead(identities, judged.used_identities)
    return pd.DataFrame(
        {
            "method": judged.method,
            "draw": judged.draw,
            "image_id": test.image_id,
            "identity": test.identity,
            "glaucoma": test.glaucoma,
            "predicted_identity": predicted,
            "identity_lead": _lead(identities, test.identity[:, None]),
            "replacement_shown": shown,
            "replacement_lead": replacement_lead,
            "glaucoma_probability": glaucoma_network.predict(judged.images)[:, 1],
        }
    )


def _lead(probabilities: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return by how much the best of (N, K) chosen classes is above the best of the others."""
    is_chosen = np.zeros(probabilities.shape, dtype=bool)
    np.put_along_axis(is_chosen, chosen, True, axis=1)
    best = np.where(is_chosen, probabilities, -np.inf).max(axis=1)
    return best - np.where(is_chosen, -np.inf, probabilities).max(axis=1)
