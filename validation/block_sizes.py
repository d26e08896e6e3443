"""Which test sizes the printed accuracies allow, block by block of the paper's Table 1.

An accuracy is a count of images over the test size, so two decimals leave few sizes open. A mean
over draws is a count over draws times images.
"""

from __future__ import annotations

from dataclasses import dataclass

from validation.digits import WHOLE, fitting_totals, to_hundredths
from validation.paper_counts import DRAWS, F1, TEST_IMAGES, Printed

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
