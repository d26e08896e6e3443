import math
import statistics

import pytest
from scipy.stats import t

from validation.statistics.spread import measure_spread, measure_variation

CELL, OTHER = ("original", "glaucoma_f1"), ("blur-3", "identity_accuracy")


def test_mean_std_and_interval_are_those_of_the_textbook():
    values = [0.5, 0.75, 0.875, 0.625, 1.0]
    found = measure_spread([{CELL: value} for value in values])[CELL]
    assert found.runs == 5
    assert found.mean == pytest.approx(statistics.mean(values))
    assert found.std == pytest.approx(statistics.stdev(values))
    half = 2.7764 * statistics.stdev(values) / math.sqrt(5)  # Student's t, 4 degrees of freedom
    ends = (found.mean - half, found.mean + half)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-4)
    assert t.cdf(2.7764, 4) == pytest.approx(0.975, abs=1e-4)


def test_a_number_that_a_run_lacks_and_one_run_have_no_spread():
    assert set(measure_spread([{CELL: 0.1, OTHER: 0.2}, {CELL: 0.3}])) == {CELL}
    for tables in ([], [{CELL: 0.5}]):
        with pytest.raises(ValueError, match="at least 2 runs"):
            measure_spread(tables)


@pytest.mark.parametrize(
    ("values", "percent"),
    # Printed by the authors' own code for two measurements of so much (asbelz/coeff-var).
    [((12, 31), 88.10744433280324), ((25, 50), 66.46701940895684), ((7, 7), 0.0)],
)
def test_the_coefficient_of_variation_is_that_of_its_authors(values, percent):
    assert 100 * measure_variation(values) == pytest.approx(percent)
    assert measure_variation([value / 100 for value in values]) == pytest.approx(percent / 100)


def test_of_a_zero_mean_or_one_measurement_there_is_no_variation():
    assert math.isnan(measure_variation([0.0, 0.0]))
    with pytest.raises(ValueError, match="at least 2 measurements"):
        measure_variation([1.0])


def test_the_spread_has_its_coefficient_of_variation():
    found = measure_spread([{CELL: 0.12}, {CELL: 0.31}])[CELL]
    assert found.variation == pytest.approx(0.8810744433280324)
