import numpy as np
import pytest
from scipy.stats import binom, binomtest

from validation.statistics.intervals import f1_interval, proportion_interval


@pytest.mark.parametrize(("hits", "trials"), [(0, 5), (5, 5), (1, 340), (257, 340), (339, 340)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_agrees_with_scipys_exact_interval(hits, trials, confidence):
    expected = binomtest(hits, trials).proportion_ci(confidence, method="exact")
    found = proportion_interval(hits, trials, confidence=confidence)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("truth", [0.01, 0.3, 0.5, 0.93])
def test_covers_the_truth_as_often_as_it_says(truth):
    inside = [
        count
        for count in range(101)
        if (ends := proportion_interval(count, 100, confidence=0.9))[0] <= truth <= ends[1]
    ]
    assert binom.pmf(inside, 100, truth).sum() >= 0.9


def test_a_fraction_of_a_count_lies_between_its_neighbours():
    low, middle, high = (proportion_interval(hits, 340, confidence=0.95) for hits in (58, 58.3, 59))
    assert low[0] < middle[0] < high[0]
    assert low[1] < middle[1] < high[1]


@pytest.mark.parametrize(
    ("hits", "trials", "confidence"), [(-1, 3, 0.9), (4, 3, 0.9), (0, 0, 0.9), (1, 3, 1), (1, 3, 0)]
)
def test_what_is_no_proportion_is_refused(hits, trials, confidence):
    with pytest.raises(ValueError, match="interval"):
        proportion_interval(hits, trials, confidence=confidence)
    with pytest.raises(ValueError, match="interval"):
        f1_interval(0, 0, confidence=0.95)  # true negatives alone


@pytest.mark.parametrize(("true_positive", "errors"), [(83, 23), (20, 83), (58, 71)])
def test_f1s_interval_agrees_with_a_parametric_bootstrap(true_positive, errors):
    rng = np.random.default_rng(1)
    shares = np.array([true_positive, errors, 340 - true_positive - errors]) / 340
    drawn = rng.multinomial(340, shares, size=20_000)
    f1 = 2 * drawn[:, 0] / (2 * drawn[:, 0] + drawn[:, 1])
    expected = np.quantile(f1, [0.025, 0.975])
    found = f1_interval(true_positive, errors, confidence=0.95)
    assert found == pytest.approx(expected, abs=0.025)


def test_f1s_interval_holds_where_the_number_of_glaucoma_images_is_fixed():
    rng = np.random.default_rng(2)
    positives, negatives, sensitivity, false_alarm = 90, 250, 0.6, 0.1
    hits = rng.binomial(positives, sensitivity, 1000)
    errors = rng.binomial(negatives, false_alarm, 1000) + positives - hits
    truth = 2 * 54 / (54 + 90 + 25)
    ends = [f1_interval(*pair, confidence=0.95) for pair in zip(hits, errors, strict=True)]
    assert np.mean([low <= truth <= high for low, high in ends]) >= 0.95
