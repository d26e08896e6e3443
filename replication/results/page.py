"""docs/results.md: the tables of complete runs, with the settings that made them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from replication.attack.outputs import ATTACKED, PLANE, is_attacked
from replication.attack.outputs import PAGE as PAGE_OF_ATTACK
from replication.evaluate.outputs import EVALUATED, PAGE
from replication.explain.outputs import EXPLAINED, FIGURE5, is_explained
from replication.explain.outputs import PAGE as PAGE_OF_MAPS
from replication.results.check import judge_explanation, judge_run
from replication.results.measured import SANITY_PAGE as PAGE_OF_CHECKS
from replication.results.measured import read_costs
from replication.store.run_folder import RunStore, write_text
from replication.store.run_record import is_by_patient, read_run
from replication.store.tables import lay_out_table
from validation.claims.judge import JudgedPart, Judgement

CLAIMS_INTRO = (
    "What the paper says, on this data. Each margin is positive where its part holds; in points, "
    "with its interval (docs/validation.md):"
)


def write_results(runs: Sequence[Path], file: Path) -> None:
    """Write one page about several runs; every number comes from the runs' own files.

    Args:
        runs: folders of runs whose evaluation is complete.
        file: the Markdown file to write; `images/` beside it gets the pictures of runs on the
            surrogate. Other data's images are patients' and are not taken out of their run.

    Raises:
        StageNotRun: when a run has no complete evaluation.
        DataError: when its predictions can't be judged.
    """
    intro = (
        "# Results\n\nMade by `python cli.py results`; nothing here is typed by hand. The paper's "
        "numbers stand in brackets beside ours. They were measured on the Warsaw database, which "
        "none of these runs used, so they are shown and not judged.\n"
    )
    sections = [_describe_run(RunStore(folder), file.parent) for folder in runs]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, "\n".join([intro, *sections]))


def _describe_run(store: RunStore, docs: Path) -> str:
    text = (store.folder(EVALUATED) / PAGE).read_text(encoding="utf-8")
    run = read_run(store.root)
    heading, _, rest = text.partition("\n\n")
    lines = [
        f"## {_name_source(run)}: profile {run['profile']['name']}, seed {run['seed']}"
        + (", split by patient" if is_by_patient(run) else ""),
        "",
        heading,
        "",
        rest,
        CLAIMS_INTRO,
        "",
        *(line for judgement in judge_run(store) for line in _describe_judgement(judgement)),
        "",
        *_describe_attack(store, run, docs),
        *_describe_explanation(store, run, docs),
        *_describe_checks_of_maps(store),
        *_describe_departures(store),
        *_describe_making(store, run),
        "",
    ]
    return "\n".join(lines)


def _name_source(run: dict) -> str:
    source = run["source"]
    return "The surrogate (not Warsaw)" if source["kind"] == "surrogate" else source["name"]


def _describe_judgement(judgement: Judgement) -> list[str]:
    claim = judgement.claim
    place = f'Paper, {claim.place}: "{claim.quotation}"'
    parts = [f"  - {part.text}: {_describe_margin(part)}" for part in judgement.parts]
    return [f"- **{claim.name}: {judgement.finding}.** {claim.statement} {place}", *parts]


def _describe_margin(part: JudgedPart) -> str:
    if part.margin is None:
        return "not measured"
    margin, low, high = (f"{100 * value:+.2f}" for value in (part.margin, part.low, part.high))
    return f"{margin} ({low} to {high})" + ("" if part.to_be_shown else "; must not be below 0")


def _describe_attack(store: RunStore, run: dict, docs: Path) -> list[str]:
    """Return the page of stage 07 and, of drawn eyes, its picture."""
    if not is_attacked(store):
        return ["Table 2, attackers who retrain: not measured.", ""]
    folder = store.folder(ATTACKED)
    lines = ["### Table 2", "", (folder / PAGE_OF_ATTACK).read_text("utf-8")]
    return lines + _take_picture(
        folder / PLANE,
        run,
        docs,
        name=f"evidence-plane-{store.root.name}.png",
        words="Patients named by the best retrained attacker against the AUC of the sign's kind",
    )


def _take_picture(file: Path, run: dict, docs: Path, *, name: str, words: str) -> list[str]:
    """Copy a picture of drawn eyes beside the page; other data's stay in their run."""
    if run["source"]["kind"] != "surrogate" or not file.exists():
        return []
    (docs / "images").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, docs / "images" / name)
    return [f"![{words}](images/{name})", ""]


def _describe_explanation(store: RunStore, run: dict, docs: Path) -> list[str]:
    """Return the page of stage 08, the claims about it and, of drawn eyes, its picture."""
    if not is_explained(store):
        return ["Relevance maps: not measured.", ""]
    folder = store.folder(EXPLAINED)
    claims = [line for judged in judge_explanation(store) for line in _describe_judgement(judged)]
    lines = ["### Explanation", "", *claims, "", (folder / PAGE_OF_MAPS).read_text("utf-8")]
    return lines + _take_picture(
        folder / FIGURE5,
        run,
        docs,
        name=f"figure5-{store.root.name}.png",
        words="Figure 5 on the surrogate: three eyes with their relevance",
    )


def _describe_checks_of_maps(store: RunStore) -> list[str]:
    file = store.root / PAGE_OF_CHECKS
    if not file.exists():
        return ["Whether maps depend on what was learned: not measured.", ""]
    return [file.read_text(encoding="utf-8")]


def _describe_departures(store: RunStore) -> list[str]:
    costs = read_costs(store.root)
    if costs is None:
        return ["What departures cost on this data: not measured.", ""]
    kinds = sorted({kind for figures in costs.values() for kind in figures})
    rows = [
        (choice, *(f"{100 * figures[kind]:.2f}" if kind in figures else "-" for kind in kinds))
        for choice, figures in costs.items()
    ]
    table = lay_out_table(("choice", *kinds), rows, words=1)
    return ["Departures and their other choice, accuracies on the test images, %:", "", *table, ""]


def _describe_making(store: RunStore, run: dict) -> list[str]:
    records = store.records()
    last = records[EVALUATED]
    versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
    trained = {task: run["profile"].get(task, {}) for task in ("evaluator", "vgan")}
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
