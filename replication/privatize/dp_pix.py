"""Privatize by DP-Pix: large pixels with Laplace noise, differentially private for m pixels.

Fan, "Image pixelization with differential privacy", DBSec 2018. Two images are neighbours when at most
m of their pixels differ, by whatever levels. Cells of b x b pixels are replaced by their mean, which
m pixels move by 255 m / b² levels in all; Laplace noise of scale 255 m / (b² epsilon) on each mean
makes the image epsilon-differentially private for such neighbours.

**That protects m pixels, and not a person**: two photographs of one patient, or of two, differ in
nearly all pixels, and nothing is promised about them. Of 4,096 pixels, a group of all is 256 times as
large as one of 16, and so is its epsilon. It holds for one release: with each further draw of an image
epsilon adds up, and whoever knows the seed takes the noise off.

Gray is one channel: it is noised once and repeated, since noise drawn for each channel of the same
gray would be three releases of it.
"""

from collections.abc import Iterator

import numpy as np

from replication.errors import SettingsError
from replication.privatize.draws import open_blocks
from replication.records import EyeDataset, Generator, PrivatizedSet, to_bytes, to_unit_range

WHITE = 255


def privatize_by_dp_pix(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    cell_px: int,
    neighbour_px: int,
    epsilon: float,
    first_block: int = 0,
) -> Iterator[PrivatizedSet]:
    """Yield one pixelized set per draw, each with fresh noise.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        cell_px, neighbour_px, epsilon: as for `pixelize`.
        first_block: as for `draws.open_blocks`.
    """
    numbered = {"seed": seed, "method": method, "first_block": first_block}
    choices = {"cell_px": cell_px, "neighbour_px": neighbour_px, "epsilon": epsilon}
    for draw in range(draws):
        images = [
            pixelize(queries.images[rows], rng=rng, **choices)
            for rows, rng in open_blocks(len(queries), draw=draw, **numbered)
        ]
        yield PrivatizedSet(method, draw, np.concatenate(images), None)


def pixelize(
    images: np.ndarray,
    *,
    cell_px: int,
    neighbour_px: int,
    epsilon: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Pixelize each image, add noise and round it to 8 bits.

    A cell that the image's edge cuts off has n < b² pixels; it gets noise of scale 255 m / (n epsilon),
    so that m pixels spread over any cells are protected as by the paper's whole ones.

    Args:
        images: (N, H, W, C) float32 in [-1, 1]; several channels are taken for one, their mean.
        cell_px: b, side of a cell.
        neighbour_px: m, how many pixels are protected.
        epsilon: of one release.
        rng: source of the noise.

    Returns:
        (N, H, W, C) float32 in [-1, 1], all channels alike.

    Raises:
        SettingsError: unless b, m and epsilon are above 0.
    """
    if not (cell_px > 0 and neighbour_px > 0 and epsilon > 0):
        raise SettingsError(
            f"DP-Pix: expected b, m and epsilon above 0, got {cell_px}, {neighbour_px}, {epsilon}"
        )
    gray = to_bytes(images).mean(axis=-1)
    starts = [range(0, side, cell_px) for side in gray.shape[1:]]
    high, wide = (np.diff([*own, side]) for own, side in zip(starts, gray.shape[1:], strict=True))
    pixels = np.outer(high, wide)
    sums = np.add.reduceat(np.add.reduceat(gray, starts[0], axis=1), starts[1], axis=2)
    scale = WHITE * neighbour_px / (pixels * epsilon)
    noisy = sums / pixels + rng.laplace(size=sums.shape) * scale
    levels = np.rint(noisy.clip(0, WHITE)).astype(np.uint8)
    whole = levels.repeat(high, axis=1).repeat(wide, axis=2)
    return to_unit_range(whole[..., None].repeat(images.shape[-1], axis=-1))
