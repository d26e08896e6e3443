"""The card: what it says, what it never holds, and the same in JSON."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from planted_card import EYES, QUERY_ID, plant_card, plant_case, plant_shown

from replication.cases.card import Judged, Risk, render_card
from replication.cases.overview import list_card, render_overview
from replication.records import to_bytes
from replication.store.words import DISEASE, Words, using


class Page(HTMLParser):
    """Collects tags with their attributes, and the words."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def pictures(self):
        addresses = [given["src"] for tag, given in self.tags if tag == "img"]
        raw = [base64.b64decode(a.removeprefix("data:image/png;base64,")) for a in addresses]
        return [cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR) for each in raw]


def show(**others):
    return Page(render_card(plant_card(**others)))


def test_it_says_what_was_judged_and_what_is_known():
    text = show().text
    assert "Judged: glaucoma" in text and "glaucoma (93.0% for glaucoma)" in text
    assert "more alike than 99.6% of known pairs" in text and "(distance 0.32" in text
    assert "one of 2 patients whose pictures show the same" in text
    assert "by K-Same in groups (grouped, K = 6)" in text
    assert "2 nearer cases were passed over: it is nearly a copy of a training image." in text
    assert "1 of the pictures above was drawn again" in text
    assert QUERY_ID in text.replace("’", "'")


def test_of_other_images_it_has_their_words():
    with using(Words(DISEASE, eyes=False)):
        risk = Risk("The patient", "best retrained, eyes without", 0.1, 0.0, 0.2, 0.02, True)
        page, plain = render_card(plant_card(risks=[risk])), plant_card(risks=[risk]).to_plain()
        listed = render_overview([list_card(1, "1.html", plant_card())], synthetic=True)
    assert "Judged: the disease" in page and "the disease (93.0% for the disease)" in page
    assert plain["query"]["verdict"] == "the disease"
    assert plain["counter_case"][0]["diagnosis"] == "no disease"
    assert plain["query"]["glaucoma_probability"] == 0.93
    assert plain["risks"][0]["measure"] == "best retrained, images without"
    words = " ".join(Page(page).text.split("}")[-1:] + Page(listed).text.split("}")[-1:])
    assert ">Disease, %<" in listed and not re.search("glaucoma|eye", words, re.IGNORECASE)


def test_a_verdict_that_is_not_the_diagnosis_is_marked_at_its_case_alone():
    assert show().text.count("Not the diagnosis") == 1
    assert "Not the diagnosis" not in show(cases=[plant_case(1)]).text


@pytest.mark.parametrize(
    ("field", "words"),
    [("cases", "No case is near enough."), ("counter", "No counter-case is near enough.")],
)
def test_without_a_case_it_says_so(field, words):
    assert words not in show().text
    assert words in show(**{field: []}).text


def test_synthetic_eyes_are_named_so_at_every_case_and_others_never():
    assert show().text.count("synthetic data") == 1 + 3
    assert "synthetic" not in show(synthetic=False).text.lower()


def test_measured_risks_stand_with_interval_and_chance_or_are_said_to_be_missing():
    text = show().text
    assert "LDA, image 3.1 1.2 to 5.9 0.9" in text
    assert "50% where nothing is known 61.0 too few patients 50.0" in text
    assert "Not measured in this run" not in text
    assert "Not measured in this run" in show(risks=[]).text


def test_a_bound_stands_where_one_is_proven():
    assert "names the patient of at most 16.3% of them" in show().text
    assert "Nothing is proven" not in show().text
    assert "Nothing is proven" in show(bound=None).text


def test_a_promised_crowd_is_named():
    assert "at least 6 patients" in show().text
    assert "promises" not in show(alike=0).text


def test_it_needs_no_other_file_and_no_script():
    page = show()
    assert [
        given for tag, given in page.tags if tag in ("script", "iframe", "form", "object")
    ] == []
    addresses = [
        value
        for _, given in page.tags
        for name, value in given.items()
        if name in ("src", "href", "srcset", "poster")
    ]
    assert len(addresses) == 2 + 2 + 3 * 3
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert any("default-src 'none'" in given.get("content", "") for _, given in page.tags)


def test_every_picture_has_words_and_shows_what_passed():
    page = show()
    words = [given["alt"] for tag, given in page.tags if tag == "img"]
    assert len(set(words)) == len(words) == 11
    pictures = page.pictures
    for place, row in ((0, 0), (2, 1), (5, 2), (8, 3)):
        shown = pictures[place][..., 0]
        np.testing.assert_allclose(shown, to_bytes(EYES.images[row])[..., 0], atol=1)
    for one, other in ((0, 1), (2, 3), (2, 4)):
        assert (pictures[one] != pictures[other]).any()


def test_an_empty_map_is_drawn_and_said():
    shown = plant_shown(0, 0.9)
    empty = shown.__class__(shown.image, 0.9, np.zeros((64, 64), np.float32))
    page = show(query=empty)
    assert "nothing speaks for a verdict" in page.text
    np.testing.assert_array_equal(*page.pictures[:2])


def test_a_drawn_eye_stands_beside_itself_without_the_sign():
    without = Judged(EYES.images[5], 0.04)
    page = show(cases=[replace(plant_case(1), without_sign=without), plant_case(2)])
    assert page.text.count("Without the sign no glaucoma (4.0% for glaucoma) How alike") == 1
    assert len(page.pictures) == 11 + 1
    np.testing.assert_allclose(page.pictures[5][..., 0], to_bytes(EYES.images[5])[..., 0], atol=1)
    stays = replace(plant_case(1), without_sign=replace(without, probability=0.8))
    assert "The verdict stays" in show(cases=[stays]).text and "The verdict stays" not in page.text
    assert "Without the sign" not in show().text


def test_json_has_the_verdict_without_the_sign():
    case = replace(plant_case(1), without_sign=Judged(EYES.images[5], 0.04))
    plain = plant_card(cases=[case, plant_case(2)]).to_plain()["cases"]
    expected = {"verdict": "no glaucoma", "glaucoma_probability": 0.04, "verdict_changes": True}
    assert [each["without_sign"] for each in plain] == [expected, None]


def test_words_of_the_run_are_no_markup():
    assert "<b>" not in render_card(plant_card(own_patient="<b>"))


def test_json_has_the_same_without_pictures():
    plain = json.loads(json.dumps(plant_card().to_plain()))
    assert plain["query"]["verdict"] == "glaucoma" and plain["synthetic"]
    assert [case["verdict"] for case in plain["cases"]] == ["glaucoma", "no glaucoma"]
    assert plain["counter_case"][0]["diagnosis"] == "no glaucoma"
    assert plain["method"]["patients_alike_at_least"] == 6
    assert plain["risks"][0]["chance"] == 0.0087 and plain["named_at_most"] == 0.1634
    assert not re.search("base64|png", json.dumps(plain))
