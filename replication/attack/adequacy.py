"""Were the attackers good enough? Only then does an attacker who fails say something of a method.

Ours. Three checks: on originals the best attacker recognises patients at least as well as the
identity network does; on noise, which shows nobody, none is above chance; and the learning curves
have flattened, so that more draws to learn from would not name more. The first two are about the
data set, and decide whether privacy is measured at all; the third is about each method, and makes
its figure a lower bound where it fails.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from replication.attack.table2 import NOISE
from replication.privatize.methods import BASELINE

FLAT = 0.05  # ours: the gain of the last step, in validation rate or area, that counts as none
ON_ORIGINALS, ON_NOISE, CURVE = "originals are recognised", "noise is at chance", "curve is flat"
ON_CHANCE = ("identity_best", "identity_person")


def check_attackers(rows: Sequence[Mapping], grid: Sequence[Mapping]) -> list[dict]:
    """Check the attackers of one data set.

    Args:
        rows: of `Table2Intervals.list_numbers`, as records.
        grid: of `attack_sets`.

    Returns:
        Rows with check, method (None for the data set), victim, value, limit, and holds: whether
        the value, or the nearer end of its interval, is within the limit.
    """
    by_cell = {(row["method"], row["measure"]): row for row in rows}
    static, best = (by_cell[BASELINE, f"identity_{name}"] for name in ("static", "best"))
    limit = static["value"]
    checks = [_row(ON_ORIGINALS, best["value"], limit, _find_end(best, "high") >= limit)]
    for name in ON_CHANCE:
        noise = by_cell[NOISE, name]
        limit = noise["chance"]
        checks.append(_row(ON_NOISE, noise["value"], limit, _find_end(noise, "low") <= limit))
    return checks + _check_curves(grid)


def are_good_enough(checks: Sequence[Mapping]) -> bool:
    """Return whether originals and noise are as they must be for privacy to be measured."""
    return all(check["holds"] for check in checks if check["check"] != CURVE)


def _check_curves(grid: Sequence[Mapping]) -> list[dict]:
    """Return, by method and victim, what the last step of draws to learn from has added."""

    def key(row: Mapping) -> tuple[str, str]:
        return row["method"], row["victim"]

    checks = []
    for (method, victim), own in groupby(sorted(grid, key=key), key):
        best: dict[int, float] = {}
        for row in own:
            if row.get("images") != "all of a patient":
                best[row["learned"]] = max(best.get(row["learned"], 0.0), row["validation"])
        if len(best) < 2 or method == NOISE:
            continue
        *_, before, last = (best[count] for count in sorted(best))
        gain = last - before
        checks.append(_row(CURVE, gain, FLAT, gain <= FLAT, method=method, victim=victim))
    return checks


def _find_end(row: Mapping, side: str) -> float:
    """Return an end of a number's interval; the number itself where it has none."""
    return row["value"] if row[side] is None else row[side]


def _row(
    check: str,
    value: float,
    limit: float,
    holds: bool,
    *,
    method: str | None = None,
    victim: str = "patient",
) -> dict:
    return {
        "check": check,
        "method": method,
        "victim": victim,
        "value": float(value),
        "limit": float(limit),
        "holds": bool(holds),
    }
