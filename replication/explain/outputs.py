"""What stage 08 leaves in a run's folder, for those that read it back."""

from replication.store.run_folder import RECORD, RunStore

EXPLAINED = "08_explained"
RELEVANCE, PLACES = "relevance.csv", "sign_places.csv"
SUMMARY, PAGE, FIGURE5 = "explanation.json", "explanation.md", "figure5.png"


def is_explained(store: RunStore) -> bool:
    """Return whether a run's explanation is complete."""
    return (store.root / EXPLAINED / RECORD).exists()
