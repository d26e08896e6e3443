"""Statistics of the signs in preprocessed eyes without a network: are they visible, is who has them?

Ours. A sign's twin is the same image without it, so what the sign changed is known.
"""

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from replication.studies.eye_statistics import measure_rho

COMPONENTS = 100
SEEN_LEVELS = 8  # of gray: what a pixel must change by to count as changed
RINGS = 12  # between the middle and the limbus
SCALES_PX = (1, 2, 4)  # sigma of the finer Gaussian of each difference
COARSER = 1.6  # ours as in Marr and Hildreth (1980): the coarser Gaussian's sigma over the finer's
FOLDS, REPEATS = 5, 3
REGULARISATION = 0.01


def measure_visibility(healthy: np.ndarray, patient: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return d' of each sign for an observer who knows it, against the spread of healthy eyes.

    Hotelling's observer (Barrett and Myers, "Foundations of Image Science", 2004): it weighs the
    image by the sign divided by the covariance, here in the first `COMPONENTS` principal components
    of one half of the patients; d' is the sign's effect over the standard deviation on the other
    half's images. The mean of both halves, and the halves drawn from seed 0.

    Args:
        healthy: (N, S, S) uint8, images without a sign.
        patient: (N,) of each.
        change: (M, S, S) image less twin.
    """
    eyes = healthy.reshape(len(healthy), -1).astype(float)
    signs = change.reshape(len(change), -1).astype(float)
    patients = np.random.default_rng(0).permutation(np.unique(patient))
    first = np.isin(patient, patients[: len(patients) // 2])
    found = []
    for known in (first, ~first):
        middle = eyes[known].mean(axis=0)
        _, values, axes = np.linalg.svd(eyes[known] - middle, full_matrices=False)
        axes, variance = axes[:COMPONENTS], values[:COMPONENTS] ** 2 / (known.sum() - 1)
        template = (signs @ axes.T / variance) @ axes
        noise = ((eyes[~known] - middle) @ template.T).std(axis=0)
        found.append((template * signs).sum(axis=1) / np.maximum(noise, 1e-12))
    return np.mean(found, axis=0)


def count_changed(change: np.ndarray) -> np.ndarray:
    """Return (M,) pixels that change by more than `SEEN_LEVELS`, of (M, S, S) image less twin."""
    return (np.abs(change) > SEEN_LEVELS).sum(axis=(1, 2))


def extract_features(images: np.ndarray, radius_share: tuple[float, float]) -> np.ndarray:
    """Return (N, 84) features by hand: in rings of the iris, its gray and how spots stand out.

    Of each of 12 rings: the mean gray, and the highest and the lowest difference of Gaussians at
    three scales.

    Args:
        images: (N, S, S) uint8, the iris in the middle.
        radius_share: the iris's radius over the frame's width and its height.
    """
    ring = np.floor(RINGS * measure_rho(images.shape[1], radius_share)).astype(int)
    rings = [ring == number for number in range(RINGS)]
    return np.array([_describe(image.astype(np.float32), rings) for image in images])


def judge_by_features(features: np.ndarray, glaucoma: np.ndarray, patient: np.ndarray) -> float:
    """Return the AUC of a logistic regression that names sick images of patients it hasn't seen.

    Five folds by patient, so that all images are tested; the mean of three divisions.

    Args:
        features: (N, D).
        glaucoma: (N,) bool.
        patient: (N,) of each.
    """
    found = []
    for seed in range(REPEATS):
        score = np.zeros(len(features))
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for learned, tested in folds.split(features, glaucoma, patient):
            regression = LogisticRegression(
                C=REGULARISATION, class_weight="balanced", max_iter=2000
            )
            reader = make_pipeline(StandardScaler(), regression)
            reader.fit(features[learned], glaucoma[learned])
            score[tested] = reader.decision_function(features[tested])
        found.append(roc_auc_score(glaucoma, score))
    return float(np.mean(found))


def know_by_patient(glaucoma: np.ndarray, patient: np.ndarray) -> float:
    """Return the accuracy of who gives each patient the commoner of the patient's two labels."""
    _, number = np.unique(patient, return_inverse=True)
    sick, all_images = np.bincount(number, weights=glaucoma), np.bincount(number)
    return float(np.maximum(sick, all_images - sick).sum() / len(glaucoma))


def share_half_sick(glaucoma: np.ndarray, patient: np.ndarray) -> float:
    """Return the share of the patients with a sick image who have a healthy one, too."""
    _, number = np.unique(patient, return_inverse=True)
    sick, all_images = np.bincount(number, weights=glaucoma), np.bincount(number)
    return float((sick[sick > 0] < all_images[sick > 0]).mean())


def _describe(image: np.ndarray, rings: list[np.ndarray]) -> list[float]:
    features = [float(image[ring].mean()) for ring in rings]
    for scale in SCALES_PX:
        fine, coarse = (cv2.GaussianBlur(image, (0, 0), scale * k) for k in (1, COARSER))
        spots = fine - coarse
        features += [float(f) for ring in rings for f in (spots[ring].max(), spots[ring].min())]
    return features
