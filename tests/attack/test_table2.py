"""The worst measure of each requirement, from planted rows; the page that shows them."""

import pandas as pd
import pytest

from replication.attack.table2 import EVIDENCE, MEASURES, NOISE, PRIVACY, QUALITY, summarise_methods
from replication.attack.table2_text import to_markdown
from replication.privatize.methods import BEYOND, ROWS
from replication.store.tables import to_records

PLANTED = [  # method, measure, value, chance
    ("original", "identity_best", 0.9, 0.01),
    ("original", "sign_kind_auc", 0.9, 0.5),
    ("original", "sign_correlation", 1.0, 0.2),
    ("original", "glaucoma_balanced", 0.9, 0.5),
    ("blur-9", "identity_best", 0.2, 0.01),
    ("blur-9", "unseen_siamese_auc", 0.95, 0.5),
    ("blur-9", "sign_kind_auc", 0.6, 0.5),
    ("blur-9", "sign_correlation", 0.8, 0.2),
    ("blur-9", "glaucoma_balanced", 0.9, 0.5),
    ("blur-9", "ssim", 0.01, None),
    ("blur-9", "sharpness", 2.0, None),
    ("blur-9", "kid", 1.25, None),
    ("k-same-3", "identity_best", 0.01, 0.01),
    ("k-same-3", "glaucoma_balanced", 0.8, 0.5),
    ("k-same-3", "nearest_training", 0.3, None),
    (NOISE, "identity_best", 0.01, 0.01),
]


def make_numbers(planted=PLANTED):
    numbers = pd.DataFrame(planted, columns=["method", "measure", "value", "chance"])
    requirements = [MEASURES[name].requirement.value for name in numbers["measure"]]
    ends = {"low": numbers["value"] - 0.01, "high": numbers["value"] + 0.01}
    return numbers.assign(requirement=requirements, images=80, patients=20, **ends)


def summarise(planted=PLANTED):
    rows = summarise_methods(make_numbers(planted), attacked=True).to_dict("records")
    return {(row["method"], row["requirement"]): row for row in rows}


def test_the_worst_measure_counts_and_not_ssim():
    found = summarise()
    worst = {key: (row["measure"], row["share"]) for key, row in found.items()}
    assert worst["blur-9", PRIVACY] == ("unseen_siamese_auc", pytest.approx(1 - 0.45 / 0.5))
    assert worst["blur-9", EVIDENCE] == ("sign_kind_auc", pytest.approx(0.1 / 0.4))
    assert worst["blur-9", QUALITY] == ("sharpness", pytest.approx(0.5))
    assert not any(method == NOISE for method, _ in found)


def test_the_scales_end_at_chance_and_at_everything():
    found = summarise()
    assert found["k-same-3", PRIVACY]["share"] == 1
    assert found["original", EVIDENCE]["share"] == pytest.approx(1)
    recognised = summarise([("original", "identity_best", 1.0, 0.01)])
    assert recognised["original", PRIVACY]["share"] == 0
    blind = summarise([*PLANTED[:4], ("blur-3", "sign_kind_auc", 0.5, 0.5)])
    assert blind["blur-3", EVIDENCE]["share"] == 0


def test_a_kernel_distance_below_real_eyes_is_as_real_and_sharpness_is_not():
    rows = [("blur-3", "kid", 0.8, None), ("blur-9", "sharpness", 0.8, None)]
    found = summarise([*rows, ("k-same-3", "kid", 4.0, None), ("k-same-6", "kid", -1.0, None)])
    shares = {method: row["share"] for (method, kind), row in found.items() if kind == QUALITY}
    assert shares == {"blur-3": 1, "blur-9": pytest.approx(0.8), "k-same-3": 0.25, "k-same-6": 1}


def test_verdicts_alone_are_no_evidence_and_chance_of_everything_no_measure():
    row = summarise()["k-same-3", EVIDENCE]
    assert pd.isna(row["measure"]) and pd.isna(row["share"])
    found = summarise([("blur-3", "identity_best_with", 1.0, 1.0)])
    assert pd.isna(found["blur-3", PRIVACY]["measure"])


@pytest.fixture(scope="module")
def page():
    attack = {
        "rows": to_records(make_numbers()),
        "grid": [
            {
                "method": "blur-3",
                "victim": "patient",
                "attacker": attacker,
                "learned": 1,
                "read": 1,
                "images": "one",
                "validation": validation,
                "test": test,
            }
            for attacker, validation, test in (("nearest", 0.4, 0.123), ("lda_crop", 0.3, 0.9))
        ],
        "attackers": [
            {
                "check": "noise is at chance",
                "method": None,
                "victim": "patient",
                "value": 0.02,
                "limit": 0.01,
                "holds": False,
            }
        ],
        "summary": to_records(summarise_methods(make_numbers(), attacked=True)),
        "claims": [
            {
                "name": "a claim",
                "quotation": "",
                "static": "cannot be told apart",
                "retrained": "fails",
            }
        ],
    }
    return to_markdown(attack, heading="Drawn eyes.")


def test_the_page_has_values_in_percent_with_interval_and_chance(page):
    assert page.startswith("Drawn eyes.\n")
    assert "20.0 (19.0 to 21.0) / 1.0" in page
    assert "0.60 (0.59 to 0.61) / 0.50" in page
    assert all(MEASURES[name].heading in page for _, name, *_ in PLANTED)
    assert any(
        "a claim" in line and "undecided" in line and "fails" in line for line in lines(page)
    )


def test_the_grid_has_the_attacker_that_is_best_on_validation_images(page):
    assert "1 learned, 1 read" in page and "| 12.3 |" in page and "| 90.0 |" not in page
    assert any("noise is at chance" in line and "| no |" in line for line in lines(page))


def test_privacy_is_not_measured_where_the_attackers_were_not_good_enough():
    summary = summarise_methods(make_numbers(), attacked=False)
    privacy = summary[summary["requirement"] == PRIVACY]
    assert len(privacy) and privacy["share"].isna().all()


def lines(page):
    return [line for line in page.splitlines() if line.startswith("|")]


def test_what_does_not_apply_is_a_dash_and_no_bar_is_raw(page):
    assert any(" - " in line for line in lines(page))
    assert "not measured" in page
    tables = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    assert len(tables) == 8  # four requirements, the grid, its checks, the summary and the claims
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


def test_every_measure_has_a_heading_and_every_method_a_short_name():
    assert all(measure.heading and "|" not in measure.heading for measure in MEASURES.values())
    assert len({measure.heading for measure in MEASURES.values()}) == len(MEASURES)
    shorts = [row.short for row in (*ROWS, *BEYOND)]
    assert all(shorts) and len(set(shorts)) == len(shorts)
