"""A study over seeds (`seeds.json`): runs that differ in the seed alone, read back.

The one of `artifacts/baselines/` is what a run with the same settings on the same data is held
against: the embedded surrogate, profile cpu.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from replication.config import (
    EvaluatorSettings,
    PreprocessSettings,
    SplitSettings,
    SurrogateSettings,
    VganSettings,
)
from replication.data.sources import Kind, Source
from replication.errors import SettingsError
from replication.store.files import read_json
from replication.store.run_record import OWN_NETWORK, is_by_patient
from replication.system.provenance import ROOT
from validation.blessing.bands import Band
from validation.blessing.seed_bands import derive_seed_bands
from validation.statistics.intervals import CONFIDENCE, Cell
from validation.statistics.spread import measure_spread

SEEDS = "seeds.json"
STAGES = {
    "surrogate": SurrogateSettings,
    "preprocess": PreprocessSettings,
    "split": SplitSettings,
    "evaluator": EvaluatorSettings,
    "vgan": VganSettings,
}
KEPT = ROOT / "artifacts" / "baselines" / SEEDS


def read_numbers(file: Path) -> tuple[dict, dict[str, dict[Cell, float]]]:
    """Return what the runs in a seeds.json have in common, and their numbers by seed.

    Raises:
        SettingsError: when the file holds no such numbers of two runs or more.
    """
    content = read_json(file)
    try:
        is_by_patient(content["run"])
        name_data(content["run"])
        numbers = {
            seed: {
                tuple(cell.split("/")): float(value)
                for cell, value in content["numbers"][seed].items()
            }
            for seed in sorted(content["numbers"], key=int)
        }
        measure_spread(numbers.values())
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file}: not what `replicate --seeds` leaves ({error!r})") from error
    return content["run"], numbers


def read_study(file: Path) -> tuple[str, list[dict[Cell, float]]]:
    """Return on which data the runs in a seeds.json were made, and the numbers of each.

    Raises:
        SettingsError: when the file holds no such numbers, or their split is by patient, and the
            paper's is by image.
    """
    run, numbers = read_numbers(file)
    if is_by_patient(run):
        raise SettingsError(f"{file}: the paper's bands take runs with the split by image")
    source = run["source"]
    name = "surrogate" if source["kind"] == Kind.SURROGATE else source["name"]
    return name, list(numbers.values())


def name_data(run: Mapping) -> str:
    """Return on which data runs were made, from what they have in common."""
    source = run["source"]
    return Source(Kind(source["kind"]), Path(source["name"])).title


def find_own_bands(
    run: Mapping, *, test_images: int, file: Path = KEPT
) -> tuple[tuple[Band, ...], str]:
    """Return the bands of a new training like a run, and one sentence on what it is held against.

    Args:
        run: what identifies it.
        test_images: of its test set.
        file: the study.

    Returns:
        No bands where the study is of other settings or data, or is missing; the sentence states
        which.

    Raises:
        SettingsError: when the file is no study.
    """
    name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    if not file.exists():
        return (), f"Table 1 is not judged: {name} is missing; `make seeds` makes it."
    common, numbers = read_numbers(file)
    if not have_settings(common, run):
        return (), f"Table 1 is not judged: {name} has no trainings with these settings and data."
    bands = derive_seed_bands(list(numbers.values()), test_images=test_images)
    return bands, (
        f"Table 1 is held against {len(numbers)} trainings on {name_data(common)}, profile "
        f"{common['profile']['name']} ({name}); {CONFIDENCE:.0%} of sound trainings have all of "
        "their numbers inside."
    )


def have_settings(common: Mapping, run: Mapping) -> bool:
    """Return whether a study's runs are on a run's data, with what its Table 1 depends on.

    The seed is left out, and so is what comes after the table. A setting that is younger than the
    study has its default there.
    """
    usual = {stage: {f.name: f.default for f in fields(kind)} for stage, kind in STAGES.items()}
    given = [{stage: each["profile"].get(stage, {}) for stage in usual} for each in (common, run)]
    if any(own[stage].keys() - usual[stage].keys() for own in given for stage in usual):
        return False  # settings that are no more
    settings = [{stage: usual[stage] | own[stage] for stage in usual} for own in given]
    kinds = [
        (each["source"], each.get("draws"), is_by_patient(each), each.get(OWN_NETWORK))
        for each in (common, run)
    ]
    return settings[0] == settings[1] and kinds[0] == kinds[1]
