"""What each rule's maps show, on planted maps whose answers are known beforehand."""

import numpy as np
import pytest

from replication.explain.rules import describe_rules, measure_rules
from replication.records import EyeDataset, RelevanceMaps
from replication.store.tables import to_records

COUNT, SIDE = 60, 16
FOLDED, PLAIN = "deep_taylor.folded", "deep_taylor"


def plant_eyes():
    rng = np.random.default_rng(0)
    images = np.repeat(rng.uniform(-1, 1, (COUNT, SIDE, SIDE, 1)), 3, axis=-1).astype(np.float32)
    rows = np.arange(COUNT)
    ids = np.array([f"eye-{row}" for row in rows])
    return EyeDataset(images, rows % 20, rows < 30, ids)


def plant_masks():
    """A sign in the corner of every eye with glaucoma, a sixteenth of the image."""
    masks = np.zeros((COUNT, SIDE, SIDE), bool)
    masks[:30, :4, :4] = True
    return masks


EYES, MASKS = plant_eyes(), plant_masks()
LOGIT = np.linspace(1, 3, COUNT).astype(np.float32)


def explain(maps, *, factor, empty=()):
    """Maps whose sums are `factor` times the log-odds."""
    maps = maps / maps.sum(axis=(1, 2), keepdims=True) * (factor * LOGIT)[:, None, None]
    logit = LOGIT.copy()
    maps[list(empty)], logit[list(empty)] = 0, -1
    return RelevanceMaps(maps.astype(np.float32), np.ones(COUNT, int), logit)


def plant_rules():
    """A rule that finds every sign and conserves, and one that follows |input| and doesn't."""
    found = MASKS * 3.0 + np.random.default_rng(1).random(MASKS.shape)
    follows = np.abs(EYES.images[..., 0]).astype(np.float64)
    return {
        FOLDED: explain(found, factor=1),
        PLAIN: explain(follows, factor=10, empty=(0, 1, 2, 50)),
    }


def measure(masks=MASKS):
    return measure_rules(plant_rules(), EYES, masks, rng=np.random.default_rng(0))


def test_sums_inputs_signs_and_empty_maps_are_what_was_planted():
    folded, plain = measure().to_dict("records")
    assert (folded["method"], plain["method"]) == (FOLDED, PLAIN)
    assert (folded["empty"], plain["empty"], plain["with_glaucoma"]) == (0, 3, 30)
    for end in ("low", "median", "high"):
        assert folded[f"sum_{end}"] == pytest.approx(1, rel=1e-5)
        assert plain[f"sum_{end}"] == pytest.approx(10, rel=1e-5)
    assert plain["input_mean"] == pytest.approx(1, abs=1e-6)
    assert abs(folded["input_mean"]) < 0.1
    assert (folded["sign_images"], folded["sign_patients"]) == (27, 20)
    assert folded["pointing_mean"] == 1 and plain["pointing_mean"] < 0.3
    # Every pixel of a sign has 3.5 on average, every other one 0.5.
    inside, outside = 16 * 3.5, 240 * 0.5
    assert folded["mass_mean"] == pytest.approx(inside / (inside + outside), abs=0.02)
    assert plain["mass_mean"] == pytest.approx(1 / 16, abs=0.02)
    lead = folded["mass_mean"] - plain["mass_mean"]
    assert folded["mass_lead_mean"] == pytest.approx(lead)
    assert 0 < folded["mass_lead_low"] < lead < folded["mass_lead_high"]
    assert np.isnan(plain["mass_lead_mean"])


def test_where_no_sign_is_known_nothing_is_said_of_places():
    table = measure(None)
    assert not [name for name in table if name.startswith(("pointing", "mass", "sign"))]
    page = describe_rules(to_records(table)).to_markdown()
    assert "Places of signs are not known here" in page
    assert page.count("not measured") == 4 * len(table)


def test_the_page_has_a_row_per_rule_with_its_lead():
    page = describe_rules(to_records(measure())).to_markdown()
    folded, plain = page.splitlines()[-2:]
    assert folded.startswith("| folded and bounded (`deep_taylor.folded`) | 0 | 1.000 (1.000 to")
    assert plain.startswith("| plain (`deep_taylor`) | 3 | 10.000 (10.000 to 10.000) | 1.000 (")
    assert plain.count("not measured") == 2 and folded.count("not measured") == 0
    assert "27 originals of 20 patients that have a map by every rule" in page
