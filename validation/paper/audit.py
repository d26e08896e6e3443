"""What the paper's Table 1 says about itself: arithmetic on its printed digits, no data needed.

The paper states no test size, no confusion counts, no chance levels and no intervals; all of them
follow from its 51 numbers (paper §3, Table 1), in these steps:

1. An accuracy is a count of images over the test size (a mean over draws one over draws times
   images), so two decimals leave few sizes open.
2. Accuracy and F1 together give the true positives and the errors of glaucoma recognition.
3. All rows together bound how many test images have glaucoma: at least their true positives, at
   most their true positives and errors. That bounds the two kinds of error.
4. It also gives the scores of a network that answers the same for every image.
5. 95% intervals separate numbers from chance and from each other, or don't.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass

from validation.paper.numbers import (
    DRAWS,
    TEST_IMAGES,
    WHOLE,
    Confusion,
    Printed,
    PrintedNumber,
    compare_numbers,
    count_draws,
    fitting_totals,
    matching_confusions,
    read_paper_percent,
    to_hundredths,
)
from validation.statistics.intervals import CONFIDENCE, F1, Interval

LARGEST_TEST_SIZE = 1000
MOST_DRAWS = 20
BLOCKS = {
    "Baseline": "original",
    "PPRL-VGAN": "pprl-vgan",
    "Blurring": "blur",
    "K-Same-Select": "k-same",
}

Counts = tuple[int, int]
Solved = Mapping[str, tuple[Confusion, ...]]


@dataclass(frozen=True)
class BlockSizes:
    """The test sizes, and the draws of 340 images each, that a block's accuracies allow.

    `coincidence`: the probability that so many accuracies with random digits would all fit 340
    images, or ten draws of them where one draw does not fit.
    """

    block: str
    accuracies: int
    test_sizes: tuple[int, ...]
    draws: tuple[int, ...]
    coincidence: float


@dataclass(frozen=True)
class GlaucomaCounts:
    """The counts behind one row, over all of its draws.

    `solutions` holds every possible answer; for a mean over draws they are those of pooled draws.
    The two kinds of error are ranges over all numbers of glaucoma images that the table allows,
    and None for a mean over draws, where the paper may have averaged F1 instead of pooling.
    """

    method: str
    images: int
    draws: int
    solutions: tuple[Confusion, ...]
    false_positive: Counts | None
    false_negative: Counts | None


@dataclass(frozen=True)
class Audit:
    """All that the digits say; fractions in [0, 1], ranges with both ends included.

    Args:
        blocks: test sizes by block of rows.
        joint_test_sizes: those that all blocks allow but PPRL-VGAN's, which allows none.
        test_images: the smallest of them.
        draws: the fewest draws of so many images that all blocks allow.
        one_image: what one image is worth in an accuracy.
        glaucoma_images: how many of the test images may have glaucoma.
        glaucoma_images_if_pooled: the same, if F1 over draws is that of the pooled draws.
        majority_accuracy: accuracy of the answer "no glaucoma" for every image.
        always_positive_f1: F1 of the answer "glaucoma" for every image.
        fewest_images_apart: the fewest images by which two methods, seen once on the same images,
            must differ in accuracy for an exact McNemar test at 95% to separate them, even where
            the images that one gets wrong include all that the other does.
        counts: confusion counts by row.
        numbers: the 51 numbers against chance and each other.
    """

    blocks: tuple[BlockSizes, ...]
    joint_test_sizes: tuple[int, ...]
    test_images: int
    draws: int
    one_image: float
    glaucoma_images: Counts
    glaucoma_images_if_pooled: Counts
    majority_accuracy: Interval
    always_positive_f1: Interval
    fewest_images_apart: int
    counts: tuple[GlaucomaCounts, ...]
    numbers: tuple[PrintedNumber, ...]


def audit_paper() -> Audit:
    """Draw all conclusions from the paper's printed digits."""
    printed = read_paper_percent()
    blocks = size_blocks(printed)
    joint = join_test_sizes(blocks)
    solved = solve_rows(printed)
    fewest, most = bound_positives(solved, pooled=False)
    majority = 1 - most / TEST_IMAGES, 1 - fewest / TEST_IMAGES
    always = 2 * fewest / (fewest + TEST_IMAGES), 2 * most / (most + TEST_IMAGES)
    return Audit(
        blocks=blocks,
        joint_test_sizes=joint,
        test_images=joint[0],
        draws=min(set.intersection(*(set(block.draws) for block in blocks))),
        one_image=1 / joint[0],
        glaucoma_images=(fewest, most),
        glaucoma_images_if_pooled=bound_positives(solved, pooled=True),
        majority_accuracy=majority,
        always_positive_f1=always,
        fewest_images_apart=count_images_apart(),
        counts=count_rows(solved, (fewest, most)),
        numbers=compare_numbers(printed, majority_accuracy=majority, always_positive_f1=always),
    )


