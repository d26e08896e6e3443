"""Figure 5 of the paper: relevance in an original with glaucoma and in two privatized images of it.

(a) the original, (b) privatized with an identity of the same pathology, (c) with one of a different
pathology, on one scale of relevance; beside them the maps by the other rules of Deep Taylor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from replication.explain.outputs import FIGURE5
from replication.figures.maps import draw_maps, show_map
from replication.privatize.methods import BASELINE
from replication.records import RelevanceMaps
from validation.claims.table1_claims import DIFFERENT, SAME

TITLES = {
    BASELINE: "(a) original with glaucoma",
    SAME: "(b) privatized, identity with glaucoma",
    DIFFERENT: "(c) privatized, identity without",
}
FILES = (FIGURE5, "figure5.pdf")
RULE = (
    "Of the test images of eyes with glaucoma that the network takes for such, whose first image "
    "privatized with an identity with glaucoma it takes for such too and whose first one with an "
    "identity without it does not, the one with the median rank correlation of maps (a) and (b), "
    "the lower one of two"
)


@dataclass(frozen=True)
class Example:
    """Which image the figure shows."""

    row: int | None  # of the test images; None where none fits the rule
    text: str  # the rule, how many images fit it and how the maps of the one shown agree


def choose_example(relevance: pd.DataFrame) -> Example:
    """Choose the image by RULE.

    Args:
        relevance: columns of `describe_maps`; one row per map, those of a set in the order of
            the test images.
    """
    first = relevance[relevance["draw"] == 0]
    sets = {name: first[first["method"] == name].reset_index(drop=True) for name in TITLES}
    if any(table.empty for table in sets.values()):
        return Example(None, f"{RULE}. Not all three sets were explained, so there is none.")
    shown = ~np.any([table["empty"] for table in sets.values()], axis=0)
    found = {name: table["explains_glaucoma"] for name, table in sets.items()}
    fits = shown & sets[BASELINE]["glaucoma"] & found[BASELINE] & found[SAME] & ~found[DIFFERENT]
    agreement = sets[SAME].loc[fits, "rank_correlation"].sort_values(kind="stable")
    if agreement.empty:
        return Example(None, f"{RULE}. No image fits, so there is none.")
    row = agreement.index[(len(agreement) - 1) // 2]
    count = f"{len(agreement)} images fit, and in the one shown it is {agreement[row]:.2f}"
    return Example(int(row), f"{RULE}: {count}.")


def draw_figure5(
    sets: Mapping[str, tuple[np.ndarray, RelevanceMaps]],
    row: int,
    folder: Path,
    *,
    beside: Mapping[str, RelevanceMaps],
    private: bool,
) -> None:
    """Draw the figure as FILES.

    Args:
        sets: each method's (N, S, S, C) images in [-1, 1] and N maps.
        row: of the images shown.
        folder: for the files.
        beside: by the words of another rule, maps of the images shown, in the order of TITLES.
        private: whether the images are of patients, which is then marked.
    """
    shown = []
    for number, (method, title) in enumerate(TITLES.items()):
        others = {words: relevance.maps[number] for words, relevance in beside.items()}
        shown.append(show_map(title, *sets[method], row, beside=others))
    draw_maps(shown, [folder / name for name in FILES], private=private)
