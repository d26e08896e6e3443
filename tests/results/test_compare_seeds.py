import json

import pytest
from places import ROOT

from replication.errors import SettingsError
from replication.results.seeds import compare_seeds

CELL, SAME = ("blur-9", "identity_accuracy"), ("blur-9", "glaucoma_accuracy")


def plant_seeds(file, values, *, mixed, first_seed=0, kind="surrogate"):
    tables = {
        str(first_seed + number): {"/".join(CELL): value, "/".join(SAME): 0.5}
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
    assert found[CELL].mean == pytest.approx(0.02)
    assert found[CELL].std == pytest.approx(0.01)  # not the 0.4 between seeds
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


def test_a_difference_that_every_seed_has_is_told(tmp_path):
    one = plant_seeds(tmp_path / "one.json", [0.10, 0.50, 0.90], mixed=False)
    other = plant_seeds(tmp_path / "other.json", [0.05, 0.451, 0.849], mixed=True)
    found = compare_seeds(one, other, tmp_path / "page.md")
    assert found[CELL].high < 0
    assert "leaves out 0 for 1;" in (tmp_path / "page.md").read_text()


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


def test_the_committed_page_is_that_of_the_committed_seeds(tmp_path):
    baselines = ROOT / "artifacts" / "baselines"
    compare_seeds(baselines / "seeds-float32.json", baselines / "seeds.json", tmp_path / "page.md")
    page = (ROOT / "docs" / "bfloat16.md").read_text(encoding="utf-8")
    assert page == (tmp_path / "page.md").read_text(encoding="utf-8")
