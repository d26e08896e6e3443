"""What stage 07 leaves in a run's folder, for those that read it back."""

from replication.store.files import read_json
from replication.store.run_folder import RECORD, RunStore

ATTACKED = "07_attacked"
JSON, PAGE, PLANE = "table2.json", "table2.md", "plane.png"


def is_attacked(store: RunStore) -> bool:
    """Return whether a run's attack is complete."""
    return (store.root / ATTACKED / RECORD).exists()


def read_attack(store: RunStore) -> dict:
    """Return what `table2.json` holds: heading, rows, summary and claims.

    Raises:
        StageNotRun: when the attack isn't complete.
    """
    return read_json(store.folder(ATTACKED) / JSON)
