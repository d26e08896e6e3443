"""What the originals' maps show by each rule of Deep Taylor, side by side.

- Is a map's sum the log-odds that it explains? Deep Taylor shares them, so it should be.
- Does relevance follow |input|, the distance from middle gray, which no sign is? Spearman's
  correlation over all pixels.
- Does it find known signs (`places`), and better than by the plain rule on the same images?

Empty maps are counted and enter nothing else.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.explain.agreement import MapPatterns, has_pattern, name_parts
from replication.explain.exchange import PLAIN, RULES
from replication.explain.places import measure_mass, measure_pointing
from replication.records import EyeDataset, RelevanceMaps, to_gray
from replication.store.numbers import write_interval, write_or_absent
from replication.store.tables import Section
from validation.statistics.resampling import estimate_mean, estimate_rate

TAIL = 0.05  # of the maps, above and below the range of sums


def measure_rules(
    explained: Mapping[str, RelevanceMaps],
    test: EyeDataset,
    masks: np.ndarray | None,
    *,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Measure the maps of the same originals by each rule.

    Args:
        explained: the N originals' maps by names of `RULES`, PLAIN among them.
        test: the N originals.
        masks: (N, S, S) bool of `mask_signs`, or None where no sign's place is known.
        rng: draws the patients.

    Returns:
        One row per rule: method; maps, with_glaucoma and of these empty; sum_low, sum_median and
        sum_high, the middle 90% of map sums over log-odds; input_mean, input_low and input_high,
        the correlation with |input|. With masks also, of the images whose sign has a map by every
        rule, sign_images and sign_patients, and mean, low and high of pointing and mass, and of
        pointing_lead and mass_lead over PLAIN, paired.
    """
    far = MapPatterns(np.abs(to_gray(test.images)).astype(np.float32))
    signs = {} if masks is None else _measure_signs(explained, masks, test.identity, rng=rng)
    rows = []
    for method, relevance in explained.items():
        shown, sums = ~relevance.empty, relevance.maps.sum(axis=(1, 2), dtype=np.float64)
        rates = sums[shown] / relevance.logit[shown]
        low, median, high = (
            np.quantile(rates, [TAIL, 0.5, 1 - TAIL]) if len(rates) else [np.nan] * 3
        )
        follows = MapPatterns(relevance.maps).measure(far)["rank_correlation"].to_numpy()
        row = {
            "method": method,
            "maps": len(relevance),
            "with_glaucoma": int(test.glaucoma.sum()),
            "empty": int((relevance.empty & test.glaucoma).sum()),
            "sum_low": low,
            "sum_median": median,
            "sum_high": high,
            **name_parts("input", estimate_mean(follows, test.identity, rng=rng)),
        }
        rows.append(row | signs.get(method, {}))
    return pd.DataFrame(rows)


def _measure_signs(
    explained: Mapping[str, RelevanceMaps],
    masks: np.ndarray,
    patients: np.ndarray,
    *,
    rng: np.random.Generator,
) -> dict[str, dict[str, float]]:
    shown = np.all([has_pattern(relevance.maps) for relevance in explained.values()], axis=0)
    used = shown & masks.any(axis=(1, 2))
    rows = {method: {"sign_images": int(used.sum())} for method in explained}
    measures = {
        "pointing": (measure_pointing, estimate_rate),
        "mass": (measure_mass, estimate_mean),
    }
    for name, (measure, estimate) in measures.items():
        found = {
            method: measure(relevance.maps[used], masks[used])
            for method, relevance in explained.items()
        }
        for method, values in found.items():
            mean = estimate(values, patients[used], rng=rng)
            rows[method] |= {"sign_patients": mean.patients, **name_parts(name, mean)}
            if method != PLAIN:
                lead = estimate_mean(values - found[PLAIN], patients[used], rng=rng)
                rows[method] |= name_parts(f"{name}_lead", lead)
    return rows


def describe_rules(rows: list[Mapping]) -> Section:
    """Return the section of rows of `measure_rules`, None where there is no number."""
    first = rows[0]
    signs = "known" if first.get("sign_images") else "not known here"
    note = (
        f"**Rules.** The same {first['maps']} originals by each rule; the first is the run's. Empty: "
        f"of {first['with_glaucoma']} originals with glaucoma. Sum: a map's relevance over the "
        "log-odds that it explains, the median and the middle 90% of the maps. Gray: mean rank "
        f"correlation of relevance with a pixel's distance from middle gray. Places of signs are {signs}"
    )
    if first.get("sign_images"):
        note += (
            f": {first['sign_images']} originals of {first['sign_patients']} patients that have a "
            f"map by every rule; lead: over `{PLAIN}`, paired"
        )
    headings = ("rule", "empty", "sum", "gray", "pointing", "lead", "mass", "lead")
    parts = ("input", "pointing", "pointing_lead", "mass", "mass_lead")
    return Section(
        f"{note}. Intervals are at 95%, by bootstrap over patients.",
        headings,
        [
            (
                f"{RULES[row['method']].words} (`{row['method']}`)",
                row["empty"],
                write_interval(row["sum_median"], row["sum_low"], row["sum_high"], _write),
                *(_write_mean(row, part) for part in parts),
            )
            for row in rows
        ],
    )


def _write_mean(row: Mapping, name: str) -> str:
    mean, low, high = (row.get(f"{name}_{end}") for end in ("mean", "low", "high"))
    if mean is None or low is None:
        return _write(mean)
    return write_interval(mean, low, high, _write)


def _write(value: float | None) -> str:
    return write_or_absent(value, "{:.3f}".format)
