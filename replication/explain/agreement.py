"""How far two relevance maps agree, and whether they agree more where the pathology is the same.

The paper shows three maps: original and privatized image are relevant "in the same regions", and
not so where the pathology differs (paper §3, Figure 5). Ours is what is measured:

- rank correlation: Spearman's over all pixels;
- top overlap: fraction of the most relevant tenth of pixels that both maps have in common (of a
  map with fewer relevant pixels, these);
- structural similarity: SSIM (Wang et al., IEEE Trans. Image Processing 13, 2004) in even windows
  of 7 x 7 pixels, of maps divided by their highest value.

No measure changes when a map is multiplied by a number: what is compared is where relevance is, not
how much. A map of one value throughout has no place, above all an empty one (negative log-odds): it
has no agreement with any map and enters no mean.
"""

from typing import Self

import numpy as np
import pandas as pd
from scipy.ndimage import uniform_filter1d
from scipy.stats import rankdata

from replication.errors import DataError
from validation.statistics.resampling import Estimate, estimate_mean

MEASURES = ("rank_correlation", "top_overlap", "structural_similarity")
TOP_FRACTION = 0.1  # ours
WINDOW_PX = 7
STEADY, CONTRAST = 0.01**2, 0.03**2  # SSIM's constants for a data range of 1


class MapPatterns:
    """Where relevance is in each map, in the form that agreements compare, computed once.

    Args:
        maps: (N, S, S) float32, not negative.

    Raises:
        DataError: when a map is negative or not finite.
    """

    def __init__(self, maps: np.ndarray) -> None:
        check_maps(maps)
        self.shown = has_pattern(maps)
        highest = maps.max(axis=(1, 2), initial=0)
        self._scaled = maps.astype(np.float64) / np.where(highest > 0, highest, 1)[:, None, None]
        pixels = self._scaled.reshape(len(maps), maps.shape[1] * maps.shape[2])
        self._ranks = _rank_pixels(pixels)
        self._top = _choose_top(pixels, round(TOP_FRACTION * pixels.shape[1]))
        self._mean = _average_windows(self._scaled)
        self._variance = _average_windows(self._scaled**2) - self._mean**2

    def take(self, rows: np.ndarray) -> Self:
        """Return the patterns of these rows; row -1 has none."""
        taken = object.__new__(type(self))
        vars(taken).update({name: array[rows] for name, array in vars(self).items()})
        taken.shown &= rows >= 0
        return taken

    def measure(self, other: Self) -> pd.DataFrame:
        """Measure the agreement with as many other patterns, row by row, as `measure_agreement`."""
        if self._scaled.shape != other._scaled.shape:
            raise DataError(
                f"relevance maps: {self._scaled.shape} can't be compared with {other._scaled.shape}"
            )
        measures = (self._correlate_ranks, self._overlap_top, self._compare_structure)
        columns = {name: measure(other) for name, measure in zip(MEASURES, measures, strict=True)}
        agreement = pd.DataFrame(columns)
        agreement[~(self.shown & other.shown)] = np.nan
        return agreement

    def _correlate_ranks(self, other: Self) -> np.ndarray:
        return np.einsum("np,np->n", self._ranks, other._ranks)

    def _overlap_top(self, other: Self) -> np.ndarray:
        """Return (N,) fractions of the top pixels that are the other's top pixels too."""
        most = np.maximum(self._top.sum(axis=1), other._top.sum(axis=1))
        return np.minimum(self._top, other._top).sum(axis=1) / np.where(most > 0, most, 1)

    def _compare_structure(self, other: Self) -> np.ndarray:
        """Return (N,) means over all windows of Wang et al.'s Equation 13."""
        means = self._mean * other._mean
        both = _average_windows(self._scaled * other._scaled) - means
        unbiased = WINDOW_PX**2 / (WINDOW_PX**2 - 1)
        light = (2 * means + STEADY) / (self._mean**2 + other._mean**2 + STEADY)
        spread = unbiased * (self._variance + other._variance) + CONTRAST
        return (light * (2 * unbiased * both + CONTRAST) / spread).mean(axis=(1, 2))


