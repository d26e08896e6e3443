"""One run as a section of its data set's page: tables, claims with their margins, settings."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from replication.attack.outputs import ATTACKED, PLANE, is_attacked
from replication.attack.outputs import PAGE as PAGE_OF_ATTACK
from replication.evaluate.outputs import EVALUATED, PAGE
from replication.explain.outputs import EXPLAINED, FIGURE5, is_explained
from replication.explain.outputs import PAGE as PAGE_OF_MAPS
from replication.results.check import judge_explanation, judge_run
from replication.results.measured import SANITY_PAGE as PAGE_OF_CHECKS
from replication.results.measured import read_costs
from replication.store.run_folder import RunStore
from replication.store.run_record import is_by_patient
from replication.store.tables import lay_out_table
from validation.claims.judge import JudgedPart, Judgement

CLAIMS_INTRO = (
    "What the paper says, on this data. Each margin is positive where its part holds; in points, "
    "with its interval (docs/validation.md):"
)


def describe_run(store: RunStore, run: Mapping, pages: Path) -> str:
    """Return a run's section in Markdown.

    Args:
        store: of a run whose evaluation is complete.
        run: of `read_run`.
        pages: their folder; `images/` in it gets the pictures of runs on the surrogate. Other
            data's images are patients' and are not taken out of their run.

    Raises:
        StageNotRun: when the run has no complete evaluation.
        DataError: when its predictions can't be judged.
    """
    text = (store.folder(EVALUATED) / PAGE).read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n\n")
    lines = [
        f"## {name_section(run)}",
        "",
        heading,
        "",
        rest,
        CLAIMS_INTRO,
        "",
        *(line for judgement in judge_run(store) for line in _describe_judgement(judgement)),
        "",
        *_describe_attack(store, run, pages),
        *_describe_explanation(store, run, pages),
        *_describe_checks_of_maps(store),
        *_describe_departures(store),
        *_describe_making(store, run),
        "",
    ]
    return "\n".join(lines)


def name_section(run: Mapping) -> str:
    """Return the heading of a run's section: no other run of these data has the same."""
    split = "patient" if is_by_patient(run) else "image"
    return f"Split by {split}: profile {run['profile']['name']}, seed {run['seed']}"


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


def _describe_attack(store: RunStore, run: Mapping, pages: Path) -> list[str]:
    """Return the page of stage 07 and, of drawn eyes, its picture."""
    if not is_attacked(store):
        return ["Table 2, attackers who retrain: not measured.", ""]
    folder = store.folder(ATTACKED)
    lines = ["### Table 2", "", (folder / PAGE_OF_ATTACK).read_text("utf-8")]
    return lines + _take_picture(
        folder / PLANE,
        run,
        pages,
        name=f"evidence-plane-{store.root.name}.png",
        words="Patients named by the best retrained attacker against the AUC of the sign's kind",
    )


def _take_picture(file: Path, run: Mapping, pages: Path, *, name: str, words: str) -> list[str]:
    """Copy a picture of drawn eyes beside the page; other data's stay in their run."""
    if run["source"]["kind"] != "surrogate" or not file.exists():
        return []
    (pages / "images").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, pages / "images" / name)
    return [f"![{words}](images/{name})", ""]


def _describe_explanation(store: RunStore, run: Mapping, pages: Path) -> list[str]:
    """Return the page of stage 08, the claims about it and, of drawn eyes, its picture."""
    if not is_explained(store):
        return ["Relevance maps: not measured.", ""]
    folder = store.folder(EXPLAINED)
    claims = [line for judged in judge_explanation(store) for line in _describe_judgement(judged)]
    lines = ["### Explanation", "", *claims, "", (folder / PAGE_OF_MAPS).read_text("utf-8")]
    return lines + _take_picture(
        folder / FIGURE5,
        run,
        pages,
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


def _describe_making(store: RunStore, run: Mapping) -> list[str]:
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
