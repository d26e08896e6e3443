"""What the paper's Table 1 says about itself: arithmetic on its printed digits, no data needed.

The paper states no test size, no confusion counts, no chance levels and no intervals; all of them
follow from its 51 numbers (paper §3, Table 1), in these steps:

1. Accuracies are counts of test images, so their digits admit few test sizes.
2. Accuracy and F1 together give the true positives and the errors of glaucoma recognition.
3. Every row bounds how many test images have glaucoma.
4. That gives what a network scores that answers the same for every image.
5. 95% intervals say which numbers can be told from chance and from each other.

Which test sizes the printed accuracies allow, block by block of the paper's Table 1.

An accuracy is a count of images over the test size, so two decimals leave few sizes open. A mean
over draws is a count over draws times images.

The confusion counts behind each printed pair of glaucoma accuracy and F1.

True positives and errors follow from the two numbers. How the errors divide into false positives
and false negatives depends on how many test images have glaucoma, which all rows bound together:
at least their true positives, at most their true positives and errors.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from validation.paper.digits import (
    WHOLE,
    Confusion,
    fitting_totals,
    matching_confusions,
    to_hundredths,
)
from validation.paper.numbers import (
    DRAWS,
    F1,
    TEST_IMAGES,
    Printed,
    count_draws,
    read_paper_percent,
)
from validation.paper.printed_numbers import CONFIDENCE, PrintedNumber, compare_numbers
from validation.statistics.intervals import Interval

LARGEST_TEST_SIZE = 1000
MOST_DRAWS = 20
BLOCKS = {
    "Baseline": "original",
    "PPRL-VGAN": "pprl-vgan",
    "Blurring": "blur",
    "K-Same-Select": "k-same",
}


@dataclass(frozen=True)
class BlockSizes:
    """The test sizes, and the draws of 340 images each, that a block's accuracies allow.

    `coincidence` is the probability that as many accuracies with digits picked at random would all
    fit 340 images, or ten draws of them where one draw does not fit.
    """

    block: str
    accuracies: int
    test_sizes: tuple[int, ...]
    draws: tuple[int, ...]
    coincidence: float


def size_blocks(printed: Printed) -> tuple[BlockSizes, ...]:
    """Find the sizes up to 1,000 and the draws up to 20 that each block allows."""
    return tuple(_size_block(printed, block, prefix) for block, prefix in BLOCKS.items())


def join_test_sizes(blocks: tuple[BlockSizes, ...]) -> tuple[int, ...]:
    """Return the test sizes that all blocks allow which allow any, in ascending order."""
    sizes = [set(block.test_sizes) for block in blocks if block.test_sizes]
    return tuple(sorted(set.intersection(*sizes)))


def _size_block(printed: Printed, block: str, prefix: str) -> BlockSizes:
    accuracies = [
        to_hundredths(text)
        for (method, metric), text in printed.items()
        if method.startswith(prefix) and metric != F1
    ]
    multiples = range(TEST_IMAGES, TEST_IMAGES * MOST_DRAWS + 1, TEST_IMAGES)
    sizes = fitting_totals(accuracies, range(1, LARGEST_TEST_SIZE + 1))
    draws = tuple(total // TEST_IMAGES for total in fitting_totals(accuracies, multiples))
    total = TEST_IMAGES if TEST_IMAGES in sizes else TEST_IMAGES * DRAWS
    coincidence = ((total + 1) / (WHOLE + 1)) ** len(accuracies)
    return BlockSizes(block, len(accuracies), sizes, draws, coincidence)


ACCURACY = "glaucoma_accuracy"

Counts = tuple[int, int]


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


def solve_rows(printed: Printed) -> dict[str, tuple[Confusion, ...]]:
    """Find all true positives and errors that give each row's digits, by method."""
    return {
        method: matching_confusions(
            to_hundredths(printed[method, ACCURACY]),
            to_hundredths(printed[method, F1]),
            TEST_IMAGES * count_draws(method),
        )
        for method in dict.fromkeys(method for method, _ in printed)
    }


def bound_positives(solved: dict[str, tuple[Confusion, ...]], *, pooled: bool) -> Counts:
    """Return the fewest and the most test images with glaucoma that the rows allow.

    Args:
        solved: answers by method.
        pooled: whether to use the means over draws too, as if F1 were that of the pooled draws.
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


def count_rows(
    solved: dict[str, tuple[Confusion, ...]], positives: Counts
) -> tuple[GlaucomaCounts, ...]:
    """Divide each row's errors by kind, as far as the number of glaucoma images allows."""
    return tuple(_count_row(method, solved[method], positives) for method in solved)


def _count_row(method: str, solutions: tuple[Confusion, ...], positives: Counts) -> GlaucomaCounts:
    draws = count_draws(method)
    missed = [
        (solution.errors, count - solution.true_positive)
        for solution in solutions
        for count in range(positives[0], positives[1] + 1)
        if 0 <= count - solution.true_positive <= solution.errors
    ]
    known = draws == 1
    return GlaucomaCounts(
        method,
        TEST_IMAGES,
        draws,
        solutions,
        _span(errors - negative for errors, negative in missed) if known else None,
        _span(negative for _, negative in missed) if known else None,
    )


def _span(counts: Iterable[int]) -> Counts:
    ordered = sorted(counts)
    return ordered[0], ordered[-1]


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
        fewest_images_apart: by so many images at least must two methods, seen once on the same
            images, differ in accuracy for an exact McNemar test to tell them apart at 95%, even
            where the images that one gets wrong include all that the other does.
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


def count_images_apart() -> int:
    """Return the fewest images that all favour one method and make 2 / 2^images at most 5%."""
    images = 1
    while 2 * 0.5**images > 1 - CONFIDENCE:
        images += 1
    return images


def to_json(audit: Audit) -> str:
    """Write the audit as JSON, one key per field."""
    return json.dumps(asdict(audit), indent=2) + "\n"
