"""The signs that images show, and how each looks beside what is usual at its place.

Ours, made for `replication.sign_kinds`. A window in the middle of a sign shows the sign and also
the part of the eye that lies there, which tells of the kind: a dilated pupil is in the middle, a
hole is not. So what counts is how far each pixel is off what the same method shows of other
patients there, in their standard deviations.

Some of the others have a sign there too, so that even a window without one could tell a little of
the kind. How much, the chance level says: the same windows of other patients' images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from replication.errors import DataError
from replication.sign_places import mask_signs

# The smallest signs are 2 px wide, and with 5 x 5 px originals are read best on both data sets
# (5, 7, 9, 13 and 17 tried).
HALF_WINDOW_PX = 2
FEWEST_PATIENTS = 5  # with a kind: one for each fold of `replication.sign_kinds`


@dataclass(frozen=True)
class ShownSigns:
    """The signs of a set of images, of the kinds that enough patients have.

    Args:
        kinds: K names.
        kind: (M,) place in `kinds`.
        image: (M,) row of the image.
        identity: (M,) of whom it is.
        middle: (M, 2) row and column of the sign's middle, px.
    """

    kinds: tuple[str, ...]
    kind: np.ndarray
    image: np.ndarray
    identity: np.ndarray
    middle: np.ndarray


def list_shown_signs(
    facts: pd.DataFrame, signs: pd.DataFrame, identity: np.ndarray, *, size_px: int
) -> ShownSigns:
    """List the signs that images show, of the kinds that at least `FEWEST_PATIENTS` have.

    Args:
        facts: the N images' rows of the preprocessed manifest (`sign_places.mask_signs`).
        signs: of `sign_places.read_signs`.
        identity: (N,) integers.
        size_px: S, of the preprocessed images.
    """
    files = facts["path"].str.rpartition("/")[2].to_numpy()
    found = []
    for place, file in enumerate(signs["file"]):
        for image in np.flatnonzero(files == file):
            one = signs.iloc[[place]]
            (mask,) = mask_signs(facts.iloc[[image]], one, size_px=size_px)
            if mask.any():
                found.append((image, one["kind"].item(), *np.argwhere(mask).mean(axis=0)))
    table = pd.DataFrame(found, columns=["image", "kind", "row", "column"])
    table["identity"] = np.asarray(identity)[table["image"].to_numpy(int)]
    patients = table.groupby("kind")["identity"].nunique()
    kinds = tuple(sorted(patients.index[patients >= FEWEST_PATIENTS]))
    table = table[table["kind"].isin(kinds)].sort_values(["image", "kind"], kind="stable")
    return ShownSigns(
        kinds,
        np.array([kinds.index(kind) for kind in table["kind"]], int),
        table["image"].to_numpy(int),
        table["identity"].to_numpy(int),
        table[["row", "column"]].to_numpy(float).round().astype(int),
    )


def view_signs(
    images: np.ndarray,
    signs: ShownSigns,
    identity: np.ndarray,
    *,
    others: np.ndarray | None = None,
) -> np.ndarray:
    """Look at the middle of each sign, and say how far it is off what other patients show there.

    Args:
        images: (N, S, S, C) float32 in [-1, 1], all by one method.
        signs: of these images.
        identity: (N,) integers.
        others: (N,) rows of other images (`relevance_agreement.pair_with_others`) to look at
            instead, each at the place of the image's sign, for the chance level.

    Returns:
        (M, D) float64; 0 where all other patients show the same. Only images with signs are
        compared with, since a privatizer may have been told who has glaucoma.

    Raises:
        DataError: when fewer than three patients have signs.
    """
    if len(np.unique(signs.identity)) < 3:
        raise DataError("kinds of sign: expected signs of at least three patients to compare")
    half = HALF_WINDOW_PX
    gray = images.mean(axis=-1, dtype=np.float64)
    gray = np.pad(gray, ((0, 0), (half, half), (half, half)), mode="edge")
    with_signs = np.unique(signs.image)
    seen = signs.image if others is None else others[signs.image]
    windows = np.empty((len(seen), (2 * half + 1) ** 2))
    for place, (own, shown, (row, column)) in enumerate(
        zip(signs.image, seen, signs.middle, strict=True)
    ):
        window = gray[:, row : row + 2 * half + 1, column : column + 2 * half + 1]
        strangers = with_signs[~np.isin(identity[with_signs], identity[[own, shown]])]
        usual = window[strangers]
        off, spread = window[shown] - usual.mean(axis=0), usual.std(axis=0)
        windows[place] = np.divide(off, spread, out=np.zeros_like(off), where=spread > 0).ravel()
    return windows
