"""How methods are marked: an experiment of the registry has one colour and one marker in all figures.

The first three colours are Okabe and Ito's, which the colour-blind distinguish; the markers do
without colour. Each stands out from a report's page, light and dark, by 3:1 (WCAG 2.1, 1.4.11).
"""

from typing import NamedTuple

from replication.figures.charts import INK, MUTED
from replication.privatize.methods import BASELINE, BEYOND, ROWS


class Look(NamedTuple):
    """A colour, a marker of Matplotlib's that has a face, and the marker's width in points."""

    colour: str
    marker: str
    size: float = 6.5


ALL_ROWS = (*ROWS, *BEYOND)
# In the order in which the registry has experiments; those at the end wait for more of them.
LOOKS = (
    Look("#D55E00", "o"),
    Look("#0072B2", "s", 6.0),
    Look("#009E73", "^"),
    Look("#AA4499", "D", 5.5),
    Look("#9A6A00", "v"),
    Look("#0E8A9E", "P", 7.5),
    Look("#C2527A", "p", 7.5),
    Look("#7B72D6", "<"),
)
ORIGINAL, OTHER = Look(INK, "*", 9.5), Look(MUTED, "X", 7.5)


def assign_looks() -> dict[str, Look]:
    """Return the look of every experiment in the registry, the originals' among them."""
    experiments = dict.fromkeys(row.experiment for row in ALL_ROWS if row.name != BASELINE)
    [originals] = (row.experiment for row in ROWS if row.name == BASELINE)
    return {originals: ORIGINAL, **dict(zip(experiments, LOOKS, strict=False))}


BY_EXPERIMENT = assign_looks()


def find_look(method: str) -> Look:
    """Return a method's look by its name; noise and others that are in no registry have one."""
    return next((BY_EXPERIMENT[row.experiment] for row in ALL_ROWS if row.name == method), OTHER)
