"""The kernel distance over that of other patients: its definition slowly, what is about 1, bad input."""

from itertools import product

import cv2
import numpy as np
import pytest
from skimage.feature import hog

from replication.attack.realism import (
    GROUP,
    KernelRatio,
    RealFeatures,
    compute_kernel,
    describe_gradients,
)
from replication.errors import DataError

PATIENTS, SIZE = 40, 6


def draw_features(each, *, seed, places_seed=3):
    """Features of patients who resemble themselves."""
    places = np.random.default_rng([places_seed, 0]).normal(size=(PATIENTS, SIZE))
    identity = np.repeat(np.arange(PATIENTS), each)
    noise = np.random.default_rng([seed, 1]).normal(size=(len(identity), SIZE))
    return 0.7 * places[identity] + 0.7 * noise, identity


def sum_kernels(found, own, known, other) -> KernelRatio:
    members, owners = ((names == np.arange(PATIENTS)[:, None]) * 1.0 for names in (own, other))
    kernel = compute_kernel(known, known)
    np.fill_diagonal(kernel, 0)
    return KernelRatio(
        members @ compute_kernel(found, found) @ members.T,
        members @ compute_kernel(found, known) @ owners.T,
        owners @ kernel @ owners.T,
        members.sum(axis=1),
        owners.sum(axis=1),
    )


def slow_ratio(found, own, known, other, weights):
    """Average over all pairs one by one."""

    def average(first, names, second, names2, *, alike=False):
        top = bottom = 0.0
        for (i, x), (j, y) in product(enumerate(first), enumerate(second)):
            if (names[i] == names2[j]) != alike or (alike and i == j):
                continue
            weight = weights[names[i]] * (1 if alike else weights[names2[j]])
            top, bottom = top + weight * (x @ y / SIZE + 1) ** 3, bottom + weight
        return top / bottom

    unlike = average(known, other, known, other)
    distance = average(found, own, found, own) + unlike - 2 * average(found, own, known, other)
    alike = average(known, other, known, other, alike=True)
    return 1 + distance / (2 / GROUP * (alike - unlike))


def test_the_ratio_is_its_definition_under_any_weights():
    found, own = draw_features(2, seed=1)
    known, other = draw_features(3, seed=2)
    ratio = sum_kernels(found + 0.2, own, known, other)
    weights = np.random.default_rng(0).integers(0, 3, (2, PATIENTS)).astype(float)
    expected = [slow_ratio(found + 0.2, own, known, other, row) for row in weights]
    assert ratio.weigh(weights) == pytest.approx(expected)


def measure(found, own, *, places_seed=3):
    known, other = draw_features(8, seed=2, places_seed=places_seed)
    return sum_kernels(found, own, known, other).weigh(np.ones((1, PATIENTS))).item()


def test_real_eyes_and_fresh_ones_have_about_one_and_others_more():
    real, fresh, shifted = [], [], []
    for seed in range(10, 80):
        found, own = draw_features(3, seed=seed)
        real.append(measure(found, own))
        shifted.append(measure(found + 0.3, own))
        drawn = draw_features(3, seed=seed, places_seed=seed)
        fresh.append(measure(*drawn, places_seed=100 + seed))
    assert np.mean(real) == pytest.approx(1, abs=0.15)
    assert np.mean(fresh) == pytest.approx(1, abs=0.25)  # four of its standard errors
    assert np.mean(shifted) > 1.5


def test_one_is_what_two_groups_of_patients_are_apart_by_the_usual_distance():
    """Halve 100 patients again and again: the mean of the distance of all pairs is F."""
    rng = np.random.default_rng(0)
    each, patients = 30, 2 * GROUP
    identity = np.repeat(np.arange(patients), each)
    values = 0.7 * rng.normal(size=(patients, SIZE))[identity]
    values += 0.7 * rng.normal(size=values.shape)
    member = (identity == np.arange(patients)[:, None]) * 1.0
    kernel = compute_kernel(values, values)
    np.fill_diagonal(kernel, 0)
    sums = member @ kernel @ member.T
    count, distances = GROUP * each, []
    for _ in range(200):
        first = np.isin(np.arange(patients), rng.permutation(patients)[:GROUP])
        within = sum(sums[np.ix_(h, h)].sum() for h in (first, ~first)) / (count * (count - 1))
        distances.append(within - 2 * sums[np.ix_(first, ~first)].mean() / each**2)
    alike = np.trace(sums) / (patients * each * (each - 1))
    unlike = (sums.sum() - np.trace(sums)) / (patients * (patients - 1) * each**2)
    # Of 30 images a patient, not of many, the fraction of pairs of one patient is a little less.
    fraction = (each - 1) / (count - 1)
    assert np.mean(distances) == pytest.approx(2 * fraction * (alike - unlike), rel=0.05)
    assert fraction == pytest.approx(1 / GROUP, rel=0.05)


def draw_images(count, *, seed, side=64, channels=3):
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, side // 8, side // 8, channels))
    return np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.float32)


def test_the_gradients_are_those_of_scikit_image_but_for_how_they_are_smoothed():
    gray = draw_images(4, seed=0, channels=1)
    ours = describe_gradients(gray)
    theirs = [hog(image[..., 0], 9, (8, 8), (2, 2)) for image in gray]
    assert ours.shape == np.shape(theirs)
    blocks = [np.linalg.norm(np.reshape(v, (4, 7, 7, -1)), axis=-1) for v in (ours, theirs)]
    assert all(((0.99 < norm) & (norm < 1.01) | (norm == 0)).mean() > 0.9 for norm in blocks)


def test_images_of_another_size_are_resized():
    assert describe_gradients(draw_images(2, seed=0, side=96)).shape == (2, 1764)


def test_compared_are_the_images_features_and_a_blur_is_far():
    identity = np.repeat(np.arange(30), 6)
    base = draw_images(30, seed=1)[identity]
    noise = np.random.default_rng(2).normal(0, 0.1, base.shape)
    eyes = (base + noise).clip(-1, 1).astype(np.float32)
    test = np.arange(0, 180, 6)
    train = np.setdiff1d(np.arange(180), test)
    real = RealFeatures(eyes[train], identity[train], identity[test])
    flat = np.array([cv2.GaussianBlur(image, (21, 21), 0) for image in eyes[test]])
    ones = np.ones((1, 30))
    own, far = (real.compare([images]).weigh(ones).item() for images in (eyes[test], flat))
    assert far > 2 * max(own, 1)
    both = real.compare([eyes[test], flat]).weigh(ones).item()
    assert both == pytest.approx((own + far) / 2)
    one = RealFeatures(eyes[train], identity[train], identity[test]).compare([eyes[test]])
    assert one.weigh(ones).item() == own


def test_what_does_not_fit_is_an_error():
    images = draw_images(4, seed=0)
    with pytest.raises(DataError, match="of one patient; add patients"):
        RealFeatures(images, np.zeros(4, dtype=int), np.zeros(2, dtype=int))
    real = RealFeatures(images, np.arange(4) // 2, np.array([0, 1]))
    with pytest.raises(DataError, match="draws of 2 images"):
        real.compare([images])


def test_without_a_second_image_of_anyone_there_is_no_ratio():
    images = draw_images(3, seed=0)
    real = RealFeatures(images, np.arange(3), np.arange(3))
    assert np.isnan(real.compare([images]).weigh(np.ones((1, 3)))).all()
