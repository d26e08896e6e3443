"""The measures on planted maps whose answers are known beforehand."""

import json

import numpy as np
import pytest

from replication.errors import DataError
from replication.records import RelevanceMaps
from replication.studies.sanity_checks import (
    check_randomisation,
    check_structure,
    compare_maps,
    correlate_with_logit,
    judge_randomisation,
    judge_structure,
    measure_speed,
    measure_structure,
    to_markdown,
)
from validation.claims.judge import Finding

COUNT, SIDE = 9, 64
PARTNERS = np.roll(np.arange(COUNT), 1)


def draw_maps(seed):
    return np.random.default_rng(seed).random((COUNT, SIDE, SIDE), dtype=np.float32)


def check(*rates):
    """Check maps that keep ever less of the trained network's, the rest being noise.

    Two images' maps have half of their relevance in common.
    """
    trained = (draw_maps(0) + draw_maps(1)[:1]) / 2
    levels = {str(rate): rate * trained + (1 - rate) * draw_maps(2) for rate in rates}
    return check_randomisation(trained, levels, PARTNERS)


def test_maps_that_fall_apart_hold_and_those_that_stay_alike_fail():
    found = check(0.8, 0.5, 0.0)
    assert [row["level"] for row in found["levels"]] == ["0.8", "0.5", "0.0"]
    correlations = [row["rank_correlation"] for row in found["levels"]]
    assert correlations == sorted(correlations, reverse=True)
    assert correlations[0] > 0.9
    assert abs(correlations[-1]) < 0.05
    assert 0.45 < found["other_images"]["rank_correlation"] < 0.55
    assert found["finding"] == Finding.HOLDS
    assert check(0.9, 0.7)["finding"] == Finding.FAILS


def test_only_the_last_level_counts_and_what_was_not_measured_is_no_pass():
    assert judge_randomisation([0.9, 0.5, 0.3], 0.4) == Finding.HOLDS
    assert judge_randomisation([0.9, 0.4], 0.4) == Finding.HOLDS
    assert judge_randomisation([0.1, 0.41], 0.4) == Finding.FAILS
    assert judge_randomisation([0.9, None], 0.4) == Finding.NOT_MEASURED
    assert judge_randomisation([0.9, 0.1], None) == Finding.NOT_MEASURED


def test_empty_maps_are_counted_and_never_averaged_in():
    trained, others = draw_maps(0), draw_maps(0)
    others[:6] = 0
    trained[6] = 0
    found = compare_maps(trained, others)
    assert (found["compared"], found["empty"]) == (2, 6)
    assert found["rank_correlation"] == pytest.approx(1)
    nothing = compare_maps(trained, np.zeros_like(trained))
    assert nothing["rank_correlation"] is None
    assert (nothing["compared"], nothing["empty"]) == (0, COUNT)


def explained(sums, logit):
    maps = np.zeros((len(sums), 4, 4), np.float32)
    maps[:, 1, 2] = sums
    return RelevanceMaps(maps, np.ones(len(sums), int), np.array(logit, np.float32))


def test_sums_are_correlated_with_logits_where_there_are_any():
    found = correlate_with_logit(explained([2, 4, 8, 0, 0], [1, 2, 3, -1, -50]))
    # Sums 2, 4, 8 and logits 1, 2, 3: deviations -8/3, -2/3, 10/3 and -1, 0, 1.
    assert found["pearson"] == pytest.approx(6 / np.sqrt(168 / 9 * 2), abs=1e-6)
    assert found["spearman"] == pytest.approx(1)
    assert (found["maps"], found["empty"], found["smallest"]) == (3, 2, 0)


@pytest.mark.parametrize(
    ("sums", "logit"), [([0], [-1]), ([2, 0], [1, -1]), ([2, 2], [1, 3]), ([2, 4], [1, 1])]
)
def test_what_does_not_vary_correlates_with_nothing(sums, logit):
    found = correlate_with_logit(explained(sums, logit))
    assert found["pearson"] is found["spearman"] is None


