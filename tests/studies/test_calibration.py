"""The calibration's targets and verdicts, and the committed outcome held against both."""

import json
import os

import pytest
from places import DOCS, REAL_EYES

from replication.config import SurrogateSettings
from replication.data.sources import Kind, Source
from replication.errors import DataError
from replication.studies import calibration
from replication.studies.calibration_eyes import measure_eyes, read_eyes
from replication.surrogate.synthesize import synthesize

OUTCOME = json.loads((DOCS / "calibration.json").read_text(encoding="utf-8"))
REAL = {row["key"]: row["real"] for row in OUTCOME["rows"]}
SEED_0 = {row["key"]: row["surrogate"][0] for row in OUTCOME["rows"]}


def choose_good() -> dict[str, float]:
    """Return a surrogate in the middle of each target, where it has two ends, or well inside."""
    good = {}
    for row in calibration.judge_surrogates([REAL], [REAL]):
        ends = [row.low, row.high]
        if None not in ends:
            good[row.key] = sum(ends) / 2
        else:
            good[row.key] = row.high / 2 if row.high else 2 * row.low if row.low else REAL[row.key]
    return good


GOOD = choose_good()


def find_row(rows, key):
    return next(row for row in rows if row.key == key)


def test_the_committed_outcome_is_what_its_numbers_say() -> None:
    """Verdicts are of the numbers beside them by today's targets, and the page shows both."""
    seeds = [
        {row["key"]: row["surrogate"][place] for row in OUTCOME["rows"]}
        for place in range(len(OUTCOME["seeds"]))
    ]
    beside = {row["key"]: row["beside"][0] for row in OUTCOME["rows"]}
    rows = calibration.judge_surrogates(seeds, [REAL, beside])
    named = {"seeds": OUTCOME["seeds"], "names": OUTCOME["real"]}
    made = json.loads(json.dumps(calibration.to_json(rows, **named)))
    assert made == OUTCOME
    page = (DOCS / "calibration.md").read_text(encoding="utf-8")
    assert page == calibration.lay_out_page(rows, **named)


def test_the_surrogate_of_every_seed_is_in_range() -> None:
    assert OUTCOME["seeds"] == [0, 1, 2, 3, 4]
    verdicts = {row["key"]: row["verdict"] for row in OUTCOME["rows"]}
    assert verdicts.pop("by patient") == "reported"
    assert set(verdicts.values()) == {"in range"}


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("slope", -2.93),
        ("share 8-16", 0.105),
        ("share 16-33", 0.033),
        ("icc 12-16", 0.45),
        ("kept 21", 0.07),
        ("lda outside", 0.983),
        ("visible", 0.98),
        ("visible hole", 0.61),
        ("visible haze", 1.1),
        ("visible tenth", 0.42),
        ("auc", 0.652),
        ("half sick", 0.85),
        ("unseen", 0.047),
    ],
)
def test_one_seed_out_of_range_is_out_of_range(key: str, wrong: float) -> None:
    """The wrong values, most of them, are those of eyes drawn too blue, their signs too faint."""
    rows = calibration.judge_surrogates([GOOD, GOOD | {key: wrong}], [REAL])
    assert find_row(rows, key).verdict == "out of range"
    others = [row.verdict for row in rows if row.key not in (key, "by patient")]
    assert set(others) == {"in range"}
    assert (
        calibration.count_verdicts(rows)
        == f"{len(others)} of {len(others) + 1} statistics are in range."
    )


def test_of_twins_the_mean_of_the_seeds_is_held() -> None:
    for others, verdict in ((0.46, "in range"), (0.56, "out of range")):
        surrogates = [GOOD | {"auc twins": value} for value in (0.58, others)]
        row = find_row(calibration.judge_surrogates(surrogates, [REAL]), "auc twins")
        assert row.verdict == verdict


def test_the_target_of_anatomy_is_by_the_real_eyes_and_that_of_disease_is_not() -> None:
    moved = {key: value / 2 for key, value in REAL.items()}
    before, after = (calibration.judge_surrogates([GOOD], [real]) for real in (REAL, moved))
    assert find_row(before, "kept 3").low == pytest.approx(0.8 * REAL["kept 3"])
    assert find_row(after, "kept 3").low == pytest.approx(0.4 * REAL["kept 3"])
    assert find_row(before, "slope").high == pytest.approx(REAL["slope"] + 0.2)
    assert find_row(after, "auc").low == find_row(before, "auc").low == 0.83


def test_what_was_not_measured_has_no_verdict() -> None:
    without = {key: value for key, value in GOOD.items() if key != "visible atrophy"}
    rows = calibration.judge_surrogates([GOOD, without], [REAL])
    assert find_row(rows, "visible atrophy").verdict == "not measured"
    lacking = {key: value for key, value in REAL.items() if key != "slope"}
    rows = calibration.judge_surrogates([GOOD], [lacking])
    assert find_row(rows, "slope").verdict == "not measured"
    assert "not measured" in calibration.lay_out_page(rows, seeds=[0], names=["other"])
    with pytest.raises(DataError, match="expected a surrogate and a set of real eyes"):
        calibration.judge_surrogates([], [REAL])


@pytest.mark.slow
def test_the_surrogate_drawn_again_has_the_committed_statistics(tmp_path) -> None:
    root = tmp_path / "eyes"
    synthesize(root, SurrogateSettings(), seed=0, workers=os.cpu_count() or 1)
    found = measure_eyes(read_eyes(Source(Kind.SURROGATE, root), workers=os.cpu_count() or 1))
    assert found == pytest.approx(SEED_0, abs=0.01, rel=0.02)


@pytest.mark.slow
def test_the_real_eyes_have_the_committed_statistics() -> None:
    if not REAL_EYES.exists():
        pytest.skip("the real eyes are not here")
    found = measure_eyes(read_eyes(Source(Kind.FOLDER, REAL_EYES), workers=os.cpu_count() or 1))
    assert found == pytest.approx(REAL, abs=0.01, rel=0.02)
