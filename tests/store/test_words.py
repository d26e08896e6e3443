"""Words of a run: sentences in those of the paper, put into those of the data."""

import pytest

from replication.config import PreprocessSettings
from replication.store.words import DISEASE, GLAUCOMA, Words, choose_words, put, put_page, using

CHESTS = Words(DISEASE, eyes=False)


@pytest.mark.parametrize(
    ("paper", "chests"),
    [
        ("Glaucoma accuracy and F1", "Disease accuracy and F1"),
        ("the glaucoma network's verdict", "the disease network's verdict"),
        ("no glaucoma (3.1% for glaucoma)", "no disease (3.1% for the disease)"),
        ("Of eyes with glaucoma, an eye", "Of images with the disease, an image"),
        ("Eyes. Eye, no patient’s eye", "Images. Image, no patient’s image"),
        ("every image is of a left eye, a right eye or neither",) * 2,
        ("not centred on an iris",) * 2,
        ("its eye, its glaucoma, 50 levels, as an eye does", "its side, its label, 50 levels"),
        (
            "every image glaucoma; every eye called glaucoma",
            "every image ill; every image called ill",
        ),
        ("test images of eyes with glaucoma", "test images with the disease"),
        (
            "The pupil&#39;s and the iris' edge correlate too",
            "Edges that all images have correlate too",
        ),
    ],
)
def test_sentences_are_of_the_disease_and_of_images(paper, chests):
    assert CHESTS.put(paper) == CHESTS.put(chests) == chests


@pytest.mark.parametrize(
    "name",
    [
        *["glaucoma_f1", "03_evaluators/glaucoma", "glaucoma.h5", "eye-given", "my_eyes.csv"],
        *["`glaucoma`", "glaucoma:build", "module.glaucoma", "-eyes", "“an eye with glaucoma”"],
    ],
)
def test_names_and_quotations_stay(name):
    assert CHESTS.put(f"see {name}, or") == f"see {name}, or"


def test_each_half_is_a_choice_of_its_own():
    assert Words(DISEASE, eyes=True).put("eyes with glaucoma") == "eyes with the disease"
    assert Words(GLAUCOMA, eyes=False).put("eyes with glaucoma") == "images with glaucoma"
    assert Words().put("eyes with glaucoma") == "eyes with glaucoma"


def test_of_a_page_the_text_is_put_and_what_is_read_out():
    page = (
        '<style>.eyes {}</style><script>eyes()</script><p class="eyes" title="an eye">eyes '
        '<img src="eye" alt="glaucoma"><code>glaucoma</code><blockquote>eyes</blockquote></p>'
    )
    assert CHESTS.put_page(page) == (
        '<style>.eyes {}</style><script>eyes()</script><p class="eyes" title="an image">images '
        '<img src="eye" alt="the disease"><code>glaucoma</code><blockquote>eyes</blockquote></p>'
    )


def test_what_the_report_has_of_the_departures_is_of_eyes_and_stays():
    page = '<h2 id="departures">a</h2><p>eyes</p><h2 id="ledger">eyes</h2><p>eyes</p>'
    kept, put_too = page.split('<h2 id="ledger">')
    assert CHESTS.put_page(page) == f'{kept}<h2 id="ledger">{put_too.replace("eyes", "images")}'


def test_the_words_are_those_of_the_run_at_work_alone():
    with using(CHESTS):
        assert put("eyes") == "images" and put_page("<p>eyes</p>") == "<p>images</p>"
        with using(Words()):
            assert put("eyes") == "eyes"
        assert put("eyes") == "images"
    assert put("eyes") == "eyes" and put_page("<p>eyes</p>") == "<p>eyes</p>"


@pytest.mark.parametrize(
    ("mirroring", "centring", "eyes"),
    [
        (True, "iris", True),
        (False, "iris", True),
        (True, "none", True),
        (False, "none", False),
        (False, "manifest", False),
    ],
)
def test_an_image_is_an_eye_where_it_has_a_side_or_an_iris(mirroring, centring, eyes):
    steps = PreprocessSettings(mirroring=mirroring, centring=centring)
    words = choose_words(DISEASE, mirroring=steps.mirroring, on_irises=steps.on_irises)
    assert words == Words(DISEASE, eyes=eyes)
