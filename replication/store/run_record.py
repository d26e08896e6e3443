"""What a run records of itself in `run.json`, and the names of its stages' folders."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from replication.config import OTHERWISE, PreprocessSettings
from replication.errors import SettingsError, StageNotRun
from replication.store.files import read_json
from replication.store.run_folder import RUN_RECORD
from replication.store.words import DISEASE, GLAUCOMA, Words, choose_words
from validation.expectations.suites import MOST_UNCENTRED

# Folders of the stages, relative to the run's.
PREPROCESSED = "01_preprocessed"
VALIDATED = "02_validated"
EVALUATORS = {task: f"03_evaluators/{task}" for task in ("identity", "glaucoma")}
LAYERS = "network.json"  # in the glaucoma network's folder, of a user's own network alone
VGAN, PP_MIR, CODE = "04_vgan", "04_pp-mir", "04_code"
OF_IRISES = (PP_MIR, CODE)  # trainings that images without irises are refused by

SPLITS = {False: "image", True: "patient"}  # by patient or, as in the paper, by image
BY_PATIENT = (
    "Split by patient: the glaucoma network never saw the test patients; identity stays closed-set."
)
LEFT_OUT = "Not centred on irises: evidence codes, PP-MIR and places in the iris are not measured."
OWN_NETWORK = "glaucoma_network"  # the user's own: its name and the hash of layers and weights
LABEL = "label"  # what the manifest calls it, where that isn't glaucoma
LIMIT = "max_uncentred"  # of the images, the share that the user lets be without a centred iris
# Of the user's network nobody knows whom it was trained on.
IDENTITY_CLOSED = "Split by patient; identity stays closed-set."
OWN_WORDS = (
    "The glaucoma network is the user's network {}, not one of this run's training: its numbers "
    "are not judged, and whether it was trained on these images is not known."
)

# What JSON makes of a float and a tuple.
PLAIN = {float: (float, int), tuple: list}
Settings = TypeVar("Settings")


def privatized_unit(method: str) -> str:
    """Return the folder of one method's privatized sets, relative to the run's."""
    return f"05_privatized/{method}"


def read_run(root: Path) -> dict:
    """Return what identifies the run in a folder.

    Returns:
        source (kind and name), manifest (its hash), profile (name, and settings by stage), seed, draws, split ("image"
        or "patient"); baseline in a run from the reference weights; max_uncentred where the user decided on another
        share than MOST_UNCENTRED; glaucoma_network (name, sha256) where it is the user's; label where the manifest
        calls it a disease.

    Raises:
        StageNotRun: when the folder is no run's.
        SettingsError: when the record is not what a run writes.
    """
    file = root / RUN_RECORD
    if not file.exists():
        raise StageNotRun(f"{root}: not a run's folder; `replicate` makes one")
    run = read_json(file)
    source, profile = run.get("source"), run.get("profile")
    holds = (
        isinstance(source, dict)
        and all(isinstance(source.get(name), str) for name in ("kind", "name"))
        and isinstance(profile, dict)
        and isinstance(profile.get("name"), str)
        and all(isinstance(part, dict) for name, part in profile.items() if name != "name")
        and all(type(run.get(name)) is int for name in ("seed", "draws"))
        and run.get("split") in SPLITS.values()
        and isinstance(run.get(LIMIT, 0), (int, float))
        and 0 <= run.get(LIMIT, 0) <= 1
        and run.get(LABEL, GLAUCOMA) in (GLAUCOMA, DISEASE)
        and (OWN_NETWORK not in run or find_own_name(run))
    )
    if not holds:
        raise SettingsError(f"{file}: not what a run records of itself; start it with --fresh")
    return run


def read_settings(root: Path, run: dict, stage: str, kind: type[Settings]) -> Settings:
    """Return a stage's settings, of a dataclass, as the run recorded them.

    Raises:
        SettingsError: when a setting is missing, unknown or of another type.
    """
    given = run["profile"].get(stage)
    if isinstance(given, dict) and kind is PreprocessSettings:
        given = {name: getattr(kind, name) for name in OTHERWISE} | given
    kinds = {field.name: type(field.default) for field in fields(kind)}
    if (
        isinstance(given, dict)
        and given.keys() == kinds.keys()
        and all(isinstance(given[name], PLAIN.get(is_a, is_a)) for name, is_a in kinds.items())
    ):
        return kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in given.items()})
    raise SettingsError(
        f"{root / RUN_RECORD}: the settings of {stage} are not those of this version; start the "
        "run with --fresh"
    )


def is_by_patient(run: Mapping) -> bool:
    """Return whether a run's record, or what several runs have in common, is of a split by patient.

    `artifacts/baselines/seeds.json` names no split: its runs are by image.
    """
    return run.get("split") == SPLITS[True]


def find_own_name(run: Mapping) -> str | None:
    """Return the name of the user's network in a run's record; None of a run that trains its own."""
    own = run.get(OWN_NETWORK)
    name = own.get("name") if isinstance(own, dict) else None
    return name if isinstance(name, str) else None


def record_split(*, by_patient: bool, max_uncentred: float) -> dict:
    """Return what a run records of its split, and of its limit where the user decided on another."""
    limit = {LIMIT: max_uncentred} if max_uncentred != MOST_UNCENTRED else {}
    return {"split": SPLITS[by_patient]} | limit


def describe_split(run: Mapping) -> str:
    """Return the sentences that end a page's heading, a space before each.

    They are about a split by patient, a limit of uncentred images that the user decided on, steps of
    preprocessing that aren't the paper's, and a glaucoma network of the user's; "" without all.

    Args:
        run: a run's record, what several runs have in common, or `RunData.described`.
    """
    words = IDENTITY_CLOSED if find_own_name(run) else BY_PATIENT
    by_patient = f" {words}" if is_by_patient(run) else ""
    return by_patient + describe_choices(run)


def describe_choices(run: Mapping) -> str:
    """Return the sentences about the user's limit, steps and network, a space before each, or ""."""
    return describe_limit(run) + describe_steps(run) + describe_own(run)


