"""Runs that differ in the seed: each number's spread, and two settings compared seed by seed."""

import json
import shutil
import statistics

import pytest
from places import ROOT
from planted_run import open_run

from replication.errors import SettingsError, StageNotRun
from replication.evaluate.table1 import Table1Row, build_table, to_json
from replication.results.seeds import compare_seeds, keep_seeds, summarise_seeds, write_tables
from replication.results.study import read_numbers, read_study
from validation.statistics.spread import measure_spread

CELL = ("original", "identity_accuracy")
VARYING, SAME = ("blur-9", "identity_accuracy"), ("blur-9", "glaucoma_accuracy")


def plant_run(root, seed, accuracy, *, draws=10, complete=True, **more):
    store = open_run(root / f"seed-{seed}", seed=seed, draws=draws, **more)
    if complete:
        table = build_table([Table1Row("original", True, accuracy, None, 0.5, 0.25)])
        with store.writing("06_evaluated", {}) as folder:
            (folder / "table1.json").write_text(to_json(table))
    return store


def test_mean_and_deviation_of_each_measured_number(tmp_path):
    values = {3: 0.875, 4: 0.5, 5: 0.75}
    stores = {seed: plant_run(tmp_path, seed, value) for seed, value in values.items()}
    spread = summarise_seeds(stores, tmp_path / "seeds")
    assert len(spread) == 3
    assert spread[CELL].mean == pytest.approx(statistics.mean(values.values()))
    assert spread[CELL].std == pytest.approx(statistics.stdev(values.values()))
    run, numbers = read_numbers(tmp_path / "seeds" / "seeds.json")
    assert run["source"]["kind"] == "surrogate"
    assert measure_spread(numbers.values()) == spread
    page = (tmp_path / "seeds" / "seeds.md").read_text()
    assert "On the embedded surrogate (synthetic eyes, not Warsaw). Seeds 3, 4, 5 on one" in page
    assert "| 70.83 ± 19.09 (" in page
    assert "| Blurring | Privatized set with kernel size 3 | not measured | - |" in page
    assert "unbiased coefficient of variation (Belz, Popovic and Mille 2022) over these" in page
    variation = 0.1909407 * (1 + 1 / 12) / 0.8862269 / 0.7083333  # c4 of three is .8862
    assert f"| {100 * variation:.2f} |" in page
    assert "original,glaucoma_f1,3,0.25,0.0" in (tmp_path / "seeds" / "seeds.csv").read_text()
    content = json.loads((tmp_path / "seeds" / "seeds.json").read_text())
    assert content["run"]["draws"] == 10
    assert content["numbers"]["4"]["original/identity_accuracy"] == 0.5
    assert len(content["made"]) == 3


def test_runs_that_differ_in_more_than_the_seed_are_refused(tmp_path):
    stores = {0: plant_run(tmp_path, 0, 0.5), 1: plant_run(tmp_path, 1, 0.5, draws=3)}
    with pytest.raises(SettingsError, match="more than the seed"):
        summarise_seeds(stores, tmp_path / "seeds")
    assert not (tmp_path / "seeds").exists()


def test_seeds_of_a_split_by_patient_say_so_and_make_no_bands(tmp_path):
    stores = {seed: plant_run(tmp_path, seed, 0.5, split="patient") for seed in (0, 1)}
    summarise_seeds(stores, tmp_path / "seeds")
    first = (tmp_path / "seeds" / "seeds.md").read_text().splitlines()[0]
    assert first.endswith("identity stays closed-set.")
    with pytest.raises(SettingsError, match=r"seeds\.json: .* with the split by image"):
        read_study(tmp_path / "seeds" / "seeds.json")


def test_a_run_that_is_not_complete_is_refused(tmp_path):
    stores = {0: plant_run(tmp_path, 0, 0.5), 1: plant_run(tmp_path, 1, 0.5, complete=False)}
    with pytest.raises(StageNotRun, match="06_evaluated: not complete"):
        summarise_seeds(stores, tmp_path / "seeds")


def summarise(folder, values, **more):
    stores = {seed: plant_run(folder, seed, value, **more) for seed, value in values.items()}
    summarise_seeds(stores, folder)
    return folder


def test_seeds_are_kept_a_few_at_a_time(tmp_path):
    later = summarise(tmp_path / "later", {9: 0.5, 10: 0.625})
    earlier = summarise(tmp_path / "earlier", {1: 0.875, 2: 0.75, 9: 0.5})
    kept = tmp_path / "kept"
    assert keep_seeds(later, kept) == ["9", "10"]
    assert keep_seeds(earlier, kept) == ["1", "2", "9", "10"]
    _, numbers = read_numbers(kept / "seeds.json")
    assert [table[CELL] for table in numbers.values()] == [0.875, 0.75, 0.5, 0.625]
    assert len(json.loads((kept / "seeds.json").read_text())["made"]) == 4
    assert "Seeds 1, 2, 9, 10 on one" in (kept / "seeds.md").read_text()
    assert "original,identity_accuracy,4," in (kept / "seeds.csv").read_text()


