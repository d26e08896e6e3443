"""Privacy of the replaced: what one method's images show of those whose images went in (Table 2)."""

import numpy as np

from replication.attack.patients import Seen
from replication.attack.table2 import Table2
from replication.attack.training_distances import (
    CopyLimits,
    chance_of_nearest_used,
    find_near_copies,
    find_nearest_used,
    measure_distances,
)
from replication.attack.used_identities import (
    chance_of_hit,
    find_hits,
    mark_sharing_pathology,
    mark_used,
    rank_used,
)
from replication.records import EyeDataset, PrivatizedSet
from validation.statistics.patient_sums import Combined, average_images


def add_replaced_figures(
    table: Table2,
    sets: list[PrivatizedSet],
    seen: list[Seen],
    *,
    test: EyeDataset,
    train: EyeDataset,
    limits: CopyLimits,
) -> None:
    """Add what one method's sets show of those who replaced a patient to Table 2.

    Args:
        table: to add to.
        sets: draws of one method, N images each.
        seen: what the run's identity network makes of each.
        test: the N original test images.
        train: the images that the method took from.
        limits: below which an image is a near copy.
    """
    method = sets[0].method
    distances = [measure_distances(s.images, train, used=s.used_identities) for s in sets]

    def add(measure: str, values, *, chance: float | None = None) -> None:
        table.add_mean(method, measure, np.column_stack(list(values)), chance=chance)

    add("nearest_training", (found.nearest_grey for found in distances))
    add(
        "near_copies",
        (find_near_copies(found, limits, identity=test.identity) for found in distances),
    )
    if sets[0].used_identities is None:
        return
    used = [drawn.used_identities for drawn in sets]
    hits = [find_hits(s.probabilities, u) for s, u in zip(seen, used, strict=True)]
    candidates = find_candidates(used, test, train, identities=seen[0].probabilities.shape[1])
    chances = [chance_of_hit(u, candidates) for u in used]
    nearest = [
        (find_nearest_used(found, u), chance_of_nearest_used(found, u, identity=test.identity))
        for found, u in zip(distances, used, strict=True)
    ]
    add("used_shown", hits, chance=float(np.nanmean(chances)))
    lift = (average_images(np.column_stack(values), test.identity) for values in (hits, chances))
    table.add(method, "used_lift", Combined(tuple(lift), _divide), chance=1.0)
    ranks = (
        rank_used(s.probabilities, u, test.identity, candidates=candidates)
        for s, u in zip(seen, used, strict=True)
    )
    add("used_auc", ranks, chance=0.5)
    add("nearest_used", (found.used_grey for found in distances))
    add(
        "nearest_is_used",
        (is_used for is_used, _ in nearest),
        chance=float(np.nanmean([chance for _, chance in nearest])),
    )


def find_candidates(
    used: list[np.ndarray], test: EyeDataset, train: EyeDataset, *, identities: int
) -> np.ndarray:
    """Return (N, P) bool, from whom the used can have come, as far as the pathology tells.

    A method that is told the pathology uses patients who share it, or none of them; whoever knows
    the method guesses among these.

    Args:
        used: (N, K) identities of each draw.
        test: the N original test images.
        train: the images that the method took from.
        identities: P.
    """
    sharing = mark_sharing_pathology(train, test.glaucoma, identities=identities)
    marks = np.logical_or.reduce([mark_used(drawn, identities) for drawn in used])
    for candidates in (sharing, ~sharing):
        if not (marks & ~candidates).any():
            return candidates
    return np.ones_like(sharing)


def _divide(hits: np.ndarray, chances: np.ndarray) -> np.ndarray:
    return np.divide(hits, chances, out=np.zeros_like(hits), where=chances > 0)
