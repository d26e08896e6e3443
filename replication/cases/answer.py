"""Answer an image by cases: which are shown, which are passed over and why."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from replication.cases.released import ReleasedCases
from replication.cases.search import Similar, walk_cases
from replication.records import to_bytes

OTHER_FORM = "it was shown in another form before"


@dataclass(frozen=True)
class Choice:
    """Rows of the cases that are shown, the nearest first, and how many nearer ones are not, by reason."""

    rows: list[int]
    refused: Counter = field(default_factory=Counter)


def choose_cases(
    similar: Similar,
    released: ReleasedCases,
    candidates: np.ndarray,
    identity: np.ndarray,
    *,
    count: int,
    allows: Callable[[int], bool],
    beside: Iterable[int] = (),
) -> Choice:
    """Choose the nearest cases that passed the gate, each of another patient and another picture.

    Args:
        similar: of the image and all G cases.
        released: their pictures.
        candidates: (G,) bool, which may be chosen: of one label, none of the image's own patient.
        identity: (G,) of the cases' patients.
        count: how many at most.
        allows: whether the ledger lets a row be shown in its form.
        beside: rows that are shown already, whose patients and pictures don't come again.
    """
    choice = Choice([])
    patients = {int(identity[row]) for row in beside}
    pictures = {_key(released, row) for row in beside}
    for row in walk_cases(similar, np.flatnonzero(candidates)):
        if len(choice.rows) == count:
            break
        if int(identity[row]) in patients or _key(released, row) in pictures:
            continue
        reason = released.refusal[row] or ("" if allows(row) else OTHER_FORM)
        if reason:
            choice.refused[str(reason)] += 1
            continue
        choice.rows.append(row)
        patients.add(int(identity[row]))
        pictures.add(_key(released, row))
    return choice


def _key(released: ReleasedCases, row: int) -> bytes:
    return to_bytes(released.images[row]).tobytes()
