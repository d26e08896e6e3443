"""The committed study over seeds: what it holds, and which runs it is for."""

import json
from dataclasses import asdict

from places import ROOT

from replication.config import CPU
from replication.results.study import KEPT, find_own_bands, read_numbers
from validation.blessing.bands import Verdict, judge
from validation.paper.numbers import read_paper_percent


def test_the_committed_study_holds_all_numbers_of_each_training():
    run, numbers = read_numbers(KEPT)
    assert KEPT == ROOT / "artifacts" / "baselines" / "seeds.json"
    assert run["source"]["kind"] == "surrogate" and run["profile"]["name"] == "cpu"
    assert all(table.keys() == read_paper_percent().keys() for table in numbers.values())


def test_a_run_with_its_settings_is_held_against_it():
    run, numbers = read_numbers(KEPT)
    bands, sentence = find_own_bands(run | {"seed": 77, "split": "image"}, test_images=359)
    assert len(bands) == 51
    assert f"{len(numbers)} trainings on the embedded surrogate" in sentence
    assert "(artifacts/baselines/seeds.json); 95% of sound trainings" in sentence
    first = next(iter(numbers.values()))
    assert all(judge(first[b.method, b.metric], b) is Verdict.INSIDE for b in bands)
    other = run | {"draws": run["draws"] + 1}
    nothing, why = find_own_bands(other, test_images=359)
    assert nothing == () and why.startswith("Table 1 is not judged: artifacts/baselines/seeds.json")


def test_the_attack_and_a_setting_younger_than_the_study_decide_nothing_the_others_do():
    run, _ = read_numbers(KEPT)
    today = json.loads(json.dumps(asdict(CPU)))
    assert len(find_own_bands(run | {"profile": today}, test_images=359)[0]) == 51
    for stage, name, value in (
        ("evaluator", "for_unseen_patients", True),
        ("vgan", "steps", 2400),
        ("surrogate", "images", 1796),
    ):
        other = today | {stage: today[stage] | {name: value}}
        assert find_own_bands(run | {"profile": other}, test_images=359)[0] == ()
    unknown = today | {"vgan": today["vgan"] | {"gone": 1}}
    assert find_own_bands(run | {"profile": unknown}, test_images=359)[0] == ()
