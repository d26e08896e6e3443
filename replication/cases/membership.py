"""Is somebody among the cases? What an attacker learns who queries again and again.

Ours. The attacker has photographs of patients, other than the cases' own, and queries with all of
them; a case has one form for ever, so that a query that is repeated shows nothing new. Whoever is in
the gallery should be found nearer than who isn't:

- by the distance on the card of the patient's own photograph, or by its percentile there;
- by the nearest of all pictures that any query showed, pixel by pixel.

Which of these is best is chosen on other photographs than those that are counted.
"""

import numpy as np

from replication.attack.membership import rank_members
from replication.cases.answer import choose_cases
from replication.cases.search import find_nearest
from replication.cases.table3 import Answering, Asked
from replication.records import to_gray

SHRINK = 2  # as attackers of stage 07 see images, `attack.releases`
ATTACKS = ("distance", "percentile", "picture")


def query_cases(asked: Asked, answering: Answering, *, count: int) -> dict[str, np.ndarray]:
    """Return (N,) scores of each of ATTACKS, the higher the likelier that the patient is a case.

    Args:
        asked: all queries of the attacker.
        answering: the cases.
        count: cases of the verdict's diagnosis on a card, at most; with one of the other.
    """
    gallery, shown = answering.gallery, set()
    scores = {attack: np.full(len(asked.test), -np.inf) for attack in ATTACKS}
    for row, verdict in enumerate(asked.verdict):
        similar, rows = asked.compare(row, answering), []
        for label, most in ((verdict, count), (not verdict, 1)):
            rows += choose_cases(
                similar,
                answering.released,
                gallery.glaucoma == label,
                gallery.identity,
                count=most,
                allows=lambda case: True,
                beside=rows,
            ).rows
        if rows:
            nearest = min(rows, key=lambda one: similar.distance[one])
            scores["distance"][row] = -similar.distance[nearest]
            scores["percentile"][row] = -min(map(similar.find_percentile, rows))
        shown.update(rows)
    if shown:
        pictures = answering.released.images[sorted(shown)]
        nearest, _ = find_nearest(_shrink(asked.test.images), _shrink(pictures), count=1)
        scores["picture"] = -nearest[:, 0]
    return scores


def rank_controls(
    scores: dict[str, np.ndarray], member: np.ndarray, chosen_by: np.ndarray, counted: np.ndarray
) -> dict[str, tuple[float, np.ndarray]]:
    """Return of each attack its area on the photographs it is chosen by, and (M,) of those counted.

    Args:
        scores: (N,) of each attack.
        member: (N,) bool, whether the photograph's patient is in the gallery.
        chosen_by, counted: (N,) bool, which photographs.

    Returns:
        For each of the M controls counted, the fraction of members that come before it.
    """
    return {
        attack: (
            float(rank_members(own[chosen_by & member], own[chosen_by & ~member]).mean()),
            rank_members(own[counted & member], own[counted & ~member]),
        )
        for attack, own in scores.items()
    }


def _shrink(images: np.ndarray) -> np.ndarray:
    gray = to_gray(images)
    count, height, width = gray.shape
    cells = (count, height // SHRINK, SHRINK, width // SHRINK, SHRINK)
    return gray.reshape(cells).mean(axis=(2, 4)).reshape(count, -1)
