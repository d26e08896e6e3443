"""What stage 07 left in a run's folder, read back by those who come after the stages."""

from __future__ import annotations

from replication.csv_table import read_table
from replication.errors import DataError
from replication.store import RECORD, RunStore
from validation.claims import Judgement
from validation.relevance_claims import NOTHING_EXPLAINED, judge_relevance

EXPLAINED = "07_explained"
RELEVANCE, PLACES = "relevance.csv", "sign_places.csv"
SUMMARY, PAGE, FIGURE5 = "explanation.json", "explanation.md", "figure5.png"


def is_explained(store: RunStore) -> bool:
    """Tell whether a run's explanation is complete."""
    return (store.root / EXPLAINED / RECORD).exists()


def judge_explanation(store: RunStore) -> list[Judgement]:
    """Judge the paper's claims about relevance maps; without maps they are not measured.

    Raises:
        DataError: when the table of maps can't be judged.
    """
    if not is_explained(store):
        return judge_relevance(NOTHING_EXPLAINED)
    file = store.folder(EXPLAINED) / RELEVANCE
    try:
        return judge_relevance(read_table(file, text=("image_id",)))
    except ValueError as error:
        raise DataError(f"{file}: {error}") from error
