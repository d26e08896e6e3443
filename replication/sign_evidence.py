"""Whether a privatized image still shows the sign that its original shows, at the sign's place.

Ours; the paper judges by the glaucoma network's verdict alone (paper §3, Table 1), which is also
right where an image says no more than its label. Two measures, where the sign's place is known:

- correlation: the zero-mean normalised cross-correlation of original and privatized image inside
  the sign, 1 for the same picture up to brightness and contrast. It has to beat its chance level,
  the same against the privatized images of other patients of the same pathology. What else lies
  there, above all the pupil's edge, counts too: where a twin without the sign can be drawn, the
  same against the privatized twin says how much of the correlation is owed to the sign.
- verdicts: what the glaucoma network says of the privatized image, and of the privatized twin. A
  method for which no verdict changes shows a label, not evidence.
"""

from __future__ import annotations

import cv2
import numpy as np

from replication.errors import DataError

# The smallest signs are 2 px wide and of one gray: what shows them is the contrast with what is
# around. A mask's outermost pixels may be all but covered, one more on each side is surely outside.
# More would count more of the eye than of the sign: on the surrogate, originals correlate with
# their own twins by 0.72, 0.81, 0.89 and 0.92 with margins of 0, 1, 2 and 3 px.
MARGIN_PX = 1
VERDICT = 0.5  # of the softmax's two probabilities, as in Table 1


def correlate_signs(
    originals: np.ndarray,
    privatized: np.ndarray,
    masks: np.ndarray,
    *,
    margin_px: int = MARGIN_PX,
) -> np.ndarray:
    """Correlate original and privatized image inside the sign, row by row.

    Args:
        originals: (N, S, S, C) float32 in [-1, 1]; gray is the mean over channels.
        privatized: (N, S, S, C) float32 in [-1, 1].
        masks: (N, S, S) bool, the sign's pixels (`sign_places.mask_signs`).
        margin_px: how far around the sign pixels count.

    Returns:
        (N,) float64 in [-1, 1]; 0 where the privatized image is flat there, since it shows nothing;
        NaN where there is no sign or the original is flat there, so that nothing could be shown.

    Raises:
        DataError: when the shapes don't fit.
    """
    _check_shapes(originals, privatized, masks)
    ours, theirs = (images.mean(axis=-1, dtype=np.float64) for images in (originals, privatized))
    return np.array(
        [
            _correlate(own[mask], other[mask][None])[0]
            for own, other, mask in zip(ours, theirs, _widen(masks, margin_px), strict=True)
        ]
    )


def correlate_by_chance(
    originals: np.ndarray,
    privatized: np.ndarray,
    masks: np.ndarray,
    *,
    identity: np.ndarray,
    glaucoma: np.ndarray,
    margin_px: int = MARGIN_PX,
) -> np.ndarray:
    """Correlate each original with other patients' privatized images at the same place.

    The mean over all of them is what drawing one by `relevance_agreement.pair_with_others` gives
    in the long run, without the chance of the draw.

    Args:
        originals, privatized, masks, margin_px: as for `correlate_signs`.
        identity: (N,) integers.
        glaucoma: (N,) bool; others of the same pathology count.

    Returns:
        (N,) float64, each the mean of `correlate_signs` over the privatized images of other
        patients of the same pathology; NaN also where there is none.

    Raises:
        DataError: when the shapes don't fit.
    """
    _check_shapes(originals, privatized, masks)
    ours, theirs = (images.mean(axis=-1, dtype=np.float64) for images in (originals, privatized))
    pixels = theirs.reshape(len(theirs), -1)
    chance = np.full(len(masks), np.nan)
    for row, mask in enumerate(_widen(masks, margin_px)):
        others = (identity != identity[row]) & (glaucoma == glaucoma[row])
        if mask.any() and others.any():
            shown = pixels[np.ix_(np.flatnonzero(others), np.flatnonzero(mask))]
            chance[row] = _correlate(ours[row][mask], shown).mean()
    return chance


def compare_verdicts(
    probability: np.ndarray, probability_of_twin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compare the glaucoma network's verdicts on images and on their twins.

    Args:
        probability: (N,) of glaucoma, of the privatized originals.
        probability_of_twin: (N,) of glaucoma, of the privatized twins, which have no sign.

    Returns:
        changed: (N,) bool, whether the verdict is another without the sign.
        change: (N,) float, the probability with the sign minus that without it.

    Raises:
        DataError: when the shapes differ or a number is no probability.
    """
    if np.shape(probability) != np.shape(probability_of_twin):
        raise DataError(
            f"verdicts: expected as many twins as images, got {np.shape(probability)} and "
            f"{np.shape(probability_of_twin)}"
        )
    both = np.array([probability, probability_of_twin], np.float64)
    if not ((both >= 0) & (both <= 1)).all():
        raise DataError("verdicts: expected probabilities in [0, 1]")
    verdict, verdict_of_twin = both > VERDICT
    return verdict != verdict_of_twin, both[0] - both[1]


def _check_shapes(originals: np.ndarray, privatized: np.ndarray, masks: np.ndarray) -> None:
    if originals.ndim != 4 or not originals.shape == privatized.shape:
        raise DataError(
            f"originals and privatized: expected (N, S, S, C) twice, got {originals.shape} and "
            f"{privatized.shape}"
        )
    if masks.shape != originals.shape[:3] or masks.dtype != bool:
        raise DataError(
            f"masks: expected {originals.shape[:3]} bool, got {masks.shape} {masks.dtype}"
        )


def _widen(masks: np.ndarray, margin_px: int) -> np.ndarray:
    """Return the masks with all pixels at most so far off in row and in column."""
    square = np.ones((2 * margin_px + 1,) * 2, np.uint8)
    widened = [cv2.dilate(mask.astype(np.uint8), square) for mask in masks]
    return np.array(widened, bool).reshape(masks.shape)


def _correlate(original: np.ndarray, privatized: np.ndarray) -> np.ndarray:
    """Return (M,) correlations of (P,) pixels of an original with (M, P) of privatized images."""
    if not original.size or np.ptp(original) == 0:
        return np.full(len(privatized), np.nan)
    own = original - original.mean()
    others = privatized - privatized.mean(axis=1, keepdims=True)
    flat = np.ptp(privatized, axis=1) == 0
    norms = np.sqrt((own**2).sum() * (others**2).sum(axis=1))
    shown = np.divide(others @ own, norms, out=np.zeros(len(others)), where=~flat)
    return np.clip(shown, -1, 1)
