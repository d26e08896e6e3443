"""Linkability and singling out: what the law asks of anonymous data, by size of the crowd.

Data are anonymous where nobody can be singled out, where records of a person can't be linked, and
where nothing can be inferred of anyone (Article 29 Working Party, Opinion 05/2014, WP 216, §2.2.2).
The first two as rates, after Vauquier, Srivastava, Hosseini and Vincent, "Legally validated
evaluation framework for voice anonymization", Interspeech 2025, which the French authority CNIL
validated for voices:

- *Linked*: the patient scores higher than everybody else in a crowd of N that the patient is in;
  of all crowds at once, for with m of P - 1 others above the patient, N - 1 of them drawn have none
  of these in C(P - 1 - m, N - 1) / C(P - 1, N - 1) of all draws. Chance is 1/N.
- *Singled out* (a predicate that isolates: Cohen and Nissim, PNAS 117, 2020): "scores above a limit
  for patient k" is true of exactly one of N people, k among them, whoever it is. The limit is midway
  between two scores of other images of the same N, so that of these as many are above it as k has.
  A coin that falls so once in N isolates in (1 - 1/N)^(N - 1), 37% of large crowds; a limit that
  rests on few images falls more unevenly, so the chance here is that of drawn scores.

Departures: of equal scores one is drawn to be the higher (there, the patient's own is); the score
for k, the mean log-likelihood of a record's images, is taken as log-odds against all others, since
only these can be compared between images; the images that set the limit are validation images.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import gammaln, logsumexp

from replication.attack.table2 import Table2
from replication.errors import DataError
from validation.statistics.resampling import estimate_rate

SIZES = (20, 50, 100)  # of crowds; and of all patients there are
IMAGES = (1, 3, None)  # of a record, None for all of a patient
CROWDS = 20  # ours: drawn for each patient who is to be singled out
REPLICATES = 2000  # as of Table 2
NOISE_DRAWS = 5  # ours: of all scores, for the chance; some 10,000 crowds of a hundred patients
LINKED, SINGLED_OUT = "linked", "singled_out"


@dataclass(frozen=True)
class CrowdCell:
    """One rate.

    Args:
        kind: LINKED or SINGLED_OUT.
        crowd: people in it.
        images: of a record, None for all that there are of a patient.
    """

    kind: str
    crowd: int
    images: int | None


class Crowds:
    """The people among whom an attacker looks for one.

    Args:
        identity: (N,) patients of the test images.
        calibration_identity: (M,) patients of the validation images.
        patients: (P,) of whom each column of scores is, all different; among them those above.
        seed: of crowds, records and ties.

    Raises:
        DataError: when a patient has no column.
    """

    def __init__(
        self,
        identity: np.ndarray,
        calibration_identity: np.ndarray,
        patients: np.ndarray,
        *,
        seed: int,
    ) -> None:
        columns = {name: column for column, name in enumerate(patients.tolist())}
        tested, calibrated = identity.tolist(), calibration_identity.tolist()
        if len(columns) < len(patients) or not columns.keys() >= {*tested, *calibrated}:
            raise DataError("crowds: expected one column of scores for each patient")
        self._own = np.array([columns[name] for name in tested], dtype=np.intp)
        self._calibrated = np.array([columns[name] for name in calibrated], dtype=np.intp)
        self.people, self._seed = len(patients), seed
        # Whoever is in a crowd has a record, and other images to set the limit.
        self._members = np.intersect1d(self._own, self._calibrated)
        self.chances = self._find_chances()

    def measure(self, scores: np.ndarray, calibration: np.ndarray) -> dict[CrowdCell, np.ndarray]:
        """Return every rate as (N,) values in [0, 1], NaN but for one image of each record.

        Their mean is the rate. Larger crowds than there are patients have no cell.

        Args:
            scores: (N, P) log-likelihoods of the test images, up to a constant of each image.
            calibration: (M, P) of the validation images.

        Raises:
            DataError: when the arrays don't fit.
        """
        expected = [(len(rows), self.people) for rows in (self._own, self._calibrated)]
        if [scores.shape, calibration.shape] != expected:
            raise DataError(f"crowds: expected {expected}, got {scores.shape}, {calibration.shape}")
        return dict(self._link(scores)) | dict(self._single_out(scores, calibration))

    def _link(self, scores: np.ndarray) -> Iterator[tuple[CrowdCell, np.ndarray]]:
        for images in IMAGES:
            rng = np.random.default_rng(self._seed)
            rows, means = average_records(scores, self._own, images, rng=rng)
            above = count_above(means, self._own[rows], rng=rng)
            for crowd in _list_sizes(self.people if len(rows) else 0):
                values = np.full(len(scores), np.nan)
                values[rows] = chance_of_none(above, others=self.people - 1, drawn=crowd - 1)
                yield CrowdCell(LINKED, crowd, images), values

    def _single_out(
        self, scores: np.ndarray, calibration: np.ndarray
    ) -> Iterator[tuple[CrowdCell, np.ndarray]]:
        firsts = np.unique(self._own, return_index=True)[1]
        firsts = firsts[np.isin(self._own[firsts], self._members)]
        for images, crowd in product((1, None), _list_sizes(len(self._members))):
            rng = np.random.default_rng([self._seed, crowd])
            others, limiting = self._list_records(calibration, self._calibrated, images, rng=rng)
            who, odds = self._list_records(scores, self._own, images, rng=rng)
            isolated = np.zeros(len(self._members))
            for _ in range(CROWDS):
                drawn = rng.permutation(len(who))
                drawn = drawn[np.unique(who[drawn], return_index=True)[1]]  # one of each member
                inside = draw_crowds(len(self._members), crowd, rng=rng)
                limit = find_limits(limiting, others, inside)
                isolated += ((odds[drawn].T > limit[:, None]) & inside).sum(axis=1) == 1
            values = np.full(len(scores), np.nan)
            values[firsts] = isolated / CROWDS
            yield CrowdCell(SINGLED_OUT, crowd, images), values

    def _list_records(
        self,
        scores: np.ndarray,
        own: np.ndarray,
        images: int | None,
        *,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (R,) members whose each record is, and its (R, K) log-odds for all members."""
        rows, means = average_records(scores, own, images, rng=rng)
        kept = np.isin(own[rows], self._members)
        odds = to_log_odds(means[kept])[:, self._members]
        return np.searchsorted(self._members, own[rows][kept]), odds

    def _find_chances(self) -> dict[CrowdCell, float]:
        """Return the rates of scores that show nothing."""
        rng = np.random.default_rng(self._seed)
        shapes = [(len(rows), self.people) for rows in (self._own, self._calibrated)]
        drawn = [
            dict(self._single_out(*(rng.normal(size=shape) for shape in shapes)))
            for _ in range(NOISE_DRAWS)
        ]
        chances = {cell: float(np.nanmean([one[cell] for one in drawn])) for cell in drawn[0]}
        linked = self._link(np.zeros(shapes[0]))
        return chances | {cell: 1 / cell.crowd for cell, _ in linked}


