"""Relevance maps in numbers, one row per map: where it lies, how far it agrees with its original's.

The paper shows three maps (§3, Figure 5). What is claimed of maps, and what is printed about them,
comes from these rows and not from the maps.

What comes of all relevance maps: how many are empty, how far they agree, where they lie.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.explain.agreement import (
    MEASURES,
    compare_agreements,
    measure_agreement,
    name_parts,
)
from replication.explain.places import tabulate_iris_shares
from replication.privatize.methods import BASELINE
from replication.records import CLASS_OF_GLAUCOMA, EyeDataset, RelevanceMaps
from validation.claims.table1_claims import DIFFERENT, SAME
from validation.statistics.patient_means import estimate_mean

OTHER = "other_"
COMPARED = (*MEASURES, *(OTHER + name for name in MEASURES))


def describe_maps(
    relevance: RelevanceMaps,
    test: EyeDataset,
    *,
    method: str,
    draw: int,
    iris: np.ndarray,
    upper: np.ndarray,
) -> pd.DataFrame:
    """Say of each map whose it is, what it explains and where it lies.

    Args:
        relevance: of the N test images, or of one draw of them privatized, in the same order.
        test: the N original test images.
        method: a privatizer's name, or that of the originals.
        draw: from 0.
        iris, upper: (N, S, S) bool of `sign_places.mask_irises`; privatizing moves nothing, so a
            privatized image has its original's.

    Returns:
        N rows: method, draw, image_id, identity, glaucoma, explains_glaucoma (else the explained
        class is no glaucoma), logit, relevance_sum, empty, those of `tabulate_iris_shares`, and
        NaN for each of COMPARED.
    """
    told = pd.DataFrame(
        {
            "method": method,
            "draw": draw,
            "image_id": test.image_id,
            "identity": test.identity,
            "glaucoma": test.glaucoma,
            "explains_glaucoma": relevance.neuron == CLASS_OF_GLAUCOMA,
            "logit": relevance.logit,
            "relevance_sum": relevance.maps.sum(axis=(1, 2), dtype=np.float64),
            "empty": relevance.empty,
        }
    )
    shares = tabulate_iris_shares(relevance.maps, iris, upper)
    return pd.concat([told, shares], axis=1).assign(**dict.fromkeys(COMPARED, np.nan))


def compare_with_originals(
    maps: np.ndarray, originals: np.ndarray, others: np.ndarray
) -> pd.DataFrame:
    """Measure how far privatized images' maps agree with originals' maps.

    Args:
        maps: (N, S, S) of the privatized images.
        originals: (N, S, S) of their originals.
        others: (N,) rows of `relevance_agreement.pair_with_others`: another patient's original,
            whose agreement is what the own one's has to beat.

    Returns:
        N rows with the columns COMPARED: MEASURES, and the same of the other originals, NaN where
        there is no other.
    """
    own, other = (measure_agreement(seen, maps) for seen in (originals, originals[others]))
    other[others < 0] = np.nan
    return pd.concat([own, other], axis=1).set_axis(list(COMPARED), axis=1)


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
