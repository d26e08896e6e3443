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
        shrunk = self._squares + strength * np.eye(len(self._squares))
        weights = cho_solve(cho_factor(shrunk), self._products)
        if self._rows is not None:
            weights = self._rows.T @ weights
        return lambda values: ((values - self._middle) / self._scale) @ weights + self._mean

    def choose(
        self, values: np.ndarray, rate: Callable[[np.ndarray], float]
    ) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
        """Return the regression whose predictions for (N, D) values are rated best, and the rate."""
        learned = [self.learn(strength) for strength in STRENGTHS]
        rates = [rate(predict(values)) for predict in learned]
        best = int(np.argmax(rates))
        return learned[best], rates[best]
