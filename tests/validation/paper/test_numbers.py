import pytest

from validation.paper.audit import audit_paper
from validation.paper.numbers import (
    DRAWS,
    F1,
    TEST_IMAGES,
    Proportion,
    count_draws,
    find_proportion,
    read_paper_percent,
)


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
