"""Table 2 in short: per method, each of the paper's three requirements by its worst figure.

Figures of one requirement have different scales, so each is put between nothing and everything:
privacy between chance and everyone told, evidence between chance and the originals' figure, looks
between nothing and real eyes. Ours: a method is as private as its worst leak
and shows as much of the sign as the measure that sees least of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from replication.table1 import BASELINE
from replication.table2 import NOISE

PRIVACY, EVIDENCE, LOOKS = "privacy of all patients", "explanatory evidence", "intelligibility"
LEAKS = (
    "identity_best",
    "identity_best_with",
    "identity_best_without",
    "evaluator_auc",
    "siamese_auc",
    "used_shown",
    "used_auc",
    "near_copies",
)
# Verdicts on labels are no evidence: they count, but only beside what is known of the sign.
OF_SIGN = ("sign_correlation", "sign_owed", "sign_kind_auc", "verdicts_changed")
SHOWN = ("glaucoma_balanced", *OF_SIGN)
# SSIM and PSNR to the original are highest for an image that hides nothing, so they don't count.
REALISTIC = ("sharpness", "frechet")


def summarise_methods(numbers: pd.DataFrame) -> pd.DataFrame:
    """Find each method's worst figure for each requirement.

    Args:
        numbers: of `Table2Intervals.list_numbers`.

    Returns:
        One row per method and requirement: method, requirement, measure (the worst one), value,
        low, high, chance, and share, in [0, 1]: of privacy 1 is no leak and 0 all told, of
        evidence 1 is as in the original and 0 none, of intelligibility 1 is as real eyes. Without
        a figure the measure is empty: not measured. Evidence is not measured where no sign's place
        is known.
    """
    by_cell = {(row["method"], row["measure"]): row for row in numbers.to_dict("records")}
    methods = [name for name in dict.fromkeys(numbers["method"]) if name != NOISE]
    return pd.DataFrame([row for name in methods for row in _summarise(name, by_cell)])


def _summarise(method: str, by_cell: dict) -> Iterator[dict]:
    scales: tuple[tuple[str, tuple[str, ...], Callable], ...] = (
        (PRIVACY, LEAKS, _share_hidden),
        (EVIDENCE, SHOWN, _share_shown),
        (LOOKS, REALISTIC, _share_real),
    )
    for requirement, names, scale in scales:
        found = {
            name: scale(by_cell[method, name], by_cell.get((BASELINE, name)))
            for name in names
            if (method, name) in by_cell
        }
        measured = {name: share for name, share in found.items() if not np.isnan(share)}
        known = requirement != EVIDENCE or any(name in measured for name in OF_SIGN)
        worst = min(measured, key=measured.get) if measured and known else None
        row = by_cell.get((method, worst), {})
        yield {
            "method": method,
            "requirement": requirement,
            "measure": worst,
            **{name: row.get(name) for name in ("value", "low", "high", "chance")},
            "share": measured[worst] if worst else None,
        }


def _share_hidden(row: dict, original: dict | None) -> float:
    """Return 1 at chance and 0 where everyone is told; nothing where chance tells everyone."""
    chance = 0.0 if _is_missing(row["chance"]) else row["chance"]
    if chance >= 1:
        return np.nan
    return _clip(1 - (row["value"] - chance) / (1 - chance))


def _share_shown(row: dict, original: dict | None) -> float:
    """Return 1 as in the original and 0 at chance."""
    if original is None or _is_missing(row["chance"]) or _is_missing(original["chance"]):
        return np.nan
    most = original["value"] - original["chance"]
    return _clip((row["value"] - row["chance"]) / most) if most > 0 else np.nan


def _share_real(row: dict, original: dict | None) -> float:
    """Return 1 for a ratio of 1 to real eyes, less for one above or below."""
    value = row["value"]
    return _clip(min(value, 1 / value)) if value > 0 else 0.0


def _clip(share: float) -> float:
    return float(np.clip(share, 0, 1))


def _is_missing(value: float | None) -> bool:
    return value is None or np.isnan(value)
