"""What a run records of itself in `run.json`, and the names of its stages' folders."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from replication.errors import SettingsError, StageNotRun
from replication.store.files import read_json
from replication.store.run_folder import RUN_RECORD

# Folders of the stages, relative to the run's.
PREPROCESSED = "01_preprocessed"
VALIDATED = "02_validated"
EVALUATORS = {task: f"03_evaluators/{task}" for task in ("identity", "glaucoma")}
VGAN = "04_vgan"

BY_IMAGE, BY_PATIENT = SPLITS = ("image", "patient")
PATIENT_SENTENCE = (
    "Split by patient: the glaucoma network never saw the test patients; identity stays closed-set."
)

Settings = TypeVar("Settings")


def privatized_unit(method: str) -> str:
    """Return the folder of one method's privatized sets, relative to the run's."""
    return f"05_privatized/{method}"


def read_run(root: Path) -> dict:
    """Return what identifies a run.

    Args:
        root: the run's folder.

    Returns:
        source (kind and name), profile (name, and settings by stage), seed, draws, split ("image"
        or "patient"); baseline in a run from the reference weights.

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
        and isinstance(source.get("kind"), str)
        and isinstance(source.get("name"), str)
        and isinstance(profile, dict)
        and isinstance(profile.get("name"), str)
        and all(isinstance(part, dict) for name, part in profile.items() if name != "name")
        and all(type(run.get(name)) is int for name in ("seed", "draws"))
        and run.get("split") in SPLITS
    )
    if not holds:
        raise SettingsError(f"{file}: not what a run records of itself; start it with --fresh")
    return run


def read_settings(root: Path, run: dict, stage: str, kind: type[Settings]) -> Settings:
    """Return a stage's settings as the run recorded them.

    Args:
        root: the run's folder.
        run: of `read_run`.
        stage: name of the settings in the profile.
        kind: their dataclass.

    Raises:
        SettingsError: when a setting is missing, unknown or of another type.
    """
    given = run["profile"].get(stage)
    known = {field.name: type(field.default) for field in fields(kind)}
    if isinstance(given, dict) and given.keys() == known.keys():
        values = {
            name: tuple(value) if known[name] is tuple and isinstance(value, list) else value
            for name, value in given.items()
        }
        # A float that is a whole number may come back from JSON as an int.
        allowed = {name: (float, int) if is_a is float else is_a for name, is_a in known.items()}
        if all(isinstance(value, allowed[name]) for name, value in values.items()):
            return kind(**values)
    raise SettingsError(
        f"{root / RUN_RECORD}: the settings of {stage} are not those of this version; start the "
        "run with --fresh"
    )


def name_split(*, by_patient: bool) -> str:
    """Return the split's name in records: "patient", or "image" as in the paper."""
    return BY_PATIENT if by_patient else BY_IMAGE


def is_by_patient(run: Mapping) -> bool:
    """Return whether a run's record, or what several runs have in common, is of a split by patient.

    `artifacts/baselines/seeds.json` names no split: its runs are by image.
    """
    return run.get("split") == BY_PATIENT


def describe_split(*, by_patient: bool) -> str:
    """Return the sentence that ends a page's heading, a space before it; "" of a split by image."""
    return f" {PATIENT_SENTENCE}" if by_patient else ""