def size_blocks(printed: Printed) -> tuple[BlockSizes, ...]:
    """Find the sizes up to 1,000 and the draws up to 20 that each block allows."""
    multiples = range(TEST_IMAGES, TEST_IMAGES * MOST_DRAWS + 1, TEST_IMAGES)
    blocks = []
    for block, prefix in BLOCKS.items():
        accuracies = [
            to_hundredths(text)
            for (method, metric), text in printed.items()
            if method.startswith(prefix) and metric != F1
        ]
        sizes = fitting_totals(accuracies, range(1, LARGEST_TEST_SIZE + 1))
        draws = tuple(total // TEST_IMAGES for total in fitting_totals(accuracies, multiples))
        total = TEST_IMAGES if TEST_IMAGES in sizes else TEST_IMAGES * DRAWS
        coincidence = ((total + 1) / (WHOLE + 1)) ** len(accuracies)
        blocks.append(BlockSizes(block, len(accuracies), sizes, draws, coincidence))
    return tuple(blocks)


def join_test_sizes(blocks: tuple[BlockSizes, ...]) -> tuple[int, ...]:
    """Return the test sizes that all blocks allow which allow any, in ascending order."""
    sizes = [set(block.test_sizes) for block in blocks if block.test_sizes]
    return tuple(sorted(set.intersection(*sizes)))


def solve_rows(printed: Printed) -> dict[str, tuple[Confusion, ...]]:
    """Find all true positives and errors that give each row's digits, by method."""
    return {
        method: matching_confusions(
            to_hundredths(printed[method, "glaucoma_accuracy"]),
            to_hundredths(printed[method, F1]),
            TEST_IMAGES * count_draws(method),
        )
        for method in dict.fromkeys(method for method, _ in printed)
    }


def bound_positives(solved: Solved, *, pooled: bool) -> Counts:
    """Return the fewest and the most test images with glaucoma that the rows allow.

    `pooled`: whether to use the means over draws too, as if F1 were that of the pooled draws.
    """
    lowest, highest = 0, TEST_IMAGES
    for method, solutions in solved.items():
        draws = count_draws(method)
        if draws > 1 and not pooled:
            continue
        fewest = min(s.true_positive for s in solutions)
        most = max(s.true_positive + s.errors for s in solutions)
        lowest, highest = max(lowest, -(-fewest // draws)), min(highest, most // draws)
    return lowest, highest


def count_rows(solved: Solved, positives: Counts) -> tuple[GlaucomaCounts, ...]:
    """Divide each row's errors by kind, as far as the number of glaucoma images allows."""
    rows = []
    for method, solutions in solved.items():
        draws, alarms, missed = count_draws(method), None, None
        if draws == 1:
            negatives = [
                (solution.errors, count - solution.true_positive)
                for solution in solutions
                for count in range(positives[0], positives[1] + 1)
                if 0 <= count - solution.true_positive <= solution.errors
            ]
            alarms = _span([errors - negative for errors, negative in negatives])
            missed = _span([negative for _, negative in negatives])
        rows.append(GlaucomaCounts(method, TEST_IMAGES, draws, solutions, alarms, missed))
    return tuple(rows)


def _span(counts: list[int]) -> Counts:
    return min(counts), max(counts)


def count_images_apart() -> int:
    """Return the fewest images that all favour one method and make 2 / 2^images at most 5%."""
    images = 1
    while 2 * 0.5**images > 1 - CONFIDENCE:
        images += 1
    return images


def to_json(audit: Audit) -> str:
    """Write the audit as JSON, one key per field."""
    return json.dumps(asdict(audit), indent=2) + "\n"


@dataclass(frozen=True)
class TextTable:
    """A title, column headings, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def to_tables(audit: Audit) -> tuple[TextTable, ...]:
    """Lay out the audit: test sizes, the test set, counts, and the numbers column by column."""
    return (
        TextTable(
            "Test sizes up to 1,000 that the printed digits allow",
            ("block", "accuracies", "test sizes", "draws of 340", "by coincidence"),
            tuple(_show_block(block) for block in audit.blocks),
        ),
        TextTable("The test set", ("what", "value"), _show_test_set(audit)),
        TextTable(
            "Glaucoma: counts behind accuracy and F1 (over all draws)",
            ("method", "of", "TP", "errors", "TN", "FP", "FN"),
            tuple(_show_counts(row) for row in audit.counts),
        ),
        *(_rank_column(audit, metric) for metric in dict.fromkeys(n.metric for n in audit.numbers)),
    )


def _show_block(block: BlockSizes) -> tuple[str, ...]:
    draws = "any" if 1 in block.draws else ", ".join(map(str, block.draws))
    sizes = ", ".join(map(str, block.test_sizes)) or "none"
    return block.block, str(block.accuracies), sizes, draws, f"{block.coincidence:.0e}"


def _show_test_set(audit: Audit) -> tuple[tuple[str, str], ...]:
    joint = " or ".join(map(str, audit.joint_test_sizes))
    return (
        ("test sizes that fit all blocks but PPRL-VGAN", joint),
        ("images in the test set", str(audit.test_images)),
        ("draws behind PPRL-VGAN's rows", str(audit.draws)),
        ("one image, in points", f"{100 * audit.one_image:.3f}"),
        ("images with glaucoma", _show_range(audit.glaucoma_images)),
        ("the same, if F1 pools the draws", _show_range(audit.glaucoma_images_if_pooled)),
        ('accuracy of always "no glaucoma"', _show_percent(audit.majority_accuracy)),
        ('F1 of always "glaucoma"', _show_percent(audit.always_positive_f1)),
        ("fewest images that separate two accuracies", str(audit.fewest_images_apart)),
    )


def _show_counts(row: GlaucomaCounts) -> tuple[str, ...]:
    solved = (
        " or ".join(map(str, each)) for each in zip(*map(astuple, row.solutions), strict=True)
    )
    kinds = (_show_range(kind) if kind else "" for kind in (row.false_positive, row.false_negative))
    return row.method, str(row.images * row.draws), *solved, *kinds


def _rank_column(audit: Audit, metric: str) -> TextTable:
    column = [number for number in audit.numbers if number.metric == metric]
    column.sort(key=lambda number: -float(number.printed))
    ranks = {number.method: rank for rank, number in enumerate(column, start=1)}
    return TextTable(
        f"{metric}, in percent, with 95% intervals; highest first",
        ("rank", "method", "paper", "interval", "chance", "to chance", "overlaps with ranks"),
        tuple(
            (
                str(ranks[number.method]),
                number.method,
                number.printed,
                _show_percent(number.interval, "-"),
                _show_percent(number.chance, "-"),
                number.against_chance,
                ", ".join(map(str, sorted(ranks[name] for name in number.not_told_apart))),
            )
            for number in column
        ),
    )


def _show_percent(interval: Interval, between: str = " to ") -> str:
    return _show_range((f"{100 * end:.1f}" for end in interval), between)


def _show_range(ends: Iterable[object], between: str = " to ") -> str:
    low, high = ends
    return f"{low}" if low == high else f"{low}{between}{high}"
