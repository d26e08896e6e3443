"""Choose the replacement identities that PPRL-VGAN paints into an image (paper §3).

A patient may have an eye with glaucoma and one without. What the paper's pools mean then:

- random: every patient of the gallery.
- same pathology: patients with at least one gallery image of the query's label ("the pool of
  patients with the pathology observed in the input image").
- different pathology: patients with no gallery image of the query's label ("without the pathology
  seen in the input image"). So the last two never overlap, and together are all patients.
- other pathology too: patients with at least one gallery image of the other label, whatever else
  they have. No method of the registry; it is what the last could mean, too (docs/departures.md).

"No glaucoma" counts as a pathology of its own, as it must for a set of "different pathologies"
to hold the glaucoma images too.

The query's own patient is in a pool that they fit: the paper draws "among the patients", without
exception, as does the reference code. Its numbers agree: the own identity drawn by chance gives an
identity accuracy of 74.68% / 115 = 0.65% for random identities (printed: 0.50%), and more for the
smaller pools of the same pathology (printed: 1.76%).
"""

from enum import StrEnum

import numpy as np

from replication.errors import MethodRefused
from replication.records import EyeDataset


class Pool(StrEnum):
    """Which patients may replace the one of a query."""

    RANDOM = "random"
    SAME_PATHOLOGY = "same pathology"
    DIFFERENT_PATHOLOGY = "different pathology"
    OTHER_PATHOLOGY_TOO = "other pathology too"


def draw_replacements(
    queries: EyeDataset,
    gallery: EyeDataset,
    *,
    pool: Pool,
    count: int,
    others_only: bool,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw distinct replacement identities for each query, uniformly from its pool.

    Args:
        queries, gallery, pool, others_only: as for `find_pools`.
        count: identities per query, distinct within a query.
        rng: source of the draw.

    Returns:
        (N, count) identity classes in the order drawn.

    Raises:
        MethodRefused: when the pool of a query holds fewer than count patients.
    """
    patients, fits = find_pools(queries, gallery, pool=pool, others_only=others_only)
    available = fits.sum(axis=1)
    if len(queries) and available.min() < count:
        pathology = "with" if queries.glaucoma[available.argmin()] else "without"
        raise MethodRefused(
            f"replacement identities, pool '{pool}': an image {pathology} glaucoma needs {count} "
            f"patients to choose from and the training images offer {available.min()}"
        )
    # The smallest of uniform keys are a uniform draw without replacement.
    keys = np.where(fits, rng.random(fits.shape), np.inf)
    return patients[np.argsort(keys, axis=1)[:, :count]]


def count_pools(
    queries: EyeDataset, gallery: EyeDataset, *, pool: Pool, others_only: bool
) -> np.ndarray:
    """Return (N,) how many patients each query's replacements are drawn from.

    Args:
        queries, gallery, pool, others_only: as for `find_pools`.
    """
    _, fits = find_pools(queries, gallery, pool=pool, others_only=others_only)
    return fits.sum(axis=1)


def find_pools(
    queries: EyeDataset, gallery: EyeDataset, *, pool: Pool, others_only: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Find who may replace whom.

    Args:
        queries: N images to privatize.
        gallery: the training images; their patients are the ones to choose from.
        pool: which patients fit a query.
        others_only: whether the query's own identity is excluded.

    Returns:
        patients: (P,) identity classes of the gallery, ascending.
        fits: (N, P) bool, whether a patient is in a query's pool.
    """
    patients = np.unique(gallery.identity)
    fits = _fit_pathology(queries, gallery, patients, pool)
    if others_only:
        fits &= queries.identity[:, None] != patients
    return patients, fits


def _fit_pathology(
    queries: EyeDataset, gallery: EyeDataset, patients: np.ndarray, pool: Pool
) -> np.ndarray:
    """Return (N, P) bool, whether each patient has the gallery images that the pool wants."""
    if pool is Pool.RANDOM:
        return np.ones((len(queries), len(patients)), dtype=bool)
    has_label = np.stack(
        [np.isin(patients, gallery.identity[gallery.glaucoma == label]) for label in (False, True)]
    )
    same = has_label[queries.glaucoma.astype(np.intp)]
    if pool is Pool.OTHER_PATHOLOGY_TOO:
        return has_label[(~queries.glaucoma).astype(np.intp)]
    return same if pool is Pool.SAME_PATHOLOGY else ~same