def describe_own(run: Mapping) -> str:
    """Return the sentence about a glaucoma network of the user's, a space before it, or ""."""
    own = find_own_name(run)
    return f" {OWN_WORDS.format(own)}" if own else ""


def is_on_irises(run: Mapping) -> bool:
    """Return whether a run's images are centred on irises."""
    return _list_steps(run)["centring"] == PreprocessSettings.centring


def find_words(run: Mapping) -> Words:
    """Return what a run's pages call the disease and an image, by its record."""
    mirroring = _list_steps(run)["mirroring"]
    return choose_words(run.get(LABEL, GLAUCOMA), mirroring=mirroring, on_irises=is_on_irises(run))


def describe_steps(run: Mapping) -> str:
    """Return the sentence about steps of preprocessing that aren't the paper's, a space before, or ""."""
    recorded = _list_steps(run)
    if all(value == getattr(PreprocessSettings, name) for name, value in recorded.items()):
        return ""
    steps = PreprocessSettings(**recorded)
    left_out = "" if steps.on_irises else f" {LEFT_OUT}"
    return f" Preprocessed otherwise than in the paper: `{' '.join(steps.words)}`.{left_out}"


def _list_steps(run: Mapping) -> dict:
    given, known = run.get("profile", {}).get("preprocess", {}), fields(PreprocessSettings)
    return {field.name: given.get(field.name, field.default) for field in known}


def describe_limit(run: Mapping) -> str:
    """Return the sentence about the limit of uncentred images, a space before it, or ""."""
    limit = run.get(LIMIT)
    if limit is None:
        return ""
    return (
        f" Up to {100 * limit:g}% of the images may be without a centred iris, as the user decided; "
        f"{100 * MOST_UNCENTRED:g}% otherwise."
    )
