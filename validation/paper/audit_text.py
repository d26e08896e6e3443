"""The audit as tables of text, for a terminal or a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from validation.paper.audit import Audit, BlockSizes, Counts, GlaucomaCounts
from validation.paper.printed_numbers import PrintedNumber


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


def _rank_column(audit: Audit, metric: str) -> TextTable:
    column = [number for number in audit.numbers if number.metric == metric]
    column.sort(key=lambda number: -float(number.printed))
    ranks = {number.method: rank for rank, number in enumerate(column, start=1)}
    return TextTable(
        f"{metric}, in percent, with 95% intervals; highest first",
        ("rank", "method", "paper", "interval", "chance", "against chance", "not told from ranks"),
        tuple(_show_number(number, ranks) for number in column),
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
        ("fewest images that tell two accuracies apart", str(audit.fewest_images_apart)),
    )


def _show_counts(row: GlaucomaCounts) -> tuple[str, ...]:
    solved = (
        " or ".join(str(getattr(solution, name)) for solution in row.solutions)
        for name in ("true_positive", "errors", "true_negative")
    )
    kinds = (_show_range(kind) if kind else "" for kind in (row.false_positive, row.false_negative))
    return row.method, str(row.images * row.draws), *solved, *kinds


def _show_number(number: PrintedNumber, ranks: Mapping[str, int]) -> tuple[str, ...]:
    return (
        str(ranks[number.method]),
        number.method,
        number.printed,
        _show_percent(number.interval),
        _show_percent(number.chance),
        number.against_chance,
        ", ".join(str(rank) for rank in sorted(ranks[name] for name in number.not_told_apart)),
    )


def _show_range(counts: Counts) -> str:
    low, high = counts
    return str(low) if low == high else f"{low} to {high}"


def _show_percent(interval: tuple[float, float]) -> str:
    low, high = (f"{100 * end:.1f}" for end in interval)
    return low if low == high else f"{low} to {high}"
