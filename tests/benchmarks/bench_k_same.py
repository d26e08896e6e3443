"""K-Same-Select beside k-Same (pixel) of another package, and beside one matrix product."""

import tracemalloc

import numpy as np

from replication.privatize.k_same_select import BLOCK_QUERIES
from replication.privatize.methods import METHODS
from replication.records import EyeDataset

from .k_same_pixel import k_same_pixel
from .rows import Goal, Row
from .timer import LEAST_ROUNDS, alternate

K = 6
SIDE_PX = 64
SMALL_PX = 8
PATIENTS = 115
QUERIES = 340
GALLERIES = (1_000, 5_000, 20_000)
QUICK_GALLERIES = (300, 400, 600)
FACTORS = (20, 50)  # beside the other package, which ends in reasonable time at two of the sizes
BOUND = "one float32 matrix product (arithmetic); then reading distances and images (memory)"


def measure(*, quick: bool) -> list[Row]:
    """Return rows beside the other package, one per gallery, and one for the memory."""
    sizes = QUICK_GALLERIES if quick else GALLERIES
    return [
        *map(_beside_k_same_pixel, sizes, FACTORS),
        *(_beside_product(size) for size in sizes),
        _memory(sizes[-1]),
    ]


def draw_images(images: int, *, seed: int, side_px: int = SIDE_PX) -> EyeDataset:
    """Return images of noise, for whose content the cost doesn't ask."""
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
        },
        rounds=LEAST_ROUNDS,
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
        {"K-Same-Select": lambda: _select(queries, gallery), "product": lambda: left @ right.T},
        rounds=LEAST_ROUNDS,
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
