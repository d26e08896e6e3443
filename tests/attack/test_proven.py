"""The alarm: channels that carry their code alone, and one that carries the patient past it."""

from dataclasses import replace

import numpy as np
import pytest
from fake_eyes import plant_eyes
from scipy.ndimage import gaussian_filter

from replication.attack.intervals import Table2Intervals
from replication.attack.patient_privacy import add_patient_measures, attack_patients
from replication.attack.proven import bound_method, hold_attackers, to_row
from replication.attack.releases import Releases
from replication.attack.table2 import AT_MOST, Table2
from replication.attack.table2_text import to_tables
from replication.errors import DataError
from replication.records import PrivatizedSet, to_bytes, to_unit_range
from replication.store.tables import to_records
from validation.blessing.blessing import Blessing, Outcome, check_proven

PATIENTS, SHARING, SIDE, METHOD = 12, 3, 16, "k-same-grouped-3"
TRAIN, VALIDATION, TEST = (plant_eyes(PATIENTS, n, seed=n) for n in (8, 4, 6))
PORTRAITS = gaussian_filter(np.random.default_rng(9).standard_normal((4, SIDE, SIDE)), (0, 2, 2))


def draw_code(eyes, seed, *, leak=False):
    """Release what is drawn of a code, which three patients share, under fresh noise.

    Where it leaks, the patient's number is in the lowest bits, past the code that it declares.
    """
    rng, code = np.random.default_rng([seed, len(eyes)]), eyes.identity // SHARING
    gray = 2 * PORTRAITS[code] + 0.1 * rng.standard_normal((len(eyes), SIDE, SIDE))
    levels = to_bytes(np.repeat(np.clip(gray, -1, 1)[..., None], 3, axis=-1).astype(np.float32))
    flat = levels.reshape(len(eyes), -1)
    for bit in range(4 if leak else 0):
        flat[:, bit] = (flat[:, bit] & 0xFE) | (eyes.identity >> bit & 1)
    return PrivatizedSet(METHOD, 0, to_unit_range(levels), None, code)


def attack(*, leak, draws=1):
    """Return what comes of attackers who retrain, held against what the code proves."""
    drawn = [
        [replace(draw_code(eyes, seed, leak=leak), draw=seed) for seed in range(draws)]
        for eyes in (TRAIN, VALIDATION, TEST)
    ]
    releases = (
        Releases.of_sets(sets, eyes, PATIENTS)
        for sets, eyes in zip(drawn, (TRAIN, VALIDATION, TEST), strict=True)
    )
    table = Table2(TEST.identity)
    findings = attack_patients(*releases, patients=PATIENTS)
    add_patient_measures(table, METHOD, findings, test=TEST, train=TRAIN)
    numbers = Table2Intervals(table, seed=0).list_numbers()
    return hold_attackers(bound_method(drawn[2], TEST), to_records(numbers))


@pytest.mark.parametrize("draws", [1, 3])
def test_attackers_read_the_code_of_an_honest_channel_and_no_alarm_is_given(draws):
    held = attack(leak=False, draws=draws)
    assert [row["measure"] for row in held] == [AT_MOST, f"{AT_MOST}_with", f"{AT_MOST}_without"]
    assert [row["at_most"] for row in held] == pytest.approx([1 / 3, 1, 1 / 2])
    assert held[0]["value"] > 0.2  # the codes are read
    assert [row["holds"] for row in held] == [True, None, True]  # four patients have glaucoma
    blessing = Blessing(check_proven(held))
    assert (blessing.word, blessing.exit_code) == ("MEASURED", 0)


def test_a_leak_past_the_code_is_an_alarm():
    held = attack(leak=True)
    assert held[0]["low"] > held[0]["at_most"] and held[0]["holds"] is False
    sentence = held[0]["sentence"]
    assert sentence.startswith(f"{METHOD}: the patient is named in ")
    assert (
        ") of all images, above the proven bound of 33.3%: something besides the code leaks"
        in sentence
    )
    blessing = Blessing(check_proven(held), meant=False)
    assert (blessing.word, blessing.exit_code) == ("NOT_BLESSED", 1)
    assert blessing.reasons[0].startswith(f"proven bounds, exceeded: {METHOD}/{AT_MOST}")
    assert blessing.checks[0].detail == sentence
    assert blessing.checks[1].outcome is Outcome.NOT_JUDGED
    assert "too few" in blessing.checks[1].detail


def plant_figures(values):
    """Return Table 2's rows of the best attacker, value and interval each."""
    names = ("identity_best", "identity_best_with", "identity_best_without")
    return [
        {"method": METHOD, "measure": name, "value": value, "low": value - 0.1, "high": value + 0.1}
        for name, value in zip(names, values, strict=True)
    ]


def test_the_lower_end_of_each_interval_decides_about_its_own_images():
    bounds = bound_method([draw_code(TEST, 0)], TEST)  # a third, all and a half
    for values, holds in (
        ((0.42, 0.9, 0.4), (True, True, True)),
        ((0.45, 0.9, 0.4), (False, True, True)),
        ((0.42, 0.9, 0.65), (True, True, False)),
    ):
        held = hold_attackers(bounds, plant_figures(values))
        assert tuple(row["holds"] for row in held) == holds
    attack = {"rows": [], "summary": [], "claims": [], "proven": held}
    page = to_tables(attack)["What is proven"].to_markdown()
    row = "| grouped, K = 3, all images | 42.0 (32.0 to 52.0) | 33.3 | 33.3 | 33.3 | 4 | 3 | yes |"
    assert row in page
    assert page.count("| yes |") == 2 and page.count("no: something besides the code leaks") == 1


def test_a_bound_is_a_row_of_the_table_without_interval_or_chance():
    rows = [to_row(bound) for bound in bound_method([draw_code(TEST, 0)], TEST)]
    assert [row["measure"] for row in rows] == [AT_MOST, f"{AT_MOST}_with", f"{AT_MOST}_without"]
    first = {"method": METHOD, "requirement": "privacy of the patient", "measure": AT_MOST}
    numbers = {"value": pytest.approx(1 / 3), "low": None, "high": None, "chance": None}
    assert rows[0] == first | numbers | {"images": len(TEST), "patients": PATIENTS}
    assert [row["images"] for row in rows[1:]] == [TEST.glaucoma.sum(), (~TEST.glaucoma).sum()]


def test_without_a_code_nothing_is_proven_and_without_such_eyes_nothing_of_them():
    drawn = draw_code(TEST, 0)
    assert bound_method([replace(drawn, code=None)], TEST) == []
    healthy = replace(TEST, glaucoma=np.zeros(len(TEST), bool))
    measures = [row["measure"] for row in bound_method([drawn], healthy)]
    assert measures == [AT_MOST, f"{AT_MOST}_without"]


def test_codes_that_differ_between_draws_are_refused():
    first = draw_code(TEST, 0)
    other = first.code.copy()
    other[-1] += 1
    for code in (other, None):
        with pytest.raises(DataError, match=f"{METHOD}: an image has another code in another draw"):
            bound_method([first, replace(first, draw=1, code=code)], TEST)
