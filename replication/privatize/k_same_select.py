"""Privatize by K-Same-Select: the mean of K patients' images of the same pathology (paper §2.2).

After Gross et al. (2006), with the paper's §3: each image in the mean belongs to another patient,
so that the highest probability of recognising one is 1/K.

Departure: the paper doesn't say whether the query's own patient may be among the K. In the
registry they may not: that is nearer to the printed numbers on real near-infrared eyes.
`python cli.py measure-departures` measures both.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from replication.errors import DataError
from replication.pixels import round_to_bytes
from replication.privatize.pprl_vgan import Generator
from replication.records import EyeDataset, PrivatizedSet

BLOCK_QUERIES = 256


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
        queries: the images to privatize.
        gallery: the training images that are averaged.
        generator, seed, draws: of the common shape; they have no part in it.
        method: name of the method in the registry.
        k: number of images in a mean, each of another patient.
        own_patient: whether the query's patient may be one of them.

    Raises:
        DataError: when fewer than k patients share a query's pathology.
    """
    images = np.empty_like(queries.images)
    chosen = np.empty((len(queries), k), dtype=np.intp)
    candidates = {pathology: _find_alike(gallery, pathology) for pathology in (False, True)}
    for start in range(0, len(queries), BLOCK_QUERIES):
        ill = queries.glaucoma[start : start + BLOCK_QUERIES]
        for pathology, (alike, same, norms) in candidates.items():
            rows = start + np.flatnonzero(ill == pathology)
            if not len(rows):
                continue
            nearest = select_nearest(queries.take(rows), same, norms, k=k, own_patient=own_patient)
            chosen[rows] = alike[nearest]
            images[rows] = round_to_bytes(_average(same.images, nearest))
    yield PrivatizedSet(method, 0, images, gallery.identity[chosen])


def _find_alike(gallery: EyeDataset, pathology: bool) -> tuple[np.ndarray, EyeDataset, np.ndarray]:
    """Return the gallery's images of one pathology, sorted by identity: rows, images and norms."""
    alike = np.flatnonzero(gallery.glaucoma == pathology)
    alike = alike[np.argsort(gallery.identity[alike], kind="stable")]
    same = gallery.take(alike)
    return alike, same, np.einsum("nhwc,nhwc->n", same.images, same.images)


def select_nearest(
    queries: EyeDataset, candidates: EyeDataset, norms: np.ndarray, *, k: int, own_patient: bool
) -> np.ndarray:
    """Select, for each query, the nearest image of each of the k nearest patients.

    1. Squared distances to all candidates but for the query's own square, which ranks alike: one
    matrix product.
    2. Images of the query's own patient, where they are left out, are put at infinity.
    3. The minimum of each patient, then the k patients of the smallest minima.

    Args:
        queries: one block of the images to privatize, all of one pathology.
        candidates: the training images of that pathology, sorted by identity.
        norms: (G,) squared norms of the candidates' images.
        k: number of patients.
        own_patient: whether the query's own may be one of them.

    Returns:
        (N, k) rows of the candidates, nearest first. Equal distances (in float32) go to the lower
        identity, and within a patient to the earlier row.

    Raises:
        DataError: when there are fewer than k patients for a query.
    """
    pixels = queries.images.reshape(len(queries), -1)
    distance = pixels @ candidates.images.reshape(len(candidates), pixels.shape[1]).T
    distance *= -2
    distance += norms
    if not own_patient:
        distance[queries.identity[:, None] == candidates.identity] = np.inf
    _, starts, counts = np.unique(candidates.identity, return_index=True, return_counts=True)
    nearest = np.minimum.reduceat(distance, starts, axis=1)
    check_enough_patients(nearest, queries.glaucoma, k=k)
    patients = np.argsort(nearest, axis=1, kind="stable")[:, :k]
    return first_nearest(distance, starts[patients], counts[patients])


def _average(images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the mean of each row's images: (N, k) rows of (G, H, W, C) to (N, H, W, C)."""
    total = images[chosen[:, 0]]
    for others in chosen.T[1:]:
        total += images[others]
    return total / chosen.shape[1]


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
    # A step past the end of a run looks at its last column again, and argmin takes the first.
    columns = starts[..., None] + np.minimum(steps, counts[..., None] - 1)
    within = np.take_along_axis(distance[:, None], columns, axis=2).argmin(axis=2)
    return starts + within


def check_enough_patients(nearest: np.ndarray, glaucoma: np.ndarray, *, k: int) -> None:
    """Raise DataError unless each query has k patients at a finite distance."""
    available = np.isfinite(nearest).sum(axis=1)
    short = int(available.argmin())
    if available[short] < k:
        pathology = "with" if glaucoma[short] else "without"
        raise DataError(
            f"K-Same-Select with K = {k}: only {available[short]} other patients have a training "
            f"image {pathology} glaucoma; use a smaller K or more patients"
        )
