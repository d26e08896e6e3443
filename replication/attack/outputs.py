"""What stage 07 leaves in a run's folder, and how later stages read it back."""

from pathlib import Path

import pandas as pd

from replication.attack.intervals import Table2Intervals
from replication.attack.patient_privacy import BEST
from replication.attack.table2 import Table2, summarise_methods
from replication.attack.table2_text import to_markdown
from replication.figures.evidence_plane import draw_evidence_plane
from replication.store.files import read_json, write_json, write_text
from replication.store.run_folder import RECORD, RunStore
from replication.store.tables import to_records, write_table
from validation.claims.judge import Judgement, judge_claims

ATTACKED = "07_attacked"
JSON, PAGE = "table2.json", "table2.md"
PLANE = "plane.png"


def write_attack(
    folder: Path,
    table: Table2,
    named: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    heading: str,
    seed: int,
) -> None:
    """Write Table 2 and what comes of it.

    Args:
        folder: of the stage.
        table: all entries.
        named: whom each attacker names, of `attack_sets`.
        predictions: of stage 06.
        heading: which data, which settings.
        seed: of the bootstrap.
    """
    intervals = Table2Intervals(table, seed=seed)
    numbers = intervals.list_numbers()
    write_table(numbers, folder / "table2.csv")
    write_table(intervals.compare_methods(), folder / "differences.csv")
    write_table(named, folder / "attackers.csv")
    attack = {
        "heading": heading,
        "rows": to_records(numbers),
        "summary": to_records(summarise_methods(numbers)),
        "claims": _list_claims(judge_retrained(predictions, named)),
    }
    write_json(folder / JSON, attack)
    write_text(folder / PAGE, to_markdown(attack, heading=heading))
    plane = folder / PLANE
    draw_evidence_plane(attack["rows"], title=heading, files=[plane, plane.with_suffix(".pdf")])


def is_attacked(store: RunStore) -> bool:
    """Return whether a run's attack is complete."""
    return (store.root / ATTACKED / RECORD).exists()


def read_attack(store: RunStore) -> dict:
    """Return what `table2.json` holds: heading, rows, summary and claims.

    Raises:
        StageNotRun: when the attack isn't complete.
    """
    return read_json(store.folder(ATTACKED) / JSON)


def judge_retrained(
    predictions: pd.DataFrame, named: pd.DataFrame
) -> list[tuple[Judgement, Judgement]]:
    """Judge the claims that rest on identity accuracy by both attackers.

    The paper's numbers are of a network that has seen originals alone. Here the best attacker's
    predictions take the place of that network's, and `validation.claims.judge` judges as before.

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


def _list_claims(judged: list[tuple[Judgement, Judgement]]) -> list[dict]:
    return [
        {
            "name": static.claim.name,
            "quotation": static.claim.quotation,
            "static": static.finding.value,
            "retrained": retrained.finding.value,
        }
        for static, retrained in judged
    ]
