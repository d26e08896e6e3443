"""What comes of all relevance maps: how many are empty, how far they agree, where they lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.relevance_agreement import MEASURES, compare_agreements, name_parts
from replication.relevance_table import OTHER
from replication.table1 import BASELINE
from validation.paper_claims import DIFFERENT, SAME
from validation.patient_means import estimate_mean

SHARES = ("in_iris", "iris_area", "in_upper_half", "upper_half_area", "upper_of_iris")
EYES = {"all": "all test images", "glaucoma": "test images of eyes with glaucoma"}


def summarise_relevance(
    relevance: pd.DataFrame, signs: pd.DataFrame | None, *, rng: np.random.Generator
) -> dict[str, list[dict]]:
    """Summarise the table of maps.

    Args:
        relevance: columns of `relevance_table`; one row per map.
        signs: of `relevance_place.judge_places`, or None where no sign's place is known.
        rng: draws the patients.

    Returns:
        Tables as lists of rows: "maps" (per method: maps, empty, explains_glaucoma,
        sum_follows_logit), "agreement", "iris" and "signs"; a number that there is not is None.
    """
    tables = {
        "maps": pd.DataFrame(_count_maps(relevance)),
        "agreement": pd.DataFrame(_compare_all(relevance, rng)),
        "iris": pd.DataFrame(_average_shares(relevance, rng)),
        "signs": pd.DataFrame() if signs is None else signs,
    }
    return {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in tables.items()
    }


def _count_maps(relevance: pd.DataFrame) -> Iterator[dict]:
    for method, rows in relevance.groupby("method", sort=False):
        shown = rows[~rows["empty"]]
        yield {
            "method": method,
            "maps": len(rows),
            "empty": int(rows["empty"].sum()),
            "explains_glaucoma": int(rows["explains_glaucoma"].sum()),
            "sum_follows_logit": shown["relevance_sum"].corr(shown["logit"], min_periods=2),
        }


def _compare_all(relevance: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict]:
    """Compare agreements under both pathologies, and each with another patient's original."""
    for eyes, rows in _choose_eyes(relevance):
        sets = {method: rows[rows["method"] == method] for method in (SAME, DIFFERENT)}
        if any(table.empty for table in sets.values()):
            continue
        pairs = {"same against different pathology": (sets[SAME], sets[DIFFERENT])}
        for name, method in (("same", SAME), ("different", DIFFERENT)):
            own = sets[method]
            other = own.assign(**{measure: own[OTHER + measure] for measure in MEASURES})
            pairs[f"{name} pathology: own against another patient's original"] = (own, other)
        for comparison, (first, second) in pairs.items():
            for row in compare_agreements(first, second, rng=rng).to_dict("records"):
                yield {"eyes": eyes, "comparison": comparison, **row}


def _average_shares(relevance: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict]:
    for eyes, rows in _choose_eyes(relevance):
        for method in (BASELINE, SAME, DIFFERENT):
            own = rows[rows["method"] == method]
            by_image = own.groupby("image_id")[["identity", *SHARES]].mean()
            for share in SHARES if len(own) else ():
                patients = by_image["identity"].to_numpy()
                found = estimate_mean(by_image[share].to_numpy(), patients, rng=rng)
                yield {
                    "eyes": eyes,
                    "method": method,
                    "share": share,
                    **name_parts("share", found),
                    "images": found.images,
                    "patients": found.patients,
                }


def _choose_eyes(relevance: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield EYES["all"], relevance
    yield EYES["glaucoma"], relevance[relevance["glaucoma"]]
