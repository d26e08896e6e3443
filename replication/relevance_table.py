"""Relevance maps in numbers, one row per map: where it lies, how far it agrees with its original's.

The paper shows three maps (§3, Figure 5). What is claimed of maps, and what is printed about them,
comes from these rows and not from the maps.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from replication.records import EyeDataset, RelevanceMaps
from replication.relevance_agreement import MEASURES, measure_agreement
from replication.relevance_files import CLASS_OF_GLAUCOMA
from replication.relevance_place import tabulate_iris_shares

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
