"""Table 3: are the cases that are shown of use, over all test images?

Ours. For each method, beside the originals themselves, which nobody is shown, and beside cases drawn at
random.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from replication.cases.answer import choose_cases
from replication.cases.released import ReleasedCases
from replication.cases.search import Similar, compare
from replication.records import EyeDataset
from replication.store.numbers import NOT_MEASURED, write_interval, write_percent
from replication.store.tables import Section
from validation.statistics.resampling import Estimate, estimate_rate

AT = (1, 3, 5)  # cases
NOTE = (
    "Percent (95% interval by bootstrap over patients). At k: of the k nearest cases that passed the "
    "gate, whatever the verdict, the share with the test image's own diagnosis; beside it that of cases drawn at "
    "random. None near: test images to which no case with the verdict's diagnosis is near "
    "enough. Verdict kept: of the cases that would be shown, those whose picture is judged as their "
    "original is. Same kind: of the cases that would be shown beside an ill eye judged ill, those with a kind of "
    "sign that it has, too; beside it those at random with this diagnosis. Kind read: the area under the curve of "
    "reading a sign's kind from pictures that passed (50 by chance). Refused: training images that the gate "
    "doesn't let pass. Member read: the area under the curve (50 by chance) of naming who is in "
    "the gallery, by 1,000 queries, with half of the patients left out of it in turn."
)


@dataclass(frozen=True)
class Asked:
    """The N test images that are answered by cases, and what is known beside them."""

    test: EyeDataset
    verdict: np.ndarray  # (N,) bool, by the glaucoma network
    features: np.ndarray  # (N, h, w, D)
    weights: np.ndarray  # (N, h, w)
    known: EyeDataset  # V images of known pairs
    known_features: np.ndarray  # (V, h, w, D)
    kinds: np.ndarray  # (N, K) bool, which kinds of sign each shows; K is 0 where they aren't known

    def compare(self, row: int, answering: "Answering") -> Similar:
        """Return how similar each case is to one of the images, by the network's verdict on it."""
        gallery = answering.gallery
        return compare(
            self.features[row],
            answering.features,
            self.known_features,
            self.weights[row],
            same_patient=self.known.identity[:, None] == gallery.identity,
            own_label=self.known.glaucoma == self.verdict[row],
            label=gallery.glaucoma,
            passed=answering.released.passed,
        )


@dataclass(frozen=True)
class Answering:
    """The G cases of one method."""

    gallery: EyeDataset  # their originals
    released: ReleasedCases
    features: np.ndarray  # (G, h, w, D) of the pictures
    kept: np.ndarray  # (G,) bool, whether the picture is judged as its original is
    kinds: np.ndarray  # (G, K) bool, which kinds of sign the original shows


def measure_cases(
    asked: Asked, answering: Answering, *, count: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return one row per measure: measure, value, low, high, images and patients.

    Args:
        asked: the test images.
        answering: the cases.
        count: cases that are shown with the verdict's diagnosis, at most.
        rng: of the cases at random and of the bootstrap.
    """
    values = pd.DataFrame(list(_answer_each(asked, answering, count, rng)))
    patients = asked.test.identity
    rows = [_estimate(name, values[name].to_numpy(float), patients, rng) for name in values]
    refused = ~answering.released.passed
    rows.append(_estimate("refused", refused.astype(float), answering.gallery.identity, rng))
    return pd.DataFrame(rows)


def _answer_each(
    asked: Asked, answering: Answering, count: int, rng: np.random.Generator
) -> Iterator[dict[str, float]]:
    gallery, released = answering.gallery, answering.released
    for row, own in enumerate(asked.test.identity):
        similar = asked.compare(row, answering)
        others = gallery.identity != own
        choose = partial(
            choose_cases, released=released, identity=gallery.identity, allows=lambda case: True
        )
        near = replace(similar, near=np.ones(len(gallery), dtype=bool))
        drawn = replace(near, distance=rng.random(len(gallery)))
        values = {}
        for name, by in (("nearest", near), ("random", drawn)):
            rows = choose(by, candidates=others & released.passed, count=max(AT)).rows
            right = gallery.glaucoma[rows] == asked.test.glaucoma[row]
            values |= {f"{name}_{k}": right[:k].mean() if len(rows) else np.nan for k in AT}
        alike = others & (gallery.glaucoma == asked.verdict[row])
        shown = choose(similar, candidates=alike, count=count).rows
        values["none_near"] = float(not shown)
        values["kept"] = answering.kept[shown].mean() if shown else np.nan
        some = choose(drawn, candidates=alike & released.passed, count=count).rows
        own_kinds = asked.kinds[row]
        for name, rows in (("same_kind", shown), ("random_kind", some)):
            same = (answering.kinds[rows] & own_kinds).any(axis=1)
            values[name] = (
                same.mean() if own_kinds.any() and asked.verdict[row] and rows else np.nan
            )
        yield values


def _estimate(
    measure: str, values: np.ndarray, patients: np.ndarray, rng: np.random.Generator
) -> dict:
    found = estimate_rate(values, patients, rng=rng)
    return list_estimate(measure, found)


def list_estimate(measure: str, found: Estimate) -> dict:
    """Return a row of the table's numbers."""
    numbers = {"value": found.mean, "low": found.low, "high": found.high}
    return {"measure": measure} | numbers | {"images": found.images, "patients": found.patients}


def list_unmeasured(measure: str) -> dict:
    """Return a row of what can't be measured on these data."""
    return list_estimate(measure, Estimate(np.nan, np.nan, np.nan, 0, 0))


def lay_out_table3(measured: Mapping[str, pd.DataFrame], *, heading: str) -> Section:
    """Return the table of `measure_cases` by method, a row for each."""
    titles = {f"nearest_{k}": f"at {k}" for k in AT} | {f"random_{k}": f"random {k}" for k in AT}
    titles |= {
        "none_near": "none near",
        "kept": "verdict kept",
        "same_kind": "same kind",
        "random_kind": "random kind",
        "kind_read": "kind read",
        "refused": "refused",
        "member": "member read",
    }
    rows = [
        (method, *(_write(table.set_index("measure").loc[name]) for name in titles))
        for method, table in measured.items()
    ]
    return Section(f"{heading} {NOTE}", ("method", *titles.values()), rows)


def _write(row: pd.Series) -> str:
    if np.isnan(row["value"]):
        return NOT_MEASURED
    if np.isnan(row["low"]):
        return write_percent(row["value"], 1)
    write = partial(write_percent, digits=1)
    return write_interval(row["value"], row["low"], row["high"], write)