def add_crowd_measures(
    table: Table2, method: str, crowds: Crowds, found: list[dict[CrowdCell, np.ndarray]]
) -> None:
    """Add three of a method's rates to Table 2; those that so few patients have not are left out.

    Args:
        table: to add to.
        method: its name.
        crowds: that they were measured by.
        found: of `Crowds.measure`, one per draw.
    """
    cells = {
        "linked_20": CrowdCell(LINKED, 20, 1),
        "linked_all": CrowdCell(LINKED, crowds.people, None),
        "singled_out": CrowdCell(SINGLED_OUT, 20, None),
    }
    for measure, cell in cells.items():
        if cell in crowds.chances:
            values = np.column_stack([draw[cell] for draw in found])
            table.add_mean(method, measure, values, chance=crowds.chances[cell])


def list_crowds(
    method: str,
    crowds: Crowds,
    found: list[dict[CrowdCell, np.ndarray]],
    *,
    identity: np.ndarray,
    seed: int,
) -> pd.DataFrame:
    """Return all of a method's rates with their intervals of 95% over patients.

    Args:
        method, crowds, found: as for `add_crowd_measures`.
        identity: (N,) patients of the test images.
        seed: of the bootstrap.

    Returns:
        Columns: method, measure, crowd, images (of a record, empty for all of a patient), value, low,
        high, chance, records and patients; low and high are empty where patients are too few.
    """
    rows = []
    for cell, chance in crowds.chances.items():
        values = np.mean([draw[cell] for draw in found], axis=0)
        rng = np.random.default_rng(seed)
        rate = estimate_rate(values, identity, rng=rng, replicates=REPLICATES)
        counted = {"value": rate.mean, "low": rate.low, "high": rate.high, "chance": chance}
        where = {"measure": cell.kind, "crowd": cell.crowd, "images": cell.images}
        numbers = {"records": rate.images, "patients": rate.patients}
        rows.append({"method": method} | where | counted | numbers)
    return pd.DataFrame(rows).sort_values(["measure", "images", "crowd"], ignore_index=True)


