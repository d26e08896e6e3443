"""What the reference weights may give on another processor: bands for a regression test.

Another order of the same float32 sums moves a probability by some millionths, and a generated pixel
that lies between two bytes by one gray level. That only matters for an image whose decision was a
tie. So a band reaches from the number with all ties lost to the number with all ties won; without
ties it is one number. docs/validation.md, "Drift", has the rounding that was measured.
"""

import csv
import io

import numpy as np
import pandas as pd

from validation.blessing.bands import Band
from validation.statistics.intervals import F1

# Ours: how near to a tie a decision may be for rounding to turn it, as a probability; above the most
# that three ways of computing differed by (tests/test_rounding.py holds that).
TIE, TIE_OF_GENERATED = 2e-5, 5e-3
GENERATED = "pprl-vgan"
COLUMNS = ("method", "metric", "reference", "low", "high", "ties")
ROUNDING = 1e-9  # of the mean over draws


def derive_references(predictions: pd.DataFrame) -> tuple[Band, ...]:
    """Derive the bands of all numbers from the predictions behind them.

    Args:
        predictions: of stage 06; a decision is a tie when its lead is below its kind of tie, or
            its glaucoma probability as near to 0.5.
    """
    bands = []
    for method, rows in predictions.groupby("method", sort=False):
        tie = TIE_OF_GENERATED if method.startswith(GENERATED) else TIE
        draws = [_bound_draw(draw, tie) for _, draw in rows.groupby("draw")]
        for metric in draws[0]:
            value, low, high, ties = np.mean([draw[metric] for draw in draws], axis=0)
            reason = f"{ties * len(draws):.0f} of {len(rows)} decisions are ties"
            bands.append(Band(method, metric, value, low - ROUNDING, high + ROUNDING, reason))
    return tuple(bands)


def _bound_draw(rows: pd.DataFrame, tie: float) -> dict[str, tuple[float, float, float, float]]:
    """Return each number of a draw: as it is, with all ties lost, with all won; and the ties."""
    truth = rows["glaucoma"].to_numpy(bool)
    named, margin = (
        rows["predicted_identity"] == rows["identity"],
        rows["glaucoma_probability"] - 0.5,
    )
    decisions = {"identity_accuracy": (named, rows["identity_lead"])}
    if rows["replacement_shown"].notna().all():
        decisions["replacement_accuracy"] = rows["replacement_shown"], rows["replacement_lead"]
    decisions |= dict.fromkeys(("glaucoma_accuracy", F1), ((margin > 0) == truth, margin))
    bounds = {}
    for metric, (decided, lead) in decisions.items():
        right = decided.to_numpy(bool)
        close = (lead.astype(float).abs() < tie).to_numpy()
        outcomes = (right, right & ~close, right | close)
        numbers = (_f1(o, truth) if metric == F1 else float(o.mean()) for o in outcomes)
        bounds[metric] = (*numbers, float(close.sum()))
    return bounds


def _f1(right: np.ndarray, truth: np.ndarray) -> float:
    hits = 2 * (right & truth).sum()
    return float(hits / (hits + (~right).sum())) if hits else 0.0


def references_to_csv(references: tuple[Band, ...]) -> str:
    """Write the bands, fractions in full."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for band in references:
        limits = (repr(float(value)) for value in (band.paper, band.low, band.high))
        writer.writerow((band.method, band.metric, *limits, band.reason))
    return file.getvalue()


def references_from_csv(text: str) -> tuple[Band, ...]:
    """Read what `references_to_csv` wrote."""
    return tuple(
        Band(method, metric, float(value), float(low), float(high), reason)
        for method, metric, value, low, high, reason in list(csv.reader(text.splitlines()))[1:]
    )