@pytest.mark.parametrize(("part", "kept_too"), [("attack", True), ("vgan", False)])
def test_what_comes_after_table_1_need_not_agree(tmp_path, part, kept_too):
    kept = tmp_path / "kept"
    keep_seeds(summarise(tmp_path / "one", {1: 0.875, 2: 0.75}), kept)
    other = summarise(tmp_path / "other", {3: 0.5, 4: 0.5})
    content = json.loads((other / "seeds.json").read_text())
    setting = "updates" if part == "attack" else "steps"
    content["run"]["profile"] = {part: {setting: 3}}
    (other / "seeds.json").write_text(json.dumps(content))
    if kept_too:
        assert keep_seeds(other, kept) == ["1", "2", "3", "4"]
    else:
        with pytest.raises(SettingsError, match="made with other settings"):
            keep_seeds(other, kept)


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        ({3: 0.5, 4: 0.5}, {"draws": 3}, "made with other settings or data than .*, remove it"),
        ({2: 0.5, 4: 0.5}, {}, "seed 2 has other numbers in "),
    ],
)
def test_seeds_of_another_study_are_not_added(tmp_path, values, more, message):
    kept = tmp_path / "kept"
    keep_seeds(summarise(tmp_path / "one", {1: 0.875, 2: 0.75}), kept)
    before = (kept / "seeds.json").read_bytes()
    with pytest.raises(SettingsError, match=message):
        keep_seeds(summarise(tmp_path / "other", values, **more), kept)
    assert (kept / "seeds.json").read_bytes() == before


def plant_seeds(file, values, *, mixed, first_seed=0, kind="surrogate"):
    tables = {
        str(first_seed + number): {"/".join(VARYING): value, "/".join(SAME): 0.5}
        for number, value in enumerate(values)
    }
    run = {
        "source": {"kind": kind, "name": "eyes"},
        "seed": None,
        "profile": {"name": str(mixed), "vgan": {"mixed_bfloat16": mixed}},
    }
    file.write_text(json.dumps({"run": run, "numbers": tables}))
    return file


def test_the_difference_is_taken_seed_by_seed(tmp_path):
    one = plant_seeds(tmp_path / "one.json", [0.10, 0.50, 0.90], mixed=False)
    other = plant_seeds(tmp_path / "other.json", [0.12, 0.51, 0.93], mixed=True)
    found = compare_seeds(one, other, tmp_path / "page.md")
    assert found[VARYING].mean == pytest.approx(0.02)
    assert found[VARYING].std == pytest.approx(0.01)  # not the 0.4 between seeds
    page = (tmp_path / "page.md").read_text()
    assert "On the embedded surrogate (synthetic eyes, not Warsaw)." in page
    assert "- `profile.vgan.mixed_bfloat16`: False, other: True" in page
    assert (
        "Of 2 numbers 1 differ in some seed. The interval of the difference leaves out 0 for 0;"
        in page
    )
    assert (
        "| Privatized set with kernel size 9 | Identity Recognition Accuracy | 50.00 ± 40.00 | "
        "52.00 ± 40.51 | +2.00 (-0.48 to +4.48) |"
    ) in page


def test_a_difference_that_every_seed_has_is_counted(tmp_path):
    one = plant_seeds(tmp_path / "one.json", [0.25, 0.5, 0.75], mixed=False)
    other = plant_seeds(tmp_path / "other.json", [0.125, 0.375, 0.625], mixed=True)
    found = compare_seeds(one, other, tmp_path / "page.md")
    assert found[VARYING].low == found[VARYING].high == -0.125
    counted = (
        "Of 2 numbers 1 differ in some seed. The interval of the difference leaves out 0 for 1;"
    )
    assert counted in (tmp_path / "page.md").read_text()


def test_other_seeds_or_the_same_settings_are_refused(tmp_path):
    one = plant_seeds(tmp_path / "one.json", [0.1, 0.5], mixed=False)
    later = plant_seeds(tmp_path / "later.json", [0.1, 0.5], mixed=True, first_seed=1)
    with pytest.raises(SettingsError, match=r"later\.json: seeds 1, 2, but .* has 0, 1"):
        compare_seeds(one, later, tmp_path / "page.md")
    with pytest.raises(SettingsError, match="the very settings"):
        compare_seeds(one, one, tmp_path / "page.md")
    warsaw = plant_seeds(tmp_path / "warsaw.json", [0.1, 0.5], mixed=True, kind="warsaw")
    with pytest.raises(SettingsError, match="made on the Warsaw database in `eyes`, but"):
        compare_seeds(one, warsaw, tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


def test_two_studies_are_compared_over_the_seeds_that_they_share(tmp_path):
    one = plant_seeds(tmp_path / "one.json", [0.10, 0.50, 0.90, 0.2], mixed=False)
    other = plant_seeds(tmp_path / "other.json", [0.12, 0.51, 0.93], mixed=True)
    found = compare_seeds(one, other, tmp_path / "page.md")
    assert (found[VARYING].runs, found[VARYING].mean) == (3, pytest.approx(0.02))
    assert "Seeds 0, 1, 2 on one split" in (tmp_path / "page.md").read_text()


def test_the_committed_tables_are_those_of_the_committed_seeds(tmp_path):
    baselines = ROOT / "artifacts" / "baselines"
    shutil.copyfile(baselines / "seeds.json", tmp_path / "seeds.json")
    write_tables(tmp_path)
    for name in ("seeds.csv", "seeds.md"):
        assert (tmp_path / name).read_text() == (baselines / name).read_text(), name


def test_the_committed_page_is_that_of_the_committed_seeds(tmp_path):
    baselines = ROOT / "artifacts" / "baselines"
    two = (baselines / f"seeds-{kind}.json" for kind in ("float32", "bfloat16"))
    compare_seeds(*two, tmp_path / "page.md")
    page = (ROOT / "docs" / "bfloat16.md").read_text(encoding="utf-8")
    assert page == (tmp_path / "page.md").read_text(encoding="utf-8")
