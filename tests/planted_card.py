"""Cards of planted pictures: of no patient, with everything that a card may have."""

from dataclasses import replace

import numpy as np
from fake_eyes import plant_eyes

from replication.cases.card import Card, Case, Risk, Shown
from replication.privatize.methods import METHODS

EYES = plant_eyes(6, 1, size_px=64)
QUERY_ID = "given; not among the cases' patients"


def plant_shown(row: int, probability: float) -> Shown:
    """Return an eye with a verdict and a map."""
    relevance = np.random.default_rng(row).random((64, 64), dtype=np.float32)
    return Shown(EYES.images[row], probability, relevance)


def plant_case(row: int, *, glaucoma: bool = True, probability: float = 0.9) -> Case:
    """Return a case, by default with glaucoma in diagnosis and verdict."""
    similar = np.random.default_rng(row).random((4, 4))
    shown = plant_shown(row, probability)
    return Case(shown, glaucoma, similar, 0.31 + row / 100, 0.004, 1 + row, f"{row}" * 64)


def plant_card(**others) -> Card:
    """Return a card of two cases and a counter-case; others are fields to have otherwise."""
    card = Card(
        query=plant_shown(0, 0.93),
        eye="right",
        own_patient=QUERY_ID,
        method=METHODS["k-same-grouped-6"],
        alike=6,
        cases=[plant_case(1), plant_case(2, probability=0.2)],
        counter=[plant_case(3, glaucoma=False, probability=0.1)],
        refused={"it is nearly a copy of a training image": 2},
        redrawn=1,
        risks=[
            Risk("The patient", "LDA, image", 0.031, 0.012, 0.059, 0.0087, True),
            Risk("Others whose images went in", "AUC used / unused", 0.61, None, None, 0.5, False),
        ],
        bound=0.1634,
        synthetic=True,
    )
    return replace(card, **others)
