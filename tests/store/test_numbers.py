"""Each kind of number in its one form, and what stands where there is none."""

import pytest

from replication.store.numbers import (
    DOES_NOT_APPLY,
    write_interval,
    write_or_absent,
    write_percent,
    write_points,
)


def test_fractions_are_written_in_percent():
    assert write_percent(0.93236) == "93.24"
    assert write_percent(0.93236, 1) == "93.2"
    assert write_points(0.0321) == "+3.21"
    assert write_points(-0.01) == "-1.00"
    assert write_interval(0.725, 0.6, 0.8) == "72.50 (60.00 to 80.00)"
    assert write_interval(0.01, -0.02, 0.04, write_points) == "+1.00 (-2.00 to +4.00)"


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_without_a_number_it_is_not_measured_unless_it_does_not_apply(absent):
    assert write_or_absent(absent) == "not measured"
    assert write_or_absent(absent, absent=DOES_NOT_APPLY) == "-"
    assert write_or_absent(0.5, "{:.3f}".format) == "0.500"