def plant_cells(values):
    """A map whose 16 inner cells of 8 px sum to these, and whose border is full of relevance."""
    plane = np.full((SIDE, SIDE), 7, np.float32)
    cells = np.array(values, np.float32).reshape(4, 4) / 64
    plane[16:48, 16:48] = np.kron(cells, np.ones((8, 8), np.float32))
    return plane


def test_structure_is_deviation_over_mean_of_the_inner_cells():
    even, uneven = plant_cells([64] * 16), plant_cells([0] * 8 + [128] * 8)
    one = plant_cells([16] + [0] * 15)
    nothing = plant_cells([0] * 16)
    fine = even.copy()
    fine[16:48:2, 16:48] = 0  # structure within the cells
    found = measure_structure(np.stack([even, uneven, one, nothing, fine]))
    np.testing.assert_allclose(found, [0, 1, np.sqrt(15), np.nan, 0], atol=1e-6)
    with pytest.raises(DataError, match="32 pixels a side"):
        measure_structure(np.ones((1, 31, 31), np.float32))


def test_a_gray_with_more_structure_than_an_eye_fails():
    eyes = np.stack([plant_cells([0] * 8 + [128] * 8)] * 3 + [plant_cells([0] * 16)])
    even, uneven = plant_cells([64] * 16), plant_cells([16] + [0] * 15)
    found = check_structure(eyes, {16: even, 48: even})
    assert found["finding"] == Finding.HOLDS
    assert (found["eyes"], found["compared"], found["empty"]) == (pytest.approx(1), 3, 1)
    assert check_structure(eyes, {16: even, 48: uneven})["finding"] == Finding.FAILS
    assert check_structure(eyes, {16: eyes[3]})["finding"] == Finding.NOT_MEASURED
    assert check_structure(eyes[3:], {16: even})["finding"] == Finding.NOT_MEASURED
    assert judge_structure(0.5, [0.5]) == Finding.FAILS


def test_speed_is_separate_from_the_start():
    seconds = [10.0] * 4 + [12.0] * 4 + [13.0] * 1
    assert measure_speed(seconds, batch=4) == {"start_seconds": 10, "images_per_second": 5 / 3}
    assert measure_speed([3.0, 3.0], batch=4) == {"start_seconds": 3, "images_per_second": None}


def test_the_page_has_counts_verdicts_and_what_was_not_measured():
    figures = {
        "run": {
            "source": {"kind": "surrogate", "name": "eyes"},
            "profile": {"name": "cpu"},
            "seed": 0,
        },
        "settings": {"method": "deep_taylor", "sample": "9 of 9", "lift": 50.0, "test_images": 9}
        | {"cells": 4, "cell_px": 8, "batch": 64, "cores": 2},
        "randomisation": check(0.8, 0.6),
        "logit": {"predicted": correlate_with_logit(explained([1, 0], [1, -1]))},
        "structure": check_structure(draw_maps(0), {16: plant_cells([64] * 16)}),
        "own_output": {"with_glaucoma": 94, "not_positive": 54},
        "speed": measure_speed([3.0], batch=64),
    }
    figures["rules"] = {
        "deep_taylor": {name: figures[name] for name in ("randomisation", "structure")}
    }
    page = to_markdown(json.loads(json.dumps(figures, allow_nan=False)))
    assert "destroys the map: **fails**" in page
    assert "than an eye: **holds**" in page
    assert "| predicted | not measured | not measured | 1 | 1 | 0 |" in page
    assert "| gray 16 | 0.00 |" in page
    assert "| images a second, the analysis alone | not measured |" in page
    assert "| two different images | " in page
    assert "54 of the 94 test originals with glaucoma would have none" in page
    rule = next(line for line in page.splitlines() if line.startswith("| deep_taylor |"))
    assert rule.endswith("| 0.00 | holds |") and "| fails |" in rule
    assert "Split by patient" not in page
    figures["run"]["split"] = "patient"
    assert "the glaucoma network never saw the test patients" in to_markdown(figures)