def average_records(
    scores: np.ndarray, own: np.ndarray, images: int | None, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Average scores over records of one patient.

    Args:
        scores: (N, P).
        own: (N,) of whom each row is.
        images: of a record, drawn; what is left of a patient makes none. None for all.
        rng: what draws them.

    Returns:
        (R,) rows, one of each record, and its (R, P) means.
    """
    order = rng.permutation(len(own))
    order = order[np.argsort(own[order], kind="stable")]
    starts = np.unique(own[order], return_index=True)[1]
    counts = np.diff(np.append(starts, len(own)))
    if images is None:
        sums = np.add.reduceat(scores[order], starts, axis=0)
        return order[starts], sums / counts[:, None]
    place = np.arange(len(own)) - np.repeat(starts, counts)
    whole = order[place < np.repeat(counts // images * images, counts)]
    return whole[::images], scores[whole].reshape(-1, images, scores.shape[1]).mean(axis=1)


def count_above(scores: np.ndarray, own: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Return (R,) how many others score higher than the (R,) own columns of (R, P) scores.

    Of those that score the same, as many as are drawn.
    """
    reached = np.take_along_axis(scores, own[:, None], axis=1)
    equal = (scores == reached).sum(axis=1) - 1
    return (scores > reached).sum(axis=1) + rng.integers(0, equal + 1)


def chance_of_none(above: np.ndarray, *, others: int, drawn: int) -> np.ndarray:
    """Return (R,) chances that none of (R,) `above` is among `drawn` of so many others."""
    free = others - above
    ways = gammaln(free + 1) - gammaln(np.maximum(free - drawn, 0) + 1)
    every = gammaln(others + 1) - gammaln(others - drawn + 1)
    return np.where(free >= drawn, np.exp(ways - every), 0.0)


def to_log_odds(scores: np.ndarray) -> np.ndarray:
    """Return (R, P) logarithms of each likelihood over the sum of the others', of (R, P) logs."""
    best = scores.argmax(axis=1)[:, None]
    shifted = scores - np.take_along_axis(scores, best, axis=1)
    size = np.exp(shifted)
    others = np.log(np.maximum(size.sum(axis=1, keepdims=True) - size, np.finfo(float).tiny))
    rest = shifted.copy()
    np.put_along_axis(rest, best, -np.inf, axis=1)
    # Of the best the difference above has no digits where it is nearly all.
    np.put_along_axis(others, best, logsumexp(rest, axis=1, keepdims=True), axis=1)
    return shifted - others


def draw_crowds(people: int, crowd: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return (K, K) bool, who is in each one's crowd: oneself, and others drawn."""
    order = rng.random((people, people))
    np.fill_diagonal(order, -1.0)
    return order.argsort(axis=1).argsort(axis=1) < crowd


def find_limits(odds: np.ndarray, who: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (K,) limits that as many images of a crowd are above as its middle has.

    Args:
        odds: (V, K) of images, for each predicate.
        who: (V,) members whose these are, at least one image of each.
        inside: (K, K), of `draw_crowds`.
    """
    falling = -np.sort(-np.where(inside[:, who], odds.T, -np.inf), axis=1)
    count = np.bincount(who, minlength=len(inside))[:, None]
    return np.take_along_axis(falling, np.concatenate([count - 1, count], axis=1), axis=1).mean(
        axis=1
    )


def _list_sizes(people: int) -> list[int]:
    """Return the sizes of crowds among so many people, two at least, and all of them."""
    return sorted({*(size for size in SIZES if size < people), people} - {0, 1})
