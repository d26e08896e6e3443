"""The page of an attack on anybody's images: it needs no other file and says what was found."""

from html.parser import HTMLParser

import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.attack.anybody.attack import attack_images
from replication.attack.anybody.collection import Collection
from replication.attack.anybody.outputs import list_cases
from replication.records import to_bytes
from replication.report.attack_page import render_attack


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def page():
    eyes = plant_eyes(8, 8)
    names = [f"anna-{number}" for number in eyes.identity]
    levels = to_bytes(eyes.images)
    originals = Collection.of_arrays("originals", levels, names)
    privatized = Collection.of_arrays("hidden", 255 - levels, names, source=range(len(levels)))
    findings = attack_images(originals, privatized)
    return render_attack(findings, list_cases(findings, 0.05), limit=0.05)


def test_it_says_what_was_found(page):
    assert "The patient: leaks. Others: not measured" in page
    assert "over the limit" in page and "5.0% of images" in page
    assert "lower bound" in page and "noise" in page


def test_attackers_are_named_in_words(page):
    assert (
        "lda_image" not in page and "LDA, image; 8 patients; 1 draw learned, 1 release read" in page
    )


def test_it_loads_nothing_and_names_nobody(page):
    tags = Tags(page).found
    loaded = [tag for tag, given in tags if "src" in given or tag in ("script", "img", "iframe")]
    links = [given["href"] for tag, given in tags if "href" in given]
    assert loaded == [] and all(link.startswith(("#", "data:")) for link in links)
    assert "default-src 'none'" in page
    assert "anna" not in page


def test_marks_lie_on_the_scale(page):
    places = [
        float(given[name].removesuffix("%"))
        for tag, given in Tags(page).found
        if tag in ("line", "circle")
        for name in ("cx", "x1", "x2")
        if name in given
    ]
    assert len(places) > 20
    assert np.min(places) >= 0 and np.max(places) <= 100
