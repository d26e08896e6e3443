"""docs/results.md: the tables of complete runs, with the settings that made them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from replication.records import TABLE1_METRICS
from replication.store import RECORD, RunStore, read_json
from replication.table1 import Table1
from replication.table1_text import from_json
from validation.claims import Judgement, judge_claims

VERDICTS = {True: "holds", False: "**fails**", None: "not measured"}


def write_results(runs: Sequence[Path], file: Path) -> None:
    """Write one page about several runs; every number comes from the runs' own files.

    Args:
        runs: folders of runs whose evaluation is complete.
        file: the Markdown file to write.

    Raises:
        StageNotRun: when a run has no complete evaluation.
    """
    intro = (
        "# Results\n\nMade by `python cli.py results`; nothing here is typed by hand. The paper's "
        "numbers stand in brackets beside ours. They were measured on the Warsaw database, which "
        "none of these runs used, so they are shown and not judged.\n"
    )
    sections = [_describe_run(RunStore(folder)) for folder in runs]
    temporary = file.with_name(file.name + ".tmp")
    temporary.write_text("\n".join([intro, *sections]), encoding="utf-8")
    temporary.replace(file)


def _describe_run(store: RunStore) -> str:
    evaluated = store.folder("06_evaluated")
    table = from_json((evaluated / "table1.json").read_text(encoding="utf-8"))
    run = read_json(store.root / "run.json")
    text = (evaluated / "table1.md").read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n\n")
    lines = [
        f"## {_name_source(run)}: profile {run['profile']['name']}, seed {run['seed']}",
        "",
        heading,
        "",
        rest,
        "The paper's picture on this data:",
        "",
        *(_describe_judgement(judgement) for judgement in judge_claims(_numbers(table))),
        "",
        *_describe_departures(store),
        *_describe_making(store, run),
        "",
    ]
    return "\n".join(lines)


def _name_source(run: dict) -> str:
    source = run["source"]
    return "The surrogate (not Warsaw)" if source["kind"] == "surrogate" else source["name"]


def _describe_judgement(judgement: Judgement) -> str:
    numbers = ", ".join(
        "not measured" if number is None else f"{100 * number:.2f}" for number in judgement.numbers
    )
    return f"- {judgement.claim.statement}: {VERDICTS[judgement.holds]} ({numbers})"


def _describe_departures(store: RunStore) -> list[str]:
    file = store.root / "departures.json"
    if not file.exists():
        return ["What departures cost on this data: not measured.", ""]
    figures = [
        f"- {name}: " + ", ".join(f"{task} {100 * v:.2f}%" for task, v in accuracies.items())
        for name, accuracies in read_json(file).items()
    ]
    return ["Departures and their other choice, accuracies on the test images:", "", *figures, ""]


def _describe_making(store: RunStore, run: dict) -> list[str]:
    records = {
        file.parent.relative_to(store.root).as_posix(): read_json(file)
        for file in sorted(store.root.rglob(RECORD))
    }
    last = records["06_evaluated"]
    versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
    trained = {task: run["profile"][task] for task in ("evaluator", "vgan")}
    return [
        f"Settings: {run['draws']} draws; "
        + "; ".join(
            f"{task}: " + ", ".join(f"{name} {value}" for name, value in settings.items())
            for task, settings in trained.items()
        )
        + ".",
        "",
        f"Machine: {last['machine']}; {versions}.",
        "",
        "Seconds per stage: "
        + ", ".join(f"{unit} {record['seconds']:.0f}" for unit, record in records.items())
        + ".",
    ]


def _numbers(table: Table1) -> dict[tuple[str, str], float | None]:
    return {(row.method, name): getattr(row, name) for row in table.rows for name in TABLE1_METRICS}
