"""Find similar cases: the nearest pictures to an image where the network looks in it.

Features are those that the run's glaucoma network's last block gives for each place of an image.
As in interpretability-guided retrieval (Silva et al., MICCAI 2020), places count as much as
relevance lies there: each place's features times the root of its share of the image's relevance, all
of them scaled to length one. The squared distance of two such vectors is 2 less twice their product,
and the product is a sum over places: the map of what is similar, exactly.

Ours: what is searched are the pictures that may be shown, not the originals behind them. So an answer is
made of nothing but released pictures and their labels, and who asks with another photograph of a
patient finds them no sooner than the pictures give them away.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEAR = 0.95  # ours: of known images, the share whose nearest case a case near enough is as near as


@dataclass(frozen=True)
class Similar:
    """One image beside G cases."""

    distance: np.ndarray  # (G,) from 0 to 2
    near: np.ndarray  # (G,) bool, whether it is near enough to be shown
    pairs: np.ndarray  # (V, G) distances of known images to the cases; inf where they don't count
    label: np.ndarray  # (G,) bool of the cases

    def find_percentile(self, row: int) -> float:
        """Return the share of known pairs of such labels that are nearer than a case, in [0, 1].

        Counted for the few that are shown: to sort the pairs for all takes longer than all else.
        """
        pairs = self.pairs[:, self.label == self.label[row]]
        counted = int(np.isfinite(pairs).sum())
        return float((pairs < self.distance[row]).sum() / counted) if counted else 1.0


def weigh_places(relevance: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Return each place's share of relevance, alike for all places of an empty map.

    Args:
        relevance: (N, H, W), not negative.
        grid: (h, w) places.

    Returns:
        (N, h, w); the sum of each is 1.
    """
    height, width = relevance.shape[1:]
    rows, columns = (
        np.arange(n) * side // n for n, side in zip(grid, (height, width), strict=True)
    )
    sums = np.add.reduceat(np.add.reduceat(relevance, rows, axis=1), columns, axis=2)
    total = sums.sum(axis=(1, 2), keepdims=True)
    even = np.full(sums.shape, 1 / (grid[0] * grid[1]))
    return np.divide(sums, total, out=even, where=total > 0)


def embed(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return vectors of length one, (N, h * w * D); of an image without features zeros.

    Args:
        features: (N, h, w, D).
        weights: (h, w) of places.
    """
    roots = np.sqrt(weights)[..., None].astype(features.dtype)
    vectors = (features * roots).reshape(len(features), -1)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(length, np.finfo(np.float32).tiny)


def compare(
    query: np.ndarray,
    cases: np.ndarray,
    known: np.ndarray,
    weights: np.ndarray,
    *,
    same_patient: np.ndarray,
    own_label: np.ndarray,
    label: np.ndarray,
    passed: np.ndarray,
) -> Similar:
    """Measure how near cases are to an image, and how near that is among known pairs.

    Known pairs are of images that no network was trained on and the pictures of other patients'
    cases; those of the query's label count, with cases of each label for themselves. A case is near
    enough where it is as near as the nearest one that may be shown is to NEAR of these images.

    Args:
        query: (h, w, D) features of the image.
        cases: (G, h, w, D) of the cases' pictures.
        known: (V, h, w, D) of the known images.
        weights: (h, w) of the query's places.
        same_patient: (V, G) bool, pairs of one patient.
        own_label: (V,) bool, which of the known images have the query's label.
        label: (G,) bool of the cases.
        passed: (G,) bool, which may be shown.
    """
    searched = embed(cases, weights)
    distance = measure(embed(query[None], weights), searched)[0]
    pairs = measure(embed(known[own_label], weights), searched)
    pairs[same_patient[own_label]] = np.inf
    near = np.zeros(len(cases), dtype=bool)
    for each in (False, True):
        rows = label == each
        nearest = pairs[:, rows & passed].min(axis=1, initial=np.inf)
        nearest = nearest[np.isfinite(nearest)]
        if len(nearest):
            near[rows] = distance[rows] <= np.quantile(nearest, NEAR)
    return Similar(distance, near, pairs, label)


def measure(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (N, G) distances of (N, D) and (G, D) vectors of length one."""
    squares = one @ other.T
    squares *= -2
    squares += 2
    np.maximum(squares, 0, out=squares)
    return np.sqrt(squares, out=squares)


def find_nearest(
    vectors: np.ndarray, cases: np.ndarray, *, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, count) distances and rows of the nearest of G cases, exactly, however many.

    scikit-learn's search keeps no distance but the nearest: beside the cases it takes a few MB.

    Args:
        vectors: (N, D) float32.
        cases: (G, D) float32.
        count: at most G.
    """
    index = NearestNeighbors(algorithm="brute", metric="euclidean").fit(cases)
    return index.kneighbors(vectors, n_neighbors=count)


def show_similar(query: np.ndarray, case: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (h, w) how much each place adds to the similarity of two (h, w, D) features.

    They add up to 1 less half of the squared distance.
    """
    one, other = (embed(each[None], weights).reshape(query.shape) for each in (query, case))
    return (one * other).sum(axis=-1)


def walk_cases(similar: Similar, rows: np.ndarray) -> Iterator[int]:
    """Yield the rows (indices) of cases from the nearest on, as far as they are near enough."""
    for row in rows[np.argsort(similar.distance[rows], kind="stable")]:
        if not similar.near[row]:
            return
        yield int(row)
