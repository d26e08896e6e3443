"""Ridge regression of many targets, its strength chosen by a rate of our own.

scikit-learn's `RidgeCV` chooses by the error left out, and its `Ridge` makes the normal equations anew
for every strength; here they are made once, and each strength costs a Cholesky factor.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

STRENGTHS = np.logspace(-5, 1, 7)  # ours: per row, beside features of unit mean square


class RidgePath:
    """The regressions of (R, T) targets on (R, D) values, by strength.

    Args:
        values: one row for each target; they are centred, and scaled by one number.
        targets: they are centred.
    """

    def __init__(self, values: np.ndarray, targets: np.ndarray) -> None:
        self._middle, self._mean = values.mean(axis=0), targets.mean(axis=0)
        centred = (values - self._middle).astype(np.float64)
        self._scale = float(np.sqrt(np.mean(centred**2))) or 1.0
        centred /= self._scale
        wanted = (targets - self._mean) / len(values)
        # Of fewer rows than features, the weights are made of rows: the smaller of two systems.
        self._rows = centred if len(values) < values.shape[1] else None
        if self._rows is None:
            self._squares, self._products = centred.T @ centred / len(values), centred.T @ wanted
        else:
            self._squares, self._products = centred @ centred.T / len(values), wanted

    def learn(self, strength: float) -> Callable[[np.ndarray], np.ndarray]:
        """Return the regression of one of STRENGTHS: (N, D) values to (N, T) predictions."""
        weights = cho_solve(self._factor(strength), self._products)
        if self._rows is not None:
            weights = self._rows.T @ weights
        return lambda values: self._standardise(values) @ weights + self._mean

    def choose(
        self, values: np.ndarray, rate: Callable[[np.ndarray], float]
    ) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
        """Return the regression whose predictions for (N, D) values are rated best, and the rate."""
        asked = self._standardise(values)
        if self._rows is not None:
            asked = asked @ self._rows.T
        rates = [rate(self._predict(asked, strength)) for strength in STRENGTHS]
        best = int(np.argmax(rates))
        return self.learn(STRENGTHS[best]), rates[best]

    def _predict(self, asked: np.ndarray, strength: float) -> np.ndarray:
        """Return the (N, T) predictions alone: solved for what is fewer, values or targets."""
        factor = self._factor(strength)
        if len(asked) < self._products.shape[1]:
            return cho_solve(factor, asked.T).T @ self._products + self._mean
        return asked @ cho_solve(factor, self._products) + self._mean

    def _factor(self, strength: float) -> tuple[np.ndarray, bool]:
        return cho_factor(self._squares + strength * np.eye(len(self._squares)))

    def _standardise(self, values: np.ndarray) -> np.ndarray:
        return (values - self._middle) / self._scale
