import json

import pytest
from scipy.stats import binomtest

from validation.paper.audit import (
    audit_paper,
    bound_positives,
    count_images_apart,
    count_rows,
    join_test_sizes,
    size_blocks,
    to_json,
    to_tables,
)
from validation.paper.numbers import Confusion, guess_identity, read_paper_percent

SINGLE = ("original", *(f"blur-{k}" for k in (3, 9, 15, 21)))
SINGLE += tuple(f"k-same-{k}" for k in (3, 6, 9, 12))


@pytest.fixture(scope="module")
def audit():
    return audit_paper()


@pytest.fixture(scope="module")
def numbers(audit):
    return {(number.method, number.metric): number for number in audit.numbers}


def allowed_sizes(prefixes, sizes):
    """Try every count of every size, by printing it."""
    printed = {
        text.lstrip("0").zfill(4)
        for (method, metric), text in read_paper_percent().items()
        if method.startswith(prefixes) and metric != "glaucoma_f1"
    }
    fitting = []
    for size in sizes:
        shown = {f"{100 * count / size:.2f}".lstrip("0").zfill(4) for count in range(size + 1)}
        if printed <= shown:
            fitting.append(size)
    return tuple(fitting)


def test_test_sizes_agree_with_printing_every_count(audit):
    prefixes = ("original", "pprl-vgan", "blur", "k-same")
    for block, prefix in zip(audit.blocks, prefixes, strict=True):
        assert block.test_sizes == allowed_sizes(prefix, range(1, 1001))
    assert audit.joint_test_sizes == (340, 680)
    assert audit.joint_test_sizes == allowed_sizes(("original", "blur", "k-same"), range(1, 1001))


def test_pprl_vgan_fits_no_size_but_ten_draws_of_340_and_that_is_no_coincidence(audit):
    assert [block.accuracies for block in audit.blocks] == [2, 15, 8, 12]
    baseline, vgan, *_ = audit.blocks
    assert (vgan.test_sizes, vgan.draws) == ((), (10, 20))
    assert baseline.coincidence == pytest.approx((341 / 10_001) ** 2)
    assert vgan.coincidence == pytest.approx((3401 / 10_001) ** 15)
    assert allowed_sizes("pprl-vgan", range(340, 6801, 340)) == (3400, 6800)
    assert (audit.test_images, audit.draws) == (340, 10)


def test_one_wrong_digit_leaves_no_test_size():
    printed = read_paper_percent() | {("blur-9", "identity_accuracy"): "31.77"}
    blocks = size_blocks(printed)
    assert blocks[2].test_sizes == ()
    assert join_test_sizes(blocks) == join_test_sizes(size_blocks(read_paper_percent()))


def test_counts_by_kind_print_as_the_papers_digits(audit):
    assert audit.counts[0].solutions == (Confusion(83, 23, 234),)
    assert (audit.glaucoma_images, audit.glaucoma_images_if_pooled) == ((83, 97), (87, 97))
    printed = read_paper_percent()
    rows = {row.method: row for row in audit.counts}
    for method in SINGLE:
        solution, seen = rows[method].solutions[0], []
        for positives in range(340 + 1):
            missed = positives - solution.true_positive
            alarms = solution.errors - missed
            if missed < 0 or alarms < 0 or not 83 <= positives <= 97:
                continue
            right = solution.true_positive + solution.true_negative
            precision = solution.true_positive / (solution.true_positive + alarms)
            recall = solution.true_positive / positives
            f1 = 2 * precision * recall / (precision + recall)
            assert f"{100 * right / 340:.2f}" == printed[method, "glaucoma_accuracy"]
            assert f"{100 * f1:.2f}" == printed[method, "glaucoma_f1"]
            seen.append((alarms, missed))
        assert rows[method].false_positive == (seen[-1][0], seen[0][0])
        assert rows[method].false_negative == (seen[0][1], seen[-1][1])


def test_means_over_draws_leave_the_kinds_of_error_open(audit):
    averaged = [row for row in audit.counts if row.method not in SINGLE]
    assert len(averaged) == 5
    assert all(row.false_positive is row.false_negative is None for row in averaged)
    assert {(row.images, row.draws) for row in averaged} == {(340, 10)}


