"""Figure 5: its example is chosen by its rule, and it shows three rows."""

import cv2
import numpy as np
import pytest
from planted_relevance import DIFFERENT, SAME, plant_relevance

from replication.explain.figure5 import FILES, RULE, choose_example, draw_figure5
from replication.figures.maps import draw_maps, show_map
from replication.records import RelevanceMaps

RELEVANCE = plant_relevance()


def first_draw(relevance, method):
    return (relevance["method"] == method) & (relevance["draw"] == 0)


def test_the_example_is_the_median_of_those_that_fit():
    relevance = RELEVANCE.copy()
    with_glaucoma = first_draw(relevance, SAME) & relevance["glaucoma"]
    relevance.loc[with_glaucoma, "rank_correlation"] = np.linspace(0.2, 0.9, with_glaucoma.sum())
    row = choose_example(relevance).row
    # 48 images of eyes with glaucoma stand first: the lower middle one is the 24th.
    assert row == 23
    original = first_draw(relevance, "original")
    relevance.loc[original & (relevance["image_id"] == "eye-0"), "empty"] = True
    assert choose_example(relevance).row == 24


@pytest.mark.parametrize(
    ("method", "column", "value"),
    [
        ("original", "explains_glaucoma", False),
        (SAME, "explains_glaucoma", False),
        (DIFFERENT, "explains_glaucoma", True),
        (DIFFERENT, "empty", True),
    ],
)
def test_where_no_image_fits_or_a_set_is_missing_there_is_none(method, column, value):
    relevance = RELEVANCE.copy()
    relevance.loc[relevance["method"] == method, column] = value
    example = choose_example(relevance)
    assert example.row is None
    assert example.text == f"{RULE}. No image fits, so there is none."
    assert choose_example(RELEVANCE[RELEVANCE["method"] != method]).row is None


def draw_images(seed):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    maps = rng.random((2, 16, 16), dtype=np.float32)
    return images, RelevanceMaps(maps, np.array([1, 0]), np.array([2, 1], np.float32))


EYE = np.eye(16, dtype=np.float32)
BESIDE = {
    "plain": RelevanceMaps(np.stack([EYE, EYE, EYE]), np.ones(3, int), np.ones(3, np.float32))
}


def test_the_same_figure_has_the_same_bytes_in_both_kinds(tmp_path):
    sets = {method: draw_images(i) for i, method in enumerate(("original", SAME, DIFFERENT))}
    for name in ("a", "b", "private"):
        (tmp_path / name).mkdir()
        draw_figure5(sets, 1, tmp_path / name, beside=BESIDE, private=name == "private")
    for name in FILES:
        first, again, marked = (
            (tmp_path / place / name).read_bytes() for place in ("a", "b", "private")
        )
        assert first == again != marked
    picture = cv2.imread(str(tmp_path / "a" / "figure5.png"))
    assert picture.shape[1] > picture.shape[0] > 1000


def test_one_scale_serves_all_rows(tmp_path):
    images, relevance = draw_images(0)
    fainter = RelevanceMaps(relevance.maps / 100, relevance.neuron, relevance.logit)
    rows = [show_map("strong", images, relevance, 0), show_map("faint", images, fainter, 0)]
    draw_maps(rows, [tmp_path / "both.png"], private=False)
    picture = cv2.imread(str(tmp_path / "both.png"))
    strong, faint = (
        row[row.shape[0] // 3 : row.shape[0] * 2 // 3, row.shape[1] // 3 : row.shape[1] // 2]
        for row in np.array_split(picture, 2)
    )
    assert strong.max() > 200
    assert faint.max() < 40


def test_other_maps_stand_beside_on_their_own_scale(tmp_path):
    images, relevance = draw_images(0)
    pictures = {}
    for name, factor in (("one", 1), ("strong", 100)):
        beside = {"other": relevance.maps[0] * np.float32(factor)}
        row = show_map("eye", images, relevance, 0, beside=beside)
        draw_maps([row], [tmp_path / f"{name}.png"], private=False)
        pictures[name] = cv2.imread(str(tmp_path / f"{name}.png"))
    np.testing.assert_array_equal(pictures["one"], pictures["strong"])
    alone = tmp_path / "alone.png"
    draw_maps([show_map("eye", images, relevance, 0)], [alone], private=False)
    assert cv2.imread(str(alone)).shape[1] < pictures["one"].shape[1]


def test_a_row_names_its_class_and_its_logit():
    images, relevance = draw_images(0)
    assert show_map("eye", images, relevance, 0).explained == "glaucoma"
    shown = show_map("eye", images, relevance, 1)
    assert (shown.explained, shown.logit) == ("no glaucoma", 1.0)
