"""Figures as functions of how often each patient is counted, for the bootstrap over patients.

Whatever `validation.resampling` is given has a method `weigh`; `patient_sums.Ratio` is one for the
numbers of Table 1. Here are the others that a table of images gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from validation.patient_sums import Ratio


class Figure(Protocol):
    """One number of a table, for any weighting of the patients."""

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) numbers of (R, patients) weights."""


@dataclass(frozen=True)
class Combined:
    """A figure made of others, all with the same weights.

    Args:
        parts: the others.
        combine: takes their (R,) numbers and returns (R,).
    """

    parts: tuple[Figure, ...]
    combine: Callable[..., np.ndarray]

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) numbers of (R, patients) weights."""
        return self.combine(*(part.weigh(weights) for part in self.parts))


def average_images(values: np.ndarray, patients: np.ndarray) -> Ratio:
    """Return the mean over images, every image counting the same.

    Args:
        values: (N,) numbers, NaN where an image has none; or (N, draws), of which the mean is
            taken over draws.
        patients: (N,) of whom each image is; the weights are in the order of `np.unique(patients)`.
    """
    by_draw = np.asarray(values, dtype=float).reshape(len(patients), -1)
    measured = ~np.isnan(by_draw)
    return Ratio(sum_rows(np.where(measured, by_draw, 0.0), patients), sum_rows(measured, patients))


def balance_accuracy(correct: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> Combined:
    """Return the mean of the accuracies of both classes (balanced accuracy).

    Args:
        correct: (N,) or (N, draws) in {0, 1}.
        truth: (N,) bool.
        patients: (N,) of whom each image is.
    """
    by_draw = np.asarray(correct, dtype=float).reshape(len(patients), -1)
    classes = (
        average_images(np.where((truth == kind)[:, None], by_draw, np.nan), patients)
        for kind in (False, True)
    )
    return Combined(tuple(classes), lambda healthy, ill: (healthy + ill) / 2)


def sum_rows(parts: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return (patients, M) sums of the (N, M) rows of each patient, ordered by patient."""
    names, rows = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), parts.shape[1]))
    np.add.at(sums, rows, parts)
    return sums
