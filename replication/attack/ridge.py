"""Ridge regression of many targets, for many strengths at the cost of one.

scikit-learn's `Ridge` makes the normal equations anew for every strength; with the eigenvectors of
one decomposition each costs a product (Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning, 2009, section 3.4.1).
"""

from collections.abc import Callable

import numpy as np

STRENGTHS = np.logspace(-5, 1, 13)  # ours: per row, beside features of unit mean square


class RidgePath:
    """The regressions of (R, T) targets on (R, D) values, by strength.

    Args:
        values: one row for each target; they are centred, and scaled by one number.
        targets: they are centred.
    """

    def __init__(self, values: np.ndarray, targets: np.ndarray) -> None:
        self._middle, self._mean = values.mean(axis=0), targets.mean(axis=0)
        self._scale = float(np.sqrt(np.mean((values - self._middle) ** 2))) or 1.0
        centred = (values - self._middle) / self._scale
        squares, self._axes = np.linalg.eigh(centred.T @ centred / len(values))
        self._squares = np.maximum(squares, 0)
        self._products = self._axes.T @ (centred.T @ (targets - self._mean)) / len(values)

    def rotate(self, values: np.ndarray) -> np.ndarray:
        """Return (N, D) values as `predict` takes them, which is done once for all strengths."""
        return ((values - self._middle) / self._scale) @ self._axes

    def predict(self, rotated: np.ndarray, strength: float) -> np.ndarray:
        """Return (N, T) predictions by one of STRENGTHS."""
        return rotated @ (self._products / (self._squares + strength)[:, None]) + self._mean

    def choose(
        self, values: np.ndarray, rate: Callable[[np.ndarray], float]
    ) -> tuple[float, float]:
        """Return the best strength by how its predictions for (N, D) values are rated, and the rate."""
        rotated = self.rotate(values)
        rates = [rate(self.predict(rotated, strength)) for strength in STRENGTHS]
        best = int(np.argmax(rates))
        return STRENGTHS[best], rates[best]
