"""What stage 07 leaves in a run's folder, and how those who come after read it back.

The paper's claims about privacy, judged once more with the attackers that retrain.

The paper's numbers are of a network that has seen originals alone. Here the best attacker's answers
take the place of that network's, and `validation.claims.judge` judges as before.
"""

from pathlib import Path

import pandas as pd

from replication.attack.intervals import Table2Intervals
from replication.attack.patients import BEST
from replication.attack.table2 import Table2, summarise_methods
from replication.attack.table2_text import list_claims, to_markdown
from replication.figures.evidence_plane import draw_evidence_plane
from replication.store.files import read_json, write_json, write_text
from replication.store.run_folder import RECORD, RunStore
from replication.store.tables import write_table
from validation.claims.judge import Judgement, judge_claims


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
    tables = {
        "table2.csv": numbers,
        "differences.csv": intervals.compare_methods(),
        "attackers.csv": named,
    }
    for name, content in tables.items():
        write_table(content, folder / name)
    told = {
        "rows": _list_rows(numbers),
        "summary": _list_rows(summarise_methods(numbers)),
        "claims": list_claims(judge_retrained(predictions, named)),
    }
    write_json(folder / JSON, {"heading": heading, **told})
    write_text(folder / PAGE, to_markdown(told, heading=heading))
    draw_evidence_plane(
        told["rows"], title=heading, files=[folder / PLANE, (folder / PLANE).with_suffix(".pdf")]
    )


def is_attacked(store: RunStore) -> bool:
    """Tell whether a run's attack is complete."""
    return (store.root / ATTACKED / RECORD).exists()


def read_attack(store: RunStore) -> dict:
    """Return what `table2.json` holds: heading, rows, summary and claims.

    Raises:
        StageNotRun: when the attack isn't complete.
    """
    return read_json(store.folder(ATTACKED) / JSON)


def _list_rows(table: pd.DataFrame) -> list[dict]:
    """Return rows for JSON, None where there is no number."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
