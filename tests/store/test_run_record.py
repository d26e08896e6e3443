"""What a run records of its split and of the user's limit, and the sentences about it."""

from pathlib import Path

import pytest

from replication.errors import SettingsError
from replication.store.files import write_json
from replication.store.run_folder import RUN_RECORD
from replication.store.run_record import describe_split, read_run, record_split

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
