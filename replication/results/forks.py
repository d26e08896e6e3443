"""What the study of forks left in a run, read back: which claims depend on a choice of ours.

A fork is a choice that the paper leaves open (`replication.studies.forks`).
"""

from collections.abc import Mapping

from replication.errors import DataError
from replication.evaluate.table1 import EVALUATED
from replication.store.files import read_json
from replication.store.run_folder import RunStore
from validation.claims.judge import Finding

FIGURES, PAGE = "forks.json", "forks.md"
COMMAND = "cli.py measure-forks"


def read_forks(store: RunStore) -> dict[str, str] | None:
    """Return, by claim that holds as we choose, under which forks it doesn't, in words.

    None where nothing was measured, or another evaluation of the run was.

    Raises:
        DataError: when the file is none of the study's.
    """
    file = store.root / FIGURES
    if not file.exists():
        return None
    figures = read_json(file)
    try:
        if figures["evaluated"] != store.digest(EVALUATED):
            return None
        broken = {claim["name"]: _list_broken(claim) for claim in figures["claims"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file}: not what `{COMMAND}` leaves there; run it again") from error
    return {name: words for name, words in broken.items() if words}


def _list_broken(claim: Mapping) -> str:
    if claim["ours"]["finding"] != Finding.HOLDS:
        return ""
    return ", ".join(
        f"{fork} ({judged['finding']})"
        for fork, judged in claim["under"].items()
        if judged["finding"] != Finding.HOLDS
    )
