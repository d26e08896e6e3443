"""What the paper's Table 1 says about itself: arithmetic on its printed digits, no data needed.

The paper states no test size, no confusion counts, no chance levels and no intervals; all of them
follow from its 51 numbers (paper §3, Table 1), in these steps:

1. Accuracies are counts of test images, so their digits admit few test sizes.
2. Accuracy and F1 together give the true positives and the errors of glaucoma recognition.
3. Every row bounds how many test images have glaucoma.
4. That gives what a network scores that answers the same for every image.
5. 95% intervals say which numbers can be told from chance and from each other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from validation.block_sizes import BlockSizes, join_test_sizes, size_blocks
from validation.glaucoma_counts import (
    Counts,
    GlaucomaCounts,
    bound_positives,
    count_rows,
    solve_rows,
)
from validation.intervals import Interval
from validation.paper import read_paper_percent
from validation.paper_counts import TEST_IMAGES
from validation.printed_numbers import CONFIDENCE, PrintedNumber, compare_numbers


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
