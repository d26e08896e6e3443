"""Privatize by K-Same-Select: the mean of K patients' images of the same pathology (paper §2.2).

As the paper's §3 has it: each image in the mean belongs to another patient.

Departure: this is no k-anonymity, though the paper states a highest probability of 1/K. Every query
has a mean of its own, of its own nearest images, and whoever privatizes images of known patients
learns whose nearest images go together (Table 2). Gross et al. (2006) form groups that share one
mean: that is `k_same_grouped`.

Departure: the paper doesn't say whether the query's own patient may be among the K. In the
registry they may not: that is nearer to the printed numbers on real near-infrared eyes.
`python cli.py measure-departures` measures both.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from replication.errors import MethodRefused
from replication.records import EyeDataset, Generator, PrivatizedSet, round_to_bytes

BLOCK_QUERIES = 1024  # whose distances to the gallery are in memory at once
BLOCK_MEANS = 128  # so few that they stay in the processor's cache while they are rounded


def privatize_by_k_same_select(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    k: int,
    own_patient: bool,
) -> Iterator[PrivatizedSet]:
    """Yield the one averaged set, draw 0.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        k: number of images in a mean, each of another patient.
        own_patient: whether the query's patient may be one of them.

    Raises:
        MethodRefused: when fewer than k patients share a query's pathology.
    """
    pixels = queries.images.reshape(len(queries), -1)
    chosen = np.empty((len(queries), k), dtype=np.intp)
    candidates = {pathology: _find_candidates(gallery, pathology) for pathology in (False, True)}
    for start in range(0, len(queries), BLOCK_QUERIES):
        glaucoma = queries.glaucoma[start : start + BLOCK_QUERIES]
        for pathology, alike in candidates.items():
            rows = start + np.flatnonzero(glaucoma == pathology)
            if not len(rows):
                continue
            excluded = None if own_patient else queries.identity[rows]
            nearest = select_nearest(pixels[rows], alike, k=k, excluded=excluded)
            chosen[rows] = alike.rows[nearest]
    images = _average(gallery.images, chosen)
    yield PrivatizedSet(method, 0, images, gallery.identity[chosen])


class Candidates(NamedTuple):
    """The training images of one pathology, sorted by identity."""

    pathology: bool  # whether they are of eyes with glaucoma
    rows: np.ndarray  # (G,) of the gallery
    pixels: np.ndarray  # (G, P) float32, one image in each row
    half_norms: np.ndarray  # (G,) half of the images' squared norms
    identity: np.ndarray  # (G,) of the patients, ascending


def _find_candidates(gallery: EyeDataset, pathology: bool) -> Candidates:
    rows = np.flatnonzero(gallery.glaucoma == pathology)
    rows = rows[np.argsort(gallery.identity[rows], kind="stable")]
    pixels = gallery.images.reshape(len(gallery), -1)[rows]
    half_norms = np.einsum("gp,gp->g", pixels, pixels) / 2
    return Candidates(pathology, rows, pixels, half_norms, gallery.identity[rows])


def select_nearest(
    pixels: np.ndarray, candidates: Candidates, *, k: int, excluded: np.ndarray | None
) -> np.ndarray:
    """Select, for each query, the nearest image of each of the k nearest patients.

    1. Half of the squared distances to all candidates, without the query's own square, which
    doesn't change their order: one matrix product.
    2. The minimum of each patient; those of patients who are excluded are put at infinity.
    3. The k patients of the smallest minima, and the image of each that has it.

    Args:
        pixels: (N, P) float32, one block of the images to privatize, all of one pathology.
        candidates: the training images of that pathology.
        k: number of patients.
        excluded: (N,) identity that may not be one of each query's patients, or None.

    Returns:
        (N, k) rows of the candidates, nearest first. Equal distances (in float32) go to the lower
        identity, and within a patient to the earlier row.

    Raises:
        MethodRefused: when there are fewer than k patients for a query.
    """
    distance = pixels @ candidates.pixels.T
    np.subtract(candidates.half_norms, distance, out=distance)
    identity, starts, counts = np.unique(candidates.identity, return_index=True, return_counts=True)
    nearest = np.minimum.reduceat(distance, starts, axis=1)
    if excluded is not None:
        nearest[excluded[:, None] == identity] = np.inf
    _check_enough_patients(nearest, k=k, pathology=candidates.pathology)
    patients = take_smallest(nearest, k)
    return first_nearest(distance, starts[patients], counts[patients])


def _average(images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the rounded mean of each row's images: (N, k) rows of (G, H, W, C) to (N, H, W, C).

    As a product with a matrix of ones at the images chosen, which adds without a copy of them.
    """
    pixels = images.reshape(len(images), -1)
    means = np.empty((len(chosen), pixels.shape[1]), pixels.dtype)
    for start in range(0, len(chosen), BLOCK_MEANS):
        rows = chosen[start : start + BLOCK_MEANS]
        places = np.arange(0, rows.size + 1, rows.shape[1])
        ones = np.ones(rows.size, pixels.dtype)
        mean = csr_array((ones, rows.ravel(), places), shape=(len(rows), len(pixels))) @ pixels
        mean /= rows.shape[1]
        means[start : start + BLOCK_MEANS] = round_to_bytes(mean)
    return means.reshape(len(chosen), *images.shape[1:])


def take_smallest(values: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of each row's k smallest values in ascending order, the first of equals.

    Args:
        values: (N, P); what is taken is put at infinity.
        k: how many; for a few of them so many passes are faster than sorting.

    Returns:
        (N, k) columns.
    """
    taken = np.empty((len(values), k), np.intp)
    for column in taken.T:
        values.argmin(axis=1, out=column)
        np.put_along_axis(values, column[:, None], np.inf, axis=1)
    return taken


def first_nearest(distance: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the column of the smallest distance within each run of columns, the first of equals.

    Args:
        distance: (N, G).
        starts: (N, k) first column of each run.
        counts: (N, k) length of each run, from 1.

    Returns:
        (N, k) columns.
    """
    steps = np.arange(counts.max())
    # A step past the end of a run repeats its last column, and argmin takes the first.
    columns = starts[..., None] + np.minimum(steps, counts[..., None] - 1)
    within = np.take_along_axis(distance[:, None], columns, axis=2).argmin(axis=2)
    return starts + within


def _check_enough_patients(nearest: np.ndarray, *, k: int, pathology: bool) -> None:
    """Raise MethodRefused unless each query has k patients at a finite distance."""
    fewest = int(np.isfinite(nearest).sum(axis=1).min())
    if fewest < k:
        raise MethodRefused(
            f"K-Same-Select with K = {k}: only {fewest} other patients have a training image "
            f"{'with' if pathology else 'without'} glaucoma; use a smaller K or more patients"
        )