def measure_agreement(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    """Measure the agreement of maps, row by row; exchanging the two changes nothing.

    Args:
        first, second: (N, S, S) float32, not negative; row i is compared with row i.

    Returns:
        N rows with the columns MEASURES: correlations in [-1, 1], overlap in [0, 1] (0.1 by
        chance), similarity in [-1, 1]; NaN where either map has one value throughout.

    Raises:
        DataError: when the shapes differ or a map is negative or not finite.
    """
    return MapPatterns(first).measure(MapPatterns(second))


def check_maps(maps: np.ndarray) -> None:
    """Raise DataError unless maps is (N, S, S) of finite numbers, none negative."""
    if maps.ndim != 3 or maps.shape[1] != maps.shape[2]:
        raise DataError(f"relevance maps: expected (N, S, S), got {maps.shape}")
    if not (np.isfinite(maps).all() and (maps >= 0).all()):
        raise DataError("relevance maps: expected finite numbers, none negative; explain again")


def has_pattern(maps: np.ndarray) -> np.ndarray:
    """Return (N,) bool, False for a map of one value throughout, such as an empty one."""
    return np.ptp(maps, axis=(1, 2)) > 0


def compare_agreements(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare two agreements of the same images, such as under two choices of the replacement.

    1. Average each image's agreement over the draws that have one.
    2. Keep the images that have one in both tables: the two means are of the same images.
    3. Estimate both means and that of the images' differences, over patients.

    Args:
        first: columns image_id, identity and MEASURES (`measure_agreement` of original and
            privatized), one row per image and draw.
        second: the same of the other agreement.
        rng: draws the patients.

    Returns:
        One row per measure: measure, then mean, low and high of `first_`, `second_` and
        `difference_` (first minus second, paired), images and patients that went in,
        left_out_images, and the rows without agreement, first_empty and second_empty.

    Raises:
        DataError: when the two tables are of different images.
    """
    if set(first["image_id"]) != set(second["image_id"]):
        raise DataError("agreement: the two tables have different images; explain both again")
    patients = first.groupby("image_id")["identity"].first()
    rows = []
    for measure in MEASURES:
        ours, theirs = (table.groupby("image_id")[measure].mean() for table in (first, second))
        both = ours.notna() & theirs.notna()
        row: dict[str, object] = {"measure": measure}
        values = {"first": ours, "second": theirs, "difference": ours - theirs}
        for name, value in values.items():
            estimate = estimate_mean(value[both].to_numpy(), patients[both].to_numpy(), rng=rng)
            row |= name_parts(name, estimate)
        row |= {"images": estimate.images, "patients": estimate.patients}
        row["left_out_images"] = int((~both).sum())
        row["first_empty"] = int(first[measure].isna().sum())
        row["second_empty"] = int(second[measure].isna().sum())
        rows.append(row)
    return pd.DataFrame(rows)


def pair_with_others(
    identity: np.ndarray, glaucoma: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Return (N,) rows: for each image one of another patient with the same pathology, or -1.

    Any two eyes' maps agree somewhat, since all irises are in the middle. The agreement of
    privatized images with the originals `maps[pair_with_others(...)]` is what an agreement with
    their own original has to beat; `compare_agreements` compares the two.

    Args:
        identity: (N,) integers.
        glaucoma: (N,) bool.
        rng: draws the images.
    """
    rows = []
    for own, label in zip(identity, glaucoma, strict=True):
        others = np.flatnonzero((identity != own) & (glaucoma == label))
        rows.append(rng.choice(others) if len(others) else -1)
    return np.array(rows)


def name_parts(name: str, estimate: Estimate) -> dict[str, float]:
    """Return an estimate as columns: name_mean, name_low, name_high."""
    return {f"{name}_{part}": getattr(estimate, part) for part in ("mean", "low", "high")}


def _rank_pixels(pixels: np.ndarray) -> np.ndarray:
    """Return (N, P) ranks about 0, of length 1; equal pixels share their ranks."""
    ranks = rankdata(pixels, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("np,np->n", ranks, ranks))
    return ranks / np.where(length > 0, length, 1)[:, None]


def _average_windows(maps: np.ndarray) -> np.ndarray:
    """Return the means of all windows that lie whole in (N, S, S) maps."""
    for axis in (1, 2):
        maps = uniform_filter1d(maps, WINDOW_PX, axis=axis)
    inside = slice(WINDOW_PX // 2, -(WINDOW_PX // 2))
    return maps[:, inside, inside]


def _choose_top(pixels: np.ndarray, count: int) -> np.ndarray:
    """Return (N, P) weights in [0, 1]: 1 for the `count` highest pixels that have relevance.

    Pixels that tie for the last places share them. A pixel without relevance is never at the top:
    else two maps of few relevant pixels would agree for what they don't show.
    """
    last = np.partition(pixels, -count, axis=1)[:, [-count]]
    above, tied = pixels > last, pixels == last
    places = count - above.sum(axis=1, keepdims=True)
    return (above + tied * (places / tied.sum(axis=1, keepdims=True))) * (pixels > 0)
