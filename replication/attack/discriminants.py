"""Linear discriminants of patients, their within-class covariance shrunk class by class.

The estimate is that of scikit-learn's `LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")`:
each class is standardised, and its covariance shrunk as in Ledoit and Wolf, "A well-conditioned
estimator for large-dimensional covariance matrices", J. Multivariate Analysis 88, 2004. scikit-learn
makes a D x D matrix of every class and decomposes their sum into singular values; of many classes
with few rows each, products of N x N, one of D x D and its Cholesky factor take a tenth of that.
"""

import warnings
from typing import Self

import numpy as np
from scipy.linalg import LinAlgError, LinAlgWarning, lstsq, solve
from sklearn.base import BaseEstimator, ClassifierMixin


class ShrunkDiscriminants(ClassifierMixin, BaseEstimator):
    """Names the class of each row of values."""

    def fit(self, values: np.ndarray, classes: np.ndarray) -> Self:
        """Learn (N, D) values of (N,) classes."""
        self.classes_, rows, counts = np.unique(classes, return_inverse=True, return_counts=True)
        priors, exact = counts / len(values), values.astype(np.float64)
        means = np.array([exact[rows == row].mean(axis=0) for row in range(len(counts))])
        spread, identity = exact - means[rows], np.zeros(values.shape[1])
        for row, prior in enumerate(priors):
            own = spread[rows == row]
            std = own.std(axis=0)
            std[std == 0] = 1
            shrinkage, variance = measure_shrinkage(own / std)
            spread[rows == row] *= np.sqrt(1 - shrinkage)
            identity += prior * shrinkage * variance * std**2
        covariance = spread.T @ spread / len(values) + np.diag(identity)
        self.slopes_ = _solve(covariance, means.T)
        self.offsets_ = -(means.T * self.slopes_).sum(axis=0) / 2
        self.log_priors_ = np.log(priors)
        return self

    def decision_function(self, values: np.ndarray) -> np.ndarray:
        """Return (N, classes) log-likelihoods of (N, D) values, but for a term of each row."""
        return values @ self.slopes_ + self.offsets_

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the (N,) classes of (N, D) values."""
        return self.classes_[(self.decision_function(values) + self.log_priors_).argmax(axis=1)]


def measure_shrinkage(centred: np.ndarray) -> tuple[float, float]:
    """Return Ledoit and Wolf's shrinkage in [0, 1] of (N, D) values of mean 0, and their variance.

    The shrinkage is the weight of the identity times the mean variance, beside that of the
    empirical covariance; one or two rows aren't shrunk.
    """
    count, size = centred.shape
    products = centred @ centred.T
    variance = np.trace(products) / (count * size)
    square = (products**2).sum() / count**2
    error = ((np.diag(products) ** 2).sum() / count - square) / (count * size)
    distance = square / size - variance**2
    error = min(error, distance)
    return (error / distance if error > 0 else 0.0), variance


def _solve(covariance: np.ndarray, means: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error", LinAlgWarning)
        try:
            return solve(covariance, means, assume_a="pos")
        except (LinAlgError, LinAlgWarning):  # singular, as where no class has three rows
            return lstsq(covariance, means)[0]
