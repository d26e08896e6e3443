"""How far trainings that differ in the seed lie apart, and how well so few of them show it.

On the logit scale the rows of one method (its block) spread alike, whatever their level: a number
near 0 or 1 moves by fewer points than one near a half. So the deviation is pooled over a block's
rows, per metric, which makes it steadier than that of one row:

1. Logits of all numbers, (h + 1/2) / (n - h + 1/2) for h hits among n images (Haldane and Anscombe),
   so that no hit and no miss have one too.
2. Variance of each number over trainings; the mean over the block's rows.
3. Degrees of freedom. All rows come from the same trainings, so r rows are fewer than r independent
   ones: (n - 1) r^2 / sum of squared correlations of the r rows (Satterthwaite, Biometrics Bulletin
   2, 1946). Between n - 1 (rows move together) and r (n - 1).
4. Correlations of all numbers, shrunk towards none as far as so few trainings leave them uncertain
   (Schaefer and Strimmer, Statistical Applications in Genetics and Molecular Biology 4, 2005).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import t

from validation.statistics.intervals import Cell

SIMULATIONS = 20_000


@dataclass(frozen=True)
class Trainings:
    """Trainings that differ in the seed alone, seen through their C numbers.

    Args:
        cells: (method, metric) of the numbers.
        runs: how many trainings.
        means: (C,) logits.
        stds: (C,) pooled standard deviations, logits.
        freedom: (C,) degrees of freedom of these.
        correlation: (C, C) of a training's errors.
        pooling: (C, C); its product with C variances is the pooled ones.
    """

    cells: tuple[Cell, ...]
    runs: int
    means: np.ndarray
    stds: np.ndarray
    freedom: np.ndarray
    correlation: np.ndarray
    pooling: np.ndarray


def to_logits(values: np.ndarray, images: float) -> np.ndarray:
    """Return the empirical logits of fractions in [0, 1] of so many images."""
    return np.log((values * images + 0.5) / ((1 - values) * images + 0.5))


def from_logits(logits: np.ndarray, images: float) -> np.ndarray:
    """Return the fractions that `to_logits` takes; beyond what it gives, 0 or 1."""
    return np.clip((expit(logits) * (images + 1) - 0.5) / images, 0, 1)


def pool_trainings(
    tables: Iterable[Mapping[Cell, float]], *, block_of: Callable[[Cell], Hashable], images: int
) -> Trainings:
    """Pool the deviations over trainings.

    Args:
        tables: one per training, fractions by (method, metric); numbers that one of them lacks are
            left out.
        block_of: numbers of which the deviation is pooled have the same.
        images: of the test set.

    Raises:
        ValueError: when there are fewer than two trainings.
    """
    all_tables = list(tables)
    if len(all_tables) < 2:
        raise ValueError(f"spread: expected at least 2 runs, got {len(all_tables)}")
    cells = tuple(c for c in all_tables[0] if all(c in table for table in all_tables))
    logits = to_logits(np.array([[table[c] for c in cells] for table in all_tables]), images)
    blocks = [block_of(cell) for cell in cells]
    together = np.array([[one == other for other in blocks] for one in blocks], dtype=float)
    pooling = together / together.sum(axis=1, keepdims=True)
    raw = _correlate(logits)
    rows = together.sum(axis=1)
    return Trainings(
        cells=cells,
        runs=len(logits),
        means=logits.mean(axis=0),
        stds=np.sqrt(pooling @ logits.var(axis=0, ddof=1)),
        freedom=(len(logits) - 1) * rows**2 / (together @ (together * raw**2).sum(axis=1)),
        correlation=_shrink(logits, raw),
        pooling=pooling,
    )


def _correlate(logits: np.ndarray) -> np.ndarray:
    """Return the correlations; a number that never moves has none with others, 1 with itself."""
    own = _standardise(logits)
    raw = own.T @ own / (len(logits) - 1)
    np.fill_diagonal(raw, 1.0)
    return raw


def _standardise(logits: np.ndarray) -> np.ndarray:
    deviations = logits - logits.mean(axis=0)
    stds = logits.std(axis=0, ddof=1)
    return np.divide(deviations, stds, out=np.zeros_like(deviations), where=stds > 0)


def _shrink(logits: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Shrink correlations by the share that minimises their expected squared error."""
    runs, own = len(logits), _standardise(logits)
    products = own[:, :, None] * own[:, None, :]
    variances = runs / (runs - 1) ** 3 * ((products - products.mean(axis=0)) ** 2).sum(axis=0)
    apart = ~np.eye(len(raw), dtype=bool)
    signal = (raw[apart] ** 2).sum()
    share = min(1.0, variances[apart].sum() / signal) if signal else 1.0
    return np.where(apart, (1 - share) * raw, 1.0)


@dataclass(frozen=True)
class Simulated:
    """Studies of as many trainings as there were, and of others; logits.

    Args:
        means, stds: (S, C) of each study's trainings; pooled as theirs.
        others: (S, others, C) errors of single trainings that were not in the study.
    """

    means: np.ndarray
    stds: np.ndarray
    others: np.ndarray


def simulate_trainings(
    trainings: Trainings,
    *,
    others: int,
    rng: np.random.Generator,
    simulations: int = SIMULATIONS,
) -> Simulated:
    """Repeat the study of the trainings, as if what it found were the truth."""
    values, vectors = np.linalg.eigh(trainings.correlation)
    # Of all roots the symmetric one: the others hang on the vectors' signs and order, and so on the
    # machine.
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T * trainings.stds
    shape = (simulations, len(trainings.cells))
    total, squares = np.zeros(shape), np.zeros(shape)
    for _ in range(trainings.runs):
        errors = rng.standard_normal(shape) @ root
        total += errors
        squares += errors**2
    means = total / trainings.runs
    variances = np.maximum(squares - trainings.runs * means**2, 0) / (trainings.runs - 1)
    drawn = [rng.standard_normal(shape) @ root for _ in range(others)]
    return Simulated(means, np.sqrt(variances @ trainings.pooling.T), np.stack(drawn, axis=1))


def find_quantile(confidence: float, freedom: np.ndarray | float) -> np.ndarray:
    """Return Student's two-sided quantile."""
    return t.ppf((1 + confidence) / 2, freedom)


def share_confidence(
    hold: Callable[[float], np.ndarray], *, numbers: int, confidence: float
) -> float:
    """Return the least confidence of each interval at which all hold together so often.

    Args:
        hold: takes a confidence of each and returns (S, C), whether each interval holds in each
            simulation; more confidence, more of them.
        numbers: C; equal shares of the error (Bonferroni) are enough in any case, and where the
            estimated deviations have few degrees of freedom more may be needed.
        confidence: of all together, within (0, 1).
    """
    low, high = np.log((1 - confidence) / (100 * numbers)), np.log(1 - confidence)
    for _ in range(30):  # of the error of each, on the logarithmic scale
        middle = (low + high) / 2
        enough = hold(1 - np.exp(middle)).all(axis=1).mean() >= confidence
        low, high = (middle, high) if enough else (low, middle)
    return float(1 - np.exp(low))
