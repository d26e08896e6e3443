"""Check a run: its numbers, the paper's claims and its data, from the run's files alone.

Leaves, in the run's folder, `check.json`, `check.md` and `check.xml` (JUnit).
"""

from pathlib import Path

from replication.errors import StageNotRun
from replication.evaluate.table1 import EVALUATED
from replication.results.finished_run import FinishedRun
from replication.store.files import write_text
from replication.store.run_folder import RECORD, RunStore
from replication.store.run_record import describe_split
from validation.blessing.blessing import Blessing, to_json, to_junit, to_markdown


def check_run(store: RunStore) -> Blessing:
    """Check a run and write down what was found.

    Args:
        store: of a run whose evaluation is complete, or whose data failed their validation.

    Raises:
        StageNotRun: when there is neither.
        DataError: when the predictions can't be judged.
    """
    finished = FinishedRun(store)
    run, blessing, words = finished.run, finished.blessing, finished.words
    source, profile = run["source"], run["profile"]["name"]
    heading = f"Data: {source['kind']} `{source['name']}`. Profile {profile}, seed {run['seed']}."
    heading += describe_split(run)
    write_text(store.root / "check.json", to_json(blessing))
    write_text(store.root / "check.md", words.put(to_markdown(blessing, heading=heading)))
    write_text(store.root / "check.xml", to_junit(blessing))
    return blessing


def find_latest(runs: Path) -> Path:
    """Return the run that was evaluated last.

    Raises:
        StageNotRun: when none was.
    """
    records = sorted(runs.glob(f"*/{EVALUATED}/{RECORD}"), key=lambda file: file.stat().st_mtime)
    if not records:
        raise StageNotRun(f"{runs}: no evaluated run; `replicate` makes one")
    return records[-1].parents[1]
