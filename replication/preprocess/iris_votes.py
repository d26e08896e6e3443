"""Where an iris may be: every edge point votes for the centres it may belong to.

Radial votes as in Loy and Zelinsky (2003): of a pupil and a limbus about one middle together, or of a
pupil by itself, where lids or a hardly brighter sclera leave little of the limbus.
"""

from itertools import accumulate

import cv2
import numpy as np

from replication.preprocess.iris_evidence import EdgePoints, list_radii

VOTE_CELL_PX = 2  # ours: half the working resolution is enough to propose
PROPOSALS = 10  # ours
LEAST_VOTED_RATIO = 1.25  # ours: below the least ratio, as the radii voted for lie in coarse steps
LARGEST_PUPIL = 0.7  # of its limbus: ISO/IEC 29794-6 has dilations of 20 to 70%
SMALLEST_LIMBUS = 1 / 16  # ours, of the longer side: an iris an eighth of the frame across


def propose_centres(points: EdgePoints) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres with the most votes from a pupil and a limbus together: (C,) x and y."""
    radii = list_radii(points.height_px, points.width_px)[::2]
    dark, bright = _count_votes(points, radii, 1), _count_votes(points, radii, -1)
    # Not NumPy's own accumulate, which goes through the layers cell by cell.
    best_pupil = np.stack(list(accumulate(np.maximum(dark, bright), np.maximum)))
    inner = np.searchsorted(radii, radii / LEAST_VOTED_RATIO, side="right") - 1
    outer = (inner >= 0) & (radii >= SMALLEST_LIMBUS * max(points.height_px, points.width_px))
    votes = (best_pupil[inner[outer]] + dark[outer]).max(axis=0)
    peaks = np.flatnonzero(votes >= cv2.dilate(votes, np.ones((3, 3), np.uint8)))
    best = peaks[np.argsort(-votes.ravel()[peaks], kind="stable")[:PROPOSALS]]
    row, column = np.divmod(best, votes.shape[1])
    middle = (VOTE_CELL_PX - 1) / 2
    return (
        (column * VOTE_CELL_PX + middle).astype(np.float32),
        (row * VOTE_CELL_PX + middle).astype(np.float32),
    )


def propose_pupils(points: EdgePoints) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre with the most votes from a dark disc of each octave of radii: (C,) x and y.

    By octaves, as a limbus has more votes than its pupil, and is as much as five times as wide.
    """
    radii = list_radii(points.height_px, points.width_px)
    largest = LARGEST_PUPIL * min(points.height_px, points.width_px) / 2
    octave = np.floor(np.log2(largest / radii)).astype(int)  # 0 has the largest pupil
    cells = []
    for each in range(octave.max() + 1):
        votes = _count_votes(points, radii[octave == each], 1).max(axis=0)
        cells.append(np.unravel_index(votes.argmax(), votes.shape))
    row, column = np.float32(cells).reshape(-1, 2).T
    middle = (VOTE_CELL_PX - 1) / 2
    return column * VOTE_CELL_PX + middle, row * VOTE_CELL_PX + middle


def _count_votes(points: EdgePoints, radii: np.ndarray, side: int) -> np.ndarray:
    """Return how many edge points have each cell as their centre at each radius.

    Args:
        side: 1 for discs darker than their surroundings, -1 for brighter ones.

    Returns:
        (K, rows, columns) float32 votes, spread over their uncertainty and divided by the square
        root of the radius, as chance gives counts that grow with it.
    """
    rows = -(-points.height_px // VOTE_CELL_PX)
    columns = -(-points.width_px // VOTE_CELL_PX)
    reach = side * radii[:, None]
    column = _nearest_cell(points.x - reach * points.towards_x)
    row = _nearest_cell(points.y - reach * points.towards_y)
    # Read as unsigned, what is left of the image or above it lies far beyond.
    inside = (column.view(np.uint32) < columns) & (row.view(np.uint32) < rows)
    layer = np.arange(0, len(radii) * rows * columns, rows * columns, dtype=np.int32)[:, None]
    cell = row * columns
    cell += column
    cell += layer
    counts = np.bincount(cell[inside], minlength=len(radii) * rows * columns)
    votes = counts.reshape(len(radii), rows, columns).astype(np.float32)
    spreads = (0.8 + 0.08 * radii.astype(np.float64)) / VOTE_CELL_PX
    for layer_votes, spread in zip(votes, spreads.tolist(), strict=True):
        cv2.GaussianBlur(layer_votes, (0, 0), spread, dst=layer_votes)
    votes *= np.float32(spreads**2 / np.sqrt(radii))[:, None, None]
    return votes


def _nearest_cell(place: np.ndarray) -> np.ndarray:
    """Return the cell nearest to each place, int32; the places are used up."""
    place /= VOTE_CELL_PX
    place -= 0.25
    return np.rint(place, out=place).astype(np.int32)
