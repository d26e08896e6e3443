"""The frontier of the evidence code: what a code shows of the disease, and what of the patient, over k."""

from pathlib import Path

import pandas as pd

from replication.figures.charts import ACCENT, INK, MUTED, drawing, save_figure
from replication.figures.planes import CHANCE_AREA, HALO

INCHES = (6.0, 4.2)
LABELLED = (1, 2, 3, 5, 10, 20)  # k
LABEL = {"textcoords": "offset points", "size": 9, "path_effects": HALO}
LINES = (
    ("proven_equal_sick", "proven at most, patients equal", INK, "o-"),
    ("read_sick", "named by who reads the code", ACCENT, "s--"),
)


def draw_frontier(rows: pd.DataFrame, files: list[Path]) -> None:
    """Draw how often an ill image's patient is named, against which kind of sign a code shows.

    Args:
        rows: of `studies.frontier.measure_frontier`, with kinds of signs.
        files: to write, PNG or PDF by their names.
    """
    with drawing("frontier", inches=INCHES) as (figure, axes):
        for column, label, colour, style in LINES:
            axes.plot(100 * rows[column], rows["kind_auc"], style, color=colour, label=label)
        for row in rows[rows["k"].isin(LABELLED)].itertuples():
            place = (100 * row.proven_equal_sick, row.kind_auc)
            axes.annotate(f"k = {row.k}", place, xytext=(4, -13), **LABEL)
        axes.axhline(CHANCE_AREA, color=MUTED, linewidth=0.8, linestyle=":")
        axes.set(xlabel="patients of ill images named, in %", ylabel="kind of sign: AUC")
        axes.set_xlim(0, 110 * rows[LINES[0][0]].max())
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="center right")
        save_figure(figure, files)
