"""K-Same-Select beside k-Same (pixel) of another package, and beside one matrix product."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from replication.privatize.k_same_select import BLOCK_QUERIES
from replication.privatize.methods import METHODS
from replication.records import EyeDataset

from .rows import Goal, Row, alternate

K = 6
SIDE_PX = 64
SMALL_PX = 8
PATIENTS = 115
QUERIES = 340
GALLERIES = (1_000, 5_000, 20_000)
QUICK_GALLERIES = (300, 400, 600)
FACTORS = (20, 50)  # beside the other package, which ends in reasonable time at two of the sizes
BOUND = "one float32 matrix product (arithmetic); then reading distances and images (memory)"


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield rows beside the other package, one per gallery, and one for the memory."""
    sizes = QUICK_GALLERIES if quick else GALLERIES
    yield from map(_beside_k_same_pixel, sizes, FACTORS)
    yield from map(_beside_product, sizes)
    yield _memory(sizes[-1])


def draw_images(images: int, *, seed: int, side_px: int = SIDE_PX) -> EyeDataset:
    """Return images of noise, since the cost doesn't depend on their content."""
    rng = np.random.default_rng(seed)
    identity = np.arange(images) % PATIENTS
    return EyeDataset(
        rng.uniform(-1, 1, (images, side_px, side_px, 1)).astype(np.float32),
        identity,
        identity % 4 == 0,
        np.array([f"{seed}-{number}" for number in range(images)]),
    )


def _select(queries: EyeDataset, gallery: EyeDataset) -> None:
    method = METHODS[f"k-same-{K}"]
    list(method.privatize(queries, gallery=gallery, generator=None, seed=0, draws=1))


def _beside_k_same_pixel(size: int, factor: float) -> Row:
    gallery = draw_images(size, seed=1)
    images, pixels = gallery.images[..., 0], gallery.images.reshape(size, -1)
    others = pixels.copy()  # of an array with itself, NumPy computes half of the product
    seconds = alternate(
        {
            "K-Same-Select": lambda: _select(gallery, gallery),
            "k-Same": lambda: k_same_pixel(images, k=K, seed=0),
            "product": lambda: pixels @ others.T,
        }
    )
    return Row(
        f"K-Same-Select, {size:,} images as gallery and queries",
        "k-Same (pixel) as anonypyx 0.2 does it, rewritten; the same images",
        seconds["k-Same"] / seconds["K-Same-Select"],
        Goal(factor, at_least=True),
        BOUND,
        seconds["K-Same-Select"] / seconds["product"],
        seconds,
    )


def _beside_product(size: int) -> Row:
    queries, gallery = draw_images(QUERIES, seed=0), draw_images(size, seed=1)
    left, right = (each.images.reshape(len(each), -1) for each in (queries, gallery))
    seconds = alternate(
        {"K-Same-Select": lambda: _select(queries, gallery), "product": lambda: left @ right.T}
    )
    ratio = seconds["K-Same-Select"] / seconds["product"]
    return Row(
        f"K-Same-Select, gallery {size:,}, {QUERIES} queries",
        "one float32 matrix product of the same size",
        ratio,
        Goal(3),
        BOUND,
        ratio,
        seconds,
    )


def _memory(size: int) -> Row:
    """Compare the memory of many blocks with that of one; small images, so that blocks show."""
    gallery = draw_images(size, seed=1, side_px=SMALL_PX)
    counts = BLOCK_QUERIES, 8 * BLOCK_QUERIES
    few, many = (
        _peak_bytes(draw_images(count, seed=0, side_px=SMALL_PX), gallery) for count in counts
    )
    distances = np.dtype(np.float32).itemsize * BLOCK_QUERIES * size
    return Row(
        f"memory of K-Same-Select, gallery {size:,}, {counts[1]:,} queries",
        f"the same of {counts[0]:,}",
        many / few,
        Goal(1.25),
        "one block of distances (memory)",
        many / distances,
    )


def _peak_bytes(queries: EyeDataset, gallery: EyeDataset) -> int:
    tracemalloc.start()
    _select(queries, gallery)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def k_same_pixel(images: np.ndarray, *, k: int, seed: int) -> np.ndarray:
    """Return each image's cluster mean: k-Same (pixel) as anonypyx 0.2 does it, rewritten.

    After Newton, Sweeney and Malin (2005): images are projected on all their principal components,
    and then, while at least 2k are left, a random image and its nearest neighbours are taken out as
    a cluster; a cluster's images all become its mean. The steps and library calls are anonypyx's,
    for they are what costs.

    Args:
        images: (N, H, W) gray.
        k: images in a cluster, of which the last has up to 2k - 1.
        seed: of the images that clusters start from.
    """
    flat = images.reshape(len(images), -1)
    components = PCA(n_components=min(flat.shape)).fit_transform(flat)
    pixels, projected = pd.DataFrame(flat), pd.DataFrame(components)
    averaged = np.empty(flat.shape)
    for cluster in _partition(projected, k=k, rng=np.random.default_rng(seed)):
        averaged[cluster] = pixels.loc[cluster].mean().to_numpy()
    return averaged.reshape(images.shape)


def _partition(projected: pd.DataFrame, *, k: int, rng: np.random.Generator) -> list[pd.Index]:
    left, clusters = projected.index, []
    while len(left) >= 2 * k:
        start = projected.loc[left].sample(n=1, random_state=rng)
        distance = cdist(start, projected.loc[left])[0]
        nearest = left.take(np.argpartition(distance, k)[:k])
        left = left.drop(nearest)
        clusters.append(nearest)
    return [*clusters, left]
