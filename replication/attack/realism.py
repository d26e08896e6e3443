"""How far a method's images are from real eyes: the kernel distance over that of other patients.

The kernel inception distance (KID: Bińkowski et al., ICLR 2018) is the unbiased squared maximum mean
discrepancy of two sets of features by the kernel (x y / D + 1)^3. Departures:

- Theirs are features of Inception, trained on photographs. Here no feature knows identity: gradient
  histograms (HOG: Dalal and Triggs, CVPR 2005, by OpenCV), standardised, 48 principal components of
  the training originals, each of variance 1.
- Pairs of one patient are left out, also of a privatized image and its patient's originals. Images
  of one patient are alike, so with these pairs two sets of real eyes are apart for having other
  patients in them, and a method would be punished for anonymity. Without them the expectation is 0
  for real eyes of other patients, and for any fresh eyes that look like them.

A ratio to 0 means nothing. What real eyes are apart is what the usual distance, all pairs counted,
has between two groups of patients: halve the patients again and again, and its mean is

    F = (s1 + s2) (alike - unlike),

`alike` and `unlike` the mean kernel of two originals of one patient and of two, s1 and s2 the
fractions of pairs that are of one patient in either group. F is taken in this closed form, not from
drawn halves, and for groups of 50 patients with many images (s = 1/50), so that it depends neither
on a seed nor on how many patients a data set has. The measure is

    (KID + F) / F = 1 + KID / F:

1 on average for real eyes of other patients, originals among them (a control), and for fresh eyes; 2
where a method's images are as far off as two groups of 50 real patients are apart. By chance it can
be below 1. As sums over pairs of patients it has any weights.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from replication.errors import DataError
from replication.records import check_images, to_bytes, to_gray

COMPONENTS = 48
SIDE = 64  # px, as in the paper; other images are resized
GROUP = 50  # ours: patients of each group that 1.0 is about
# Dalal and Triggs' choices: cells of 8 px, blocks of 2 x 2 cells one cell apart, 9 directions.
_HISTOGRAMS = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)


@dataclass(frozen=True)
class KernelRatio:
    """1 + KID / F of one method's images; sums over pairs of patients, tested ones first.

    Args:
        within: (T, T) mean over draws of the kernel's sums over pairs of privatized images.
        across: (T, A) the same of privatized images and originals of all A patients.
        originals: (A, A) sums over pairs of originals, an image and itself left out.
        tested, known: (T,) and (A,) images of each patient.
    """

    within: np.ndarray
    across: np.ndarray
    originals: np.ndarray
    tested: np.ndarray
    known: np.ndarray

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) ratios of (R, T) weights, NaN where a patient is alone."""
        others = np.ones((len(weights), len(self.known) - len(self.tested)))
        every = np.concatenate([weights, others], axis=1)
        privatized = _average_others(self.within, weights, self.tested, weights, self.tested)
        across = _average_others(self.across, weights, self.tested, every, self.known)
        unlike = _average_others(self.originals, every, self.known, every, self.known)
        pairs = every @ (self.known * (self.known - 1))
        none = np.full(len(weights), np.nan)
        alike = np.divide(every @ np.diag(self.originals), pairs, out=none.copy(), where=pairs > 0)
        apart = 2 / GROUP * (alike - unlike)
        distance = privatized + unlike - 2 * across
        return 1 + np.divide(distance, apart, out=none, where=apart > 0)


class RealFeatures:
    """Features of privatized images beside those of the training originals.

    Args:
        originals: (G, S, S, C) float32 in [-1, 1].
        identity: (G,) their patients.
        tested: (N,) patients of the images that are compared; others have weight 1.

    Raises:
        DataError: when originals are no such images, fewer than two, or of one patient.
    """

    def __init__(self, originals: np.ndarray, identity: np.ndarray, tested: np.ndarray) -> None:
        if len(np.unique(identity)) < 2:
            raise DataError(f"realism: {len(originals)} originals of one patient; add patients")
        found = describe_gradients(originals)
        # With as many as there are originals these would all be equally far apart.
        count = max(1, min(COMPONENTS, len(found) // 4))
        components = PCA(count, whiten=True, svd_solver="randomized", random_state=0)
        self._features: Pipeline = make_pipeline(StandardScaler(), components).fit(found)
        self._known = self._features.transform(found)
        patients = np.unique(tested)
        every = np.concatenate([patients, np.setdiff1d(identity, patients)])
        self._tested, self._members = tested, tested == patients[:, None]
        self._owners = (identity == every[:, None]).astype(float)
        kernel = compute_kernel(self._known, self._known)
        np.fill_diagonal(kernel, 0.0)
        self._originals = self._owners @ kernel @ self._owners.T

    def compare(self, draws: list[np.ndarray]) -> KernelRatio:
        """Return the measure of one or more draws of N images, (N, S, S, C) in [-1, 1] each.

        Raises:
            DataError: when a draw holds no such images, or not N.
        """
        if any(len(images) != len(self._tested) for images in draws):
            raise DataError(f"realism: expected draws of {len(self._tested)} images")
        members = self._members.astype(float)
        found = [self._features.transform(describe_gradients(images)) for images in draws]
        within = [members @ compute_kernel(drawn, drawn) @ members.T for drawn in found]
        across = [members @ compute_kernel(drawn, self._known) @ self._owners.T for drawn in found]
        return KernelRatio(
            np.mean(within, axis=0),
            np.mean(across, axis=0),
            self._originals,
            members.sum(axis=1),
            self._owners.sum(axis=1),
        )


def describe_gradients(images: np.ndarray) -> np.ndarray:
    """Return (N, 1764) histograms of gradients of (N, S, S, C) images in [-1, 1].

    Raises:
        DataError: when they are no such images.
    """
    check_images("images", images)
    gray = to_bytes(to_gray(images))
    if gray.shape[1:] != (SIDE, SIDE):
        gray = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in gray]
    return np.array([_HISTOGRAMS.compute(np.ascontiguousarray(one)) for one in gray], np.float64)


def compute_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (N, M) kernels of (N, D) and (M, D) features."""
    return (first @ second.T / first.shape[1] + 1) ** 3


def _average_others(
    sums: np.ndarray,
    first: np.ndarray,
    first_images: np.ndarray,
    second: np.ndarray,
    second_images: np.ndarray,
) -> np.ndarray:
    """Return (R,) means over pairs of two patients, of sums (T, A) and weights (R, T) and (R, A).

    Patients have the same place in both, as far as both have them; the images are their numbers.
    """
    totals = []
    for pairs in (sums, np.outer(first_images, second_images)):
        apart = pairs.copy()
        np.fill_diagonal(apart, 0.0)
        totals.append(((first @ apart) * second).sum(axis=1))
    return np.divide(*totals, out=np.full(len(first), np.nan), where=totals[1] > 0)
