"""What is proven of single images by the codes they carry, and the alarm where an attacker does better.

Where all that an image carries of its source is a code (`PrivatizedSet.code`), nobody names more patients
than `validation.statistics.channel` has. An attacker who does is proof that something besides the code
is in the images, a fault of the method. The bound is about one image, released as often as one likes, and
so are the figures held against it: `identity_best` and the same of eyes with and without glaucoma. Who
reads all images of a patient (`identity_person`) isn't bound by it, unless they all have one code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from replication.attack.table2 import AT_MOST, MEASURES
from replication.errors import DataError
from replication.records import EyeDataset, PrivatizedSet
from replication.store.numbers import write_percent
from validation.statistics.channel import bound_channel

BEST = "identity_best"
# By what ends the names of both measures: which images they are of, and their label (None: any).
IMAGES = {
    "": "all images",
    "_with": "images with glaucoma",
    "_without": "images without glaucoma",
}
LABELS = {"": None, "_with": True, "_without": False}


def bound_method(drawn: Sequence[PrivatizedSet], test: EyeDataset) -> list[dict]:
    """Return what is proven of one method's test images, nothing where they carry no code.

    Args:
        drawn: its draws.
        test: the N originals.

    Returns:
        Rows, of all images and of those with glaucoma and without, with method, measure, images and
        patients, and the fields of `ChannelBound`.

    Raises:
        DataError: when an image has another code in another draw, for then the codes add up.
    """
    method, code = drawn[0].method, drawn[0].code
    if code is None:
        return []
    if any(one.code is None or (one.code != code).any() for one in drawn):
        raise DataError(
            f"{method}: an image has another code in another draw, so no bound is proven; let the "
            "code be a function of the image alone"
        )
    rows = []
    for suffix, label in LABELS.items():
        mask = np.ones(len(test), bool) if label is None else test.glaucoma == label
        if mask.any():
            row = {"method": method, "measure": AT_MOST + suffix, "images": int(mask.sum())}
            row["patients"] = len(np.unique(test.identity[mask]))
            rows.append(row | asdict(bound_channel(test.identity, code, mask)))
    return rows


def to_row(bound: Mapping) -> dict:
    """Return a bound as a row of Table 2: it has neither interval nor chance."""
    measure = MEASURES[bound["measure"]]
    return {
        "method": bound["method"],
        "requirement": measure.requirement.value,
        "measure": measure.name,
        "value": bound["at_most"],
        **dict.fromkeys(("low", "high", "chance")),
        "images": bound["images"],
        "patients": bound["patients"],
    }


def hold_attackers(bounds: Sequence[Mapping], rows: Sequence[Mapping]) -> list[dict]:
    """Hold the best attackers' figures against what is proven.

    Args:
        bounds: of `bound_method`.
        rows: of `Table2Intervals.list_numbers`, as records.

    Returns:
        The bounds with the best attacker's value, low and high; holds, False where this interval lies
        above the bound; and a sentence. Of too few patients low, high and holds are None.
    """
    by_cell = {(row["method"], row["measure"]): row for row in rows}
    held = []
    for bound in bounds:
        suffix = bound["measure"].removeprefix(AT_MOST)
        best = by_cell[bound["method"], BEST + suffix]
        named = {name: best[name] for name in ("value", "low", "high")}
        holds = None if named["low"] is None else named["low"] <= bound["at_most"]
        row = bound | named | {"holds": holds}
        held.append(row | {"sentence": _describe(row, IMAGES[suffix])})
    return held


def _describe(row: Mapping, images: str) -> str:
    """Write whether the attackers keep within the bound, and what to do where they don't."""
    value, at_most = (write_percent(row[name], digits=1) for name in ("value", "at_most"))
    named, bound = (
        f"{row['method']}: the patient is named in {value}%",
        f"proven bound of {at_most}%",
    )
    if row["holds"] is None:
        return f"{named} of {images}; the patients are too few to hold it against the {bound}"
    low, high = (write_percent(row[name], digits=1) for name in ("low", "high"))
    named += f" ({low} to {high}) of {images}"
    if row["holds"]:
        return f"{named}, not above the {bound}"
    return (
        f"{named}, above the {bound}: something besides the code leaks; find what else of its source "
        "an image carries"
    )