def test_several_answers_widen_every_range_and_rows_bound_it_together():
    solved = {"original": (Confusion(5, 2, 333), Confusion(6, 1, 333))}
    assert bound_positives(solved, pooled=False) == (5, 7)
    (row,) = count_rows(solved, (5, 7))
    assert (row.false_positive, row.false_negative) == ((0, 2), (0, 2))
    solved = {"a": (Confusion(5, 9, 326),), "b": (Confusion(3, 4, 333),)}
    assert bound_positives(solved, pooled=False) == (5, 7)


def test_a_half_image_per_draw_is_rounded_inwards():
    solved = {"pprl-vgan-random": (Confusion(51, 28, 3321),)}
    assert bound_positives(solved, pooled=True) == (6, 7)
    assert bound_positives(solved, pooled=False) == (0, 340)


def test_the_chance_of_one_answer_for_all(audit):
    assert [round(100 * end, 2) for end in audit.majority_accuracy] == [71.47, 75.59]
    positives = range(83, 98)
    always = [2 * (count / 340) / (count / 340 + 1) for count in positives]
    assert audit.always_positive_f1 == pytest.approx((min(always), max(always)))


def test_blur_21_is_at_chance_level_and_different_pathologies_below(numbers):
    assert numbers["blur-21", "glaucoma_accuracy"].against_chance == "undecided"
    assert numbers["blur-15", "glaucoma_accuracy"].against_chance == "above"
    different = numbers["pprl-vgan-different-pathology", "glaucoma_accuracy"]
    assert different.against_chance == "below"
    assert different.chance[0] > float(different.printed) / 100


@pytest.mark.parametrize(("k", "percent"), [(3, 2.6), (6, 5.2), (9, 7.8), (12, 10.4)])
def test_chance_of_any_of_k(k, percent, numbers):
    low, high = guess_identity(f"k-same-{k}", "replacement_accuracy")
    assert low == high
    assert round(100 * low, 1) == percent
    assert numbers[f"k-same-{k}", "replacement_accuracy"].chance == (low, high)
    assert numbers[f"k-same-{k}", "identity_accuracy"].chance == (1 / 115, 1 / 115)


def test_intervals_of_counts_are_scipys_exact_ones(numbers):
    for method in SINGLE:
        number = numbers[method, "glaucoma_accuracy"]
        expected = binomtest(round(number.hits), 340).proportion_ci(method="exact")
        assert number.interval == pytest.approx((expected.low, expected.high))


def test_not_told_apart_is_overlap_within_the_column_both_ways(numbers):
    for (method, metric), number in numbers.items():
        for (other, column), second in numbers.items():
            overlap = min(number.interval[1], second.interval[1]) >= max(
                number.interval[0], second.interval[0]
            )
            listed = other in number.not_told_apart
            if column == metric:
                assert listed == (other != method and overlap)
                assert listed == (method in second.not_told_apart)


def test_which_numbers_differ(numbers):
    assert "blur-9" in numbers["blur-15", "identity_accuracy"].not_told_apart
    assert numbers["original", "identity_accuracy"].not_told_apart == ()
    averaged = numbers["pprl-vgan-averaged-random", "glaucoma_f1"]
    assert "pprl-vgan-averaged-same-pathology" in averaged.not_told_apart


def test_one_image_and_the_fewest_that_separate(audit):
    assert round(100 * audit.one_image, 3) == 0.294
    images = count_images_apart()
    assert audit.fewest_images_apart == images
    assert binomtest(images, images).pvalue <= 0.05 < binomtest(images - 1, images - 1).pvalue


def test_json_holds_it_all(audit):
    read = json.loads(to_json(audit))
    assert read["glaucoma_images"] == [83, 97]
    assert len(read["numbers"]) == 51
    assert read["counts"][0]["solutions"] == [
        {"true_positive": 83, "errors": 23, "true_negative": 234}
    ]


def test_tables_are_rectangular_and_complete_and_speak_of_ranks(audit):
    tables = to_tables(audit)
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert [len(table.rows) for table in tables] == [4, 9, 14, 14, 14, 14, 9]
    identity = tables[3]
    assert identity.rows[0] == ("1", "original", "90.00", "86.3-93.0", "0.9", "above", "")
    blur = next(row for row in identity.rows if row[1] == "blur-15")
    assert (blur[0], blur[-1]) == ("4", "3, 5")
