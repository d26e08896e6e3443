"""Predictions with known numbers: a table of a run in which every claim holds, to be spoilt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

PATIENTS, IMAGES_EACH = 120, 5
WITH_GLAUCOMA = 40  # patients, all of whose images have glaucoma


@dataclass(frozen=True)
class Rates:
    """What the evaluators predict of a method, as fractions of images."""

    identity: float
    replacement: float | None
    true_positive: float
    false_positive: float


EVERY_CLAIM_HOLDS: Mapping[str, Rates] = {
    "original": Rates(0.9, None, 0.95, 0.04),
    "blur-3": Rates(0.7, None, 0.93, 0.05),
    "blur-9": Rates(0.5, None, 0.6, 0.05),
    "blur-15": Rates(0.4, None, 0.4, 0.05),
    "blur-21": Rates(0.3, None, 0.1, 0.05),
    "k-same-3": Rates(0.2, 0.4, 0.8, 0.1),
    "k-same-6": Rates(0.12, 0.35, 0.6, 0.15),
    "k-same-9": Rates(0.06, 0.33, 0.4, 0.2),
    "k-same-12": Rates(0.01, 0.31, 0.2, 0.25),
    "pprl-vgan-random": Rates(0.01, 0.8, 0.7, 0.2),
    "pprl-vgan-same-pathology": Rates(0.01, 0.8, 0.9, 0.1),
    "pprl-vgan-different-pathology": Rates(0.0, 0.7, 0.4, 0.4),
    "pprl-vgan-averaged-random": Rates(0.03, 0.1, 0.8, 0.12),
    "pprl-vgan-averaged-same-pathology": Rates(0.03, 0.1, 0.9, 0.05),
}
BEYOND_HOLDS: Mapping[str, Rates] = {  # methods that the paper hasn't
    "k-same-grouped-3": Rates(0.2, 0.4, 0.8, 0.1),
    "k-same-grouped-6": Rates(0.1, 0.35, 0.6, 0.15),
    "k-same-grouped-12": Rates(0.01, 0.31, 0.2, 0.25),
    "dp-pix-16": Rates(0.01, None, 0.2, 0.25),
}


def plant_predictions(rates: Mapping[str, Rates], *, draws: int = 1) -> pd.DataFrame:
    """Make predictions that have exactly these rates, spread at random over the images."""
    rng = np.random.default_rng(3)
    return pd.concat(
        [
            _plant_draw(method, draw, rates[method], rng)
            for method in rates
            for draw in range(draws)
        ],
        ignore_index=True,
    )


def _plant_draw(method: str, draw: int, rates: Rates, rng: np.random.Generator) -> pd.DataFrame:
    identity = np.repeat(np.arange(PATIENTS), IMAGES_EACH)
    glaucoma = identity < WITH_GLAUCOMA
    named = np.where(_choose(np.ones_like(glaucoma), rates.identity, rng), identity, PATIENTS)
    shown = None
    if rates.replacement is not None:
        shown = _choose(np.ones_like(glaucoma), rates.replacement, rng)
    positive = _choose(glaucoma, rates.true_positive, rng)
    positive |= _choose(~glaucoma, rates.false_positive, rng)
    return pd.DataFrame(
        {
            "method": method,
            "draw": draw,
            "image_id": [f"eye-{number}" for number in range(len(identity))],
            "identity": identity,
            "glaucoma": glaucoma,
            "predicted_identity": named,
            "replacement_shown": shown,
            "glaucoma_probability": np.where(positive, 0.9, 0.1),
        }
    )


def _choose(among: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    chosen = np.zeros(len(among), dtype=bool)
    pool = np.flatnonzero(among)
    chosen[rng.choice(pool, size=round(rate * len(pool)), replace=False)] = True
    return chosen
