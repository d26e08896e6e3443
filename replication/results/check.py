"""Judge a run: its numbers, the paper's claims and its data, from the run's files alone.

Leaves, in the run's folder, `check.json`, `check.md` and `check.xml` (JUnit). Needs no TensorFlow.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from replication.errors import DataError, StageNotRun
from replication.evaluate.outputs import EVALUATED, PREDICTIONS, read_predictions, read_table
from replication.explain.outputs import EXPLAINED, RELEVANCE, is_explained
from replication.privatize.methods import BASELINE
from replication.results.baseline import read_references
from replication.store.files import read_json, write_text
from replication.store.run_folder import RECORD, RunStore
from replication.store.run_record import describe_split, is_by_patient, read_run
from replication.store.tables import read_table as read_rows
from validation.blessing.bands import derive_bands
from validation.blessing.blessing import (
    Blessing,
    Check,
    check_claims,
    check_data,
    check_drift,
    check_numbers,
    to_json,
    to_junit,
    to_markdown,
)
from validation.claims.judge import Judgement, judge_claims
from validation.claims.relevance_claims import NOTHING_EXPLAINED, judge_relevance

# Where validation fails, its stage isn't complete, and what it found lies in the second place.
VALIDATIONS = ("02_validated/validation.json", "02_validated.partial/validation.json")
TOLD_OF_EXPECTATIONS = {"suite", "name", "meaning", "success"}
SMOKE = "smoke"  # the profile whose numbers mean nothing


def check_run(store: RunStore) -> Blessing:
    """Judge a run and write down what was found.

    Args:
        store: of a run whose evaluation is complete, or whose data failed their validation.

    Raises:
        StageNotRun: when there is neither.
        DataError: when the predictions can't be judged.
    """
    run = read_run(store.root)
    data = check_data(read_expectations(store))
    if (store.root / EVALUATED).exists() or all(check.passed for check in data):
        data += check_results(store, run, judge_all_claims(store))
    blessing = Blessing(data)
    source, profile = run["source"], run["profile"]["name"]
    heading = f"Data: {source['kind']} `{source['name']}`. Profile {profile}, seed {run['seed']}."
    heading += describe_split(by_patient=is_by_patient(run))
    write_text(store.root / "check.json", to_json(blessing))
    write_text(store.root / "check.md", to_markdown(blessing, heading=heading))
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


def judge_all_claims(store: RunStore) -> list[Judgement]:
    """Judge the paper's claims about its table and about its relevance maps.

    Raises:
        StageNotRun: when the run's evaluation isn't complete.
        DataError: when predictions or maps can't be judged.
    """
    return [*judge_run(store), *judge_explanation(store)]


def check_results(
    store: RunStore, run: Mapping, judgements: Iterable[Judgement]
) -> tuple[Check, ...]:
    """Check an evaluated run's numbers, and take over what became of the claims.

    Raises:
        StageNotRun: when the run's evaluation isn't complete.
    """
    numbers = read_table(store).numbers()
    images = int((read_predictions(store)["method"] == BASELINE).sum())
    meant = run["profile"]["name"] != SMOKE
    # The paper's numbers are of a split by image.
    comparable = meant and run["source"]["kind"] == "warsaw" and not is_by_patient(run)
    checks = check_numbers(derive_bands(test_images=images), numbers, comparable=comparable)
    checks += check_claims(judgements, meant=meant)
    return checks + (check_drift(read_references(), numbers) if run.get("baseline") else ())


def read_expectations(store: RunStore) -> list[dict] | None:
    """Return what became of the expectations on a run's data, None where not validated.

    Raises:
        DataError: when the file isn't what validation leaves.
    """
    file = next((f for name in VALIDATIONS if (f := store.root / name).exists()), None)
    if file is None:
        return None
    found = read_json(file).get("expectations")
    told = isinstance(found, list) and all(
        isinstance(each, dict) and each.keys() >= TOLD_OF_EXPECTATIONS for each in found
    )
    if not told:
        raise DataError(f"{file}: not what validation leaves; `replicate` makes it again")
    return found


def judge_run(store: RunStore) -> list[Judgement]:
    """Judge the paper's claims by a run's predictions.

    Raises:
        StageNotRun: when its evaluation isn't complete.
        DataError: when the predictions can't be judged.
    """
    try:
        return judge_claims(read_predictions(store))
    except ValueError as error:
        raise DataError(f"{store.folder(EVALUATED) / PREDICTIONS}: {error}") from error


def judge_explanation(store: RunStore) -> list[Judgement]:
    """Judge the paper's claims about relevance maps; without maps they are not measured.

    Raises:
        DataError: when the table of maps can't be judged.
    """
    if not is_explained(store):
        return judge_relevance(NOTHING_EXPLAINED)
    file = store.folder(EXPLAINED) / RELEVANCE
    try:
        return judge_relevance(read_rows(file, text=("image_id",)))
    except ValueError as error:
        raise DataError(f"{file}: {error}") from error
