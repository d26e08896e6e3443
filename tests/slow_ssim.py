"""Structural similarity written out slowly."""

import numpy as np


def slow_similarity(first: np.ndarray, second: np.ndarray, *, data_range: float) -> float:
    """Wang et al.: windows of 7 x 7, constants (0.01 L)^2 and (0.03 L)^2 for a data range of L."""
    steady, contrast = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    values = []
    for row in range(len(first) - 6):
        for column in range(len(first) - 6):
            x, y = (m[row : row + 7, column : column + 7].ravel() for m in (first, second))
            (var_x, both), (_, var_y) = np.cov(x, y)
            means = (2 * x.mean() * y.mean() + steady) / (x.mean() ** 2 + y.mean() ** 2 + steady)
            values.append(means * (2 * both + contrast) / (var_x + var_y + contrast))
    return float(np.mean(values))
