from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.paper.audit import audit_paper
from validation.paper.numbers import (
    DRAWS,
    TEST_IMAGES,
    Confusion,
    Proportion,
    count_draws,
    find_proportion,
    fitting_totals,
    matching_confusions,
    matching_counts,
    read_paper_percent,
    rounds_to,
    to_hundredths,
)
from validation.statistics.intervals import F1


def test_test_size_and_draws_are_what_the_digits_say():
    audit = audit_paper()
    assert (TEST_IMAGES, DRAWS) == (audit.test_images, audit.draws)


def test_every_count_prints_as_the_papers_digits():
    printed = read_paper_percent()
    proportions = {cell: find_proportion(printed, *cell) for cell in printed}
    assert len(proportions) == 51
    assert {
        cell: f"{100 * proportion.value:.2f}" for cell, proportion in proportions.items()
    } == printed


def test_counts_are_images_of_one_draw_and_draws_are_pprl_vgans_alone():
    printed = read_paper_percent()
    assert [count_draws(name) for name in ("original", "blur-3", "k-same-3")] == [1, 1, 1]
    assert count_draws("pprl-vgan-averaged-random") == 10
    assert find_proportion(printed, "original", "identity_accuracy") == Proportion(
        "identity_accuracy", 306, 340
    )
    assert find_proportion(printed, "original", F1) == Proportion(F1, 83, 106)
    assert find_proportion(printed, "pprl-vgan-random", "identity_accuracy").hits == pytest.approx(
        1.7
    )


def test_digits_that_fit_no_count_are_refused():
    with pytest.raises(ValueError, match="one count of 340, got \\[\\]"):
        find_proportion({("blur-3", "identity_accuracy"): "69.42"}, "blur-3", "identity_accuracy")


@pytest.mark.parametrize("metric", ["identity_accuracy", F1])
def test_more_images_of_the_same_proportions_narrow_the_interval(metric):
    proportion = Proportion(metric, 50, 100)
    narrow, wide = (proportion.interval(confidence=0.95, scale=scale) for scale in (2, 1))
    assert wide[0] < narrow[0] < proportion.value < narrow[1] < wide[1]


def print_both_ways(numerator, denominator):
    """Round a fraction to a percentage with two decimals, a half up and a half down."""
    # 60 digits keep apart all halves of denominators this small.
    with localcontext() as context:
        context.prec = 60
        percent = Decimal(100 * numerator) / Decimal(denominator)
        return {
            str(percent.quantize(Decimal("0.01"), rounding=way))
            for way in (ROUND_HALF_DOWN, ROUND_HALF_UP)
        }


@pytest.mark.parametrize(
    ("text", "hundredths"), [("87.83", 8783), ("0.50", 50), ("0.00", 0), ("100.00", 10_000)]
)
def test_a_printed_percentage_is_read(text, hundredths):
    assert to_hundredths(text) == hundredths


@pytest.mark.parametrize("text", ["90", "90.0", "90.000", "100.01", "-1.00", "", "90.00%"])
def test_another_form_is_refused(text):
    with pytest.raises(ValueError, match="two decimals"):
        to_hundredths(text)


@given(st.integers(1, 900), st.data())
def test_a_count_matches_what_is_printed_of_it(total, data):
    count = data.draw(st.integers(0, total))
    for text in print_both_ways(count, total):
        assert count in matching_counts(to_hundredths(text), total)


@pytest.mark.parametrize("total", [1, 3, 8, 37, 340, 3400])
@pytest.mark.parametrize("text", ["0.00", "0.50", "33.33", "50.01", "75.59", "99.99", "100.00"])
def test_matching_counts_are_those_that_print_so(total, text):
    slow = [count for count in range(total + 1) if text in print_both_ways(count, total)]
    assert list(matching_counts(to_hundredths(text), total)) == slow


def test_a_half_may_go_either_way_and_nothing_of_nothing_is_printed():
    assert not rounds_to(0, 0, 0)
    # 1/16 is 6.25%, 1/32 is 3.125%.
    assert rounds_to(625, 1, 16) and not rounds_to(624, 1, 16)
    assert rounds_to(312, 1, 32) and rounds_to(313, 1, 32) and not rounds_to(311, 1, 32)


def test_fitting_totals_need_every_number():
    thirds, halves = to_hundredths("33.33"), to_hundredths("50.00")
    assert fitting_totals([thirds], range(1, 10)) == (3, 6, 9)
    assert fitting_totals([thirds, halves], range(1, 13)) == (6, 12)


def test_confusions_of_a_small_table_by_trying_all():
    total = 12
    for true_positive in range(1, total + 1):
        for errors in range(total - true_positive + 1):
            accuracy = Fraction(total - errors, total)
            f1 = Fraction(2 * true_positive, 2 * true_positive + errors)
            printed = [
                min(print_both_ways(number.numerator, number.denominator))
                for number in (accuracy, f1)
            ]
            found = matching_confusions(*map(to_hundredths, printed), total)
            assert Confusion(true_positive, errors, total - true_positive - errors) in found


def test_confusions_are_only_those_that_print_so():
    slow = [
        Confusion(tp, errors, 180 - tp - errors)
        for errors in range(181)
        for tp in range(181 - errors)
        if tp + errors
        and "90.00" in print_both_ways(180 - errors, 180)
        and "50.00" in print_both_ways(2 * tp, 2 * tp + errors)
    ]
    assert list(matching_confusions(9000, 5000, 180)) == slow == [Confusion(9, 18, 153)]


def test_coarse_digits_leave_several_answers():
    # Of many images two neighbouring counts print alike.
    assert len(matching_confusions(9324, 8783, 34_000)) > 1
