"""What a run records of its split and of the user's limit, and the sentences about it."""

from pathlib import Path

import pytest

from replication.config import PreprocessSettings
from replication.errors import SettingsError
from replication.store.files import write_json
from replication.store.run_folder import RUN_RECORD
from replication.store.run_record import (
    describe_split,
    is_on_irises,
    read_run,
    read_settings,
    record_split,
)

RUN = {
    "source": {"kind": "manifest", "name": "eyes.csv"},
    "profile": {"name": "cpu"},
    "seed": 0,
    "draws": 10,
    "split": "image",
}


@pytest.mark.parametrize(
    ("by_patient", "max_uncentred", "recorded", "described"),
    [
        (False, 0.1, {"split": "image"}, ""),
        (True, 0.1, {"split": "patient"}, "Split by patient: "),
        (False, 0.0, {"split": "image", "max_uncentred": 0.0}, "Up to 0% of the images may be"),
        (False, 0.345, {"split": "image", "max_uncentred": 0.345}, "Up to 34.5% of the images"),
    ],
)
def test_the_usual_is_not_mentioned(
    by_patient: bool, max_uncentred: float, recorded: dict, described: str
) -> None:
    record = record_split(by_patient=by_patient, max_uncentred=max_uncentred)
    assert record == recorded
    assert describe_split(record).startswith(f" {described}" if described else "")
    assert bool(describe_split(record)) == bool(described)


def test_both_sentences_may_be_there() -> None:
    text = describe_split(record_split(by_patient=True, max_uncentred=0.3))
    assert text.startswith(" Split by patient: ")
    assert text.endswith(
        " closed-set. Up to 30% of the images may be without a centred iris, as the user decided; "
        "10% otherwise."
    )


@pytest.mark.parametrize("limit", ["0.3", None, 1.5, -0.1])
def test_a_limit_that_is_no_share_is_refused(tmp_path: Path, limit: object) -> None:
    write_json(tmp_path / RUN_RECORD, RUN | {"max_uncentred": 0.3})
    assert read_run(tmp_path)["max_uncentred"] == 0.3
    write_json(tmp_path / RUN_RECORD, RUN | {"max_uncentred": limit})
    with pytest.raises(SettingsError, match="not what a run records"):
        read_run(tmp_path)


USUAL = {"strip_rows": 11, "image_size_px": 64, "channels": 3}


def test_the_paper_s_steps_are_those_of_a_record_without_others(tmp_path: Path) -> None:
    run = RUN | {"profile": {"name": "cpu", "preprocess": USUAL}}
    assert describe_split(run) == "" and is_on_irises(run) and is_on_irises(RUN)
    assert read_settings(tmp_path, run, "preprocess", PreprocessSettings) == PreprocessSettings()


def test_other_steps_are_read_back_and_named(tmp_path: Path) -> None:
    steps = PreprocessSettings(0, 64, 1, mirroring=False, centring="none")
    run = RUN | {"profile": {"name": "cpu", "preprocess": steps.recorded}}
    assert read_settings(tmp_path, run, "preprocess", PreprocessSettings) == steps
    assert not is_on_irises(run)
    assert describe_split(run) == (
        " Preprocessed otherwise than in the paper: `--strip-rows 0 --no-mirroring --centring none "
        "--channels 1`. Not centred on irises: evidence codes, PP-MIR and places in the iris are not "
        "measured."
    )
    padded = RUN | {"profile": {"preprocess": USUAL | {"resizing": "pad"}}}
    assert describe_split(padded).endswith(" otherwise than in the paper: `--resize pad`.")


@pytest.mark.parametrize(
    "recorded", [{"strip_rows": 0}, USUAL | {"mirroring": "no"}, USUAL | {"turning": 1}]
)
def test_steps_that_no_version_records_are_refused(tmp_path: Path, recorded: dict) -> None:
    run = RUN | {"profile": {"name": "cpu", "preprocess": recorded}}
    with pytest.raises(SettingsError, match="not those of this version"):
        read_settings(tmp_path, run, "preprocess", PreprocessSettings)
