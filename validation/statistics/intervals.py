"""Exact binomial intervals for the four numbers of Table 1.

Counts may be fractions: a mean over draws of the same images is put at the images' number (see
docs/validation.md), and the beta quantiles of Clopper and Pearson (Biometrika 26, 1934) take it.
"""

from scipy.special import betaincinv

Cell = tuple[str, str]  # whose number: (method, metric)
Interval = tuple[float, float]

F1 = "glaucoma_f1"
CONFIDENCE = 0.95  # ours: as in docs/validation.md


def proportion_interval(successes: float, trials: float, *, confidence: float) -> Interval:
    """Return Clopper and Pearson's two-sided interval of a proportion, as fractions in [0, 1].

    Raises:
        ValueError: unless 0 <= successes <= trials, 0 < trials and 0 < confidence < 1.
    """
    if not (0 <= successes <= trials and trials > 0 and 0 < confidence < 1):
        raise ValueError(
            f"interval: expected a proportion and a confidence within (0, 1), "
            f"got {successes} of {trials} at {confidence}"
        )
    tail = (1 - confidence) / 2
    failures = trials - successes
    low = betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return float(low), float(high)


def f1_interval(true_positive: float, errors: float, *, confidence: float) -> Interval:
    """Return the two-sided interval of an F1 score, as fractions in [0, 1].

    F1 = 2 TP / (2 TP + errors) rises with q = TP / (TP + errors) and depends on nothing else:
    F1 = 2 q / (1 + q). Given how many images are not true negatives, their true positives are
    binomial with q, so the interval of q carries over to F1 and needs no simulation.

    Raises:
        ValueError: when every image is a true negative, so that there is no F1.
    """
    low, high = proportion_interval(true_positive, true_positive + errors, confidence=confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)
