"""Rows of relevance maps with known numbers: every claim about maps holds, to be spoilt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

PATIENTS, IMAGES_EACH, DRAWS = 40, 3, 2
WITH_GLAUCOMA = 16  # patients, all of whose images have glaucoma
SAME, DIFFERENT = "pprl-vgan-same-pathology", "pprl-vgan-different-pathology"
NOISE = 0.1


@dataclass(frozen=True)
class Planted:
    """Means of one set: of all agreements with the own and another original, and of the place."""

    own: float
    other: float
    in_iris: float
    in_upper_half: float


EVERY_CLAIM_HOLDS: Mapping[str, Planted] = {
    "original": Planted(np.nan, np.nan, 0.6, 0.4),
    SAME: Planted(0.7, 0.4, 0.6, 0.4),
    DIFFERENT: Planted(0.5, 0.4, 0.6, 0.25),
}


def plant_relevance(planted: Mapping[str, Planted] = EVERY_CLAIM_HOLDS) -> pd.DataFrame:
    """Make the rows of these sets, spread at random about their means."""
    rng = np.random.default_rng(5)
    return pd.concat(
        [
            _plant_draw(method, draw, planted[method], rng)
            for method in planted
            for draw in range(1 if method == "original" else DRAWS)
        ],
        ignore_index=True,
    )


def _plant_draw(method: str, draw: int, means: Planted, rng: np.random.Generator) -> pd.DataFrame:
    identity = np.repeat(np.arange(PATIENTS), IMAGES_EACH)
    spread = rng.normal(0, NOISE, (4, len(identity)))
    glaucoma = identity < WITH_GLAUCOMA
    rows = pd.DataFrame(
        {
            "method": method,
            "draw": draw,
            "image_id": [f"eye-{number}" for number in range(len(identity))],
            "identity": identity,
            "glaucoma": glaucoma,
            "explains_glaucoma": glaucoma & (method != DIFFERENT),
            "logit": 2 + spread[0],
            "relevance_sum": 9 + 3 * spread[0],
            "empty": False,
            "in_iris": means.in_iris,
            "in_upper_half": means.in_upper_half + spread[1] / 4,
            "iris_area": 0.3,
            "upper_half_area": 0.15,
        }
    )
    rows["upper_of_iris"] = rows["in_upper_half"] / rows["in_iris"]
    for measure in ("rank_correlation", "top_overlap", "structural_similarity"):
        rows[measure] = means.own + spread[2]
        rows[f"other_{measure}"] = means.other + spread[3]
    return rows
