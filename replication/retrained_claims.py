"""The paper's claims about privacy, judged once more with the attackers that retrain.

The paper's numbers are of a network that has seen originals alone. Here the best attacker's answers
take the place of that network's, and `validation.claims` judges as before.
"""

from __future__ import annotations

import pandas as pd

from replication.attack_patients import BEST
from validation.claims import Judgement, judge_claims


def judge_retrained(
    predictions: pd.DataFrame, named: pd.DataFrame
) -> list[tuple[Judgement, Judgement]]:
    """Judge the claims that rest on identity accuracy by both attackers.

    Args:
        predictions: of stage 06.
        named: of `attack_sets`: whom each attacker names.

    Returns:
        Pairs of judgements of one claim: by the static network, by the best retrained attacker.
    """
    keys = ["method", "draw", "image_id"]
    # Of a method that draws, fewer draws are attacked than are predicted.
    attacked = predictions.merge(named[[*keys, BEST]], on=keys, validate="1:1")
    attacked["predicted_identity"] = attacked.pop(BEST)
    return [
        (static, retrained)
        for static, retrained in zip(judge_claims(predictions), judge_claims(attacked), strict=True)
        if _rests_on_identity(static)
    ]


def _rests_on_identity(judgement: Judgement) -> bool:
    return any(
        metric == "identity_accuracy"
        for part in judgement.claim.parts
        for option in part.either
        for _, metric in option.cells
    )
