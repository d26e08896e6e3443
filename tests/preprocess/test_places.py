"""The place of a sign in a preprocessed image, compared with the pixels of frames with signs."""

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import draw_eye
from places import REAL_EYES

from replication.config import PreprocessSettings, SurrogateSettings
from replication.errors import DataError
from replication.preprocess import frame as eye_frame
from replication.preprocess.frame import preprocess_image
from replication.preprocess.iris import find_iris
from replication.preprocess.places import (
    find_iris_axes,
    find_sign_table,
    mark_kinds,
    mask_irises,
    mask_signs,
    read_signs,
)
from replication.surrogate.synthesize import draw_twin, synthesize

SETTINGS = PreprocessSettings()
BLUR_PX = 28  # how far focus and JPEG blocks carry a sign, as in test_synthesize


def list_facts(path: str, facts: eye_frame.ImageFacts) -> pd.DataFrame:
    return pd.DataFrame([{"path": path, **asdict(facts)}])


def list_signs(*circles: tuple[float, float, float], file: str = "eye.bmp") -> pd.DataFrame:
    rows = [(file, "haze", *circle) for circle in circles]
    return pd.DataFrame(rows, columns=["file", "kind", "x_px", "y_px", "radius_px"])


def preprocess_alike(
    first: np.ndarray, *others: np.ndarray, eye: str
) -> tuple[tuple[np.ndarray, ...], eye_frame.ImageFacts]:
    """Preprocess frames by the iris that is found in the first of them."""
    cut = first[: -SETTINGS.strip_rows]
    fit = find_iris(np.ascontiguousarray(cut[:, ::-1] if eye == "right" else cut))
    images, facts = zip(
        *(
            preprocess_image(frame, eye=eye, settings=SETTINGS, find=lambda _: fit)
            for frame in (first, *others)
        ),
        strict=True,
    )
    shifts = {(fact.shift_x_px, fact.shift_y_px) for fact in facts}
    assert len(shifts) == 1, "the frames must be moved alike"
    return images, facts[0]


def paint_disc(x: float, y: float, radius: float) -> np.ndarray:
    frame = np.zeros((480, 640), np.uint8)
    for row in range(480):
        for column in range(640):
            if (column - x) ** 2 + (row - y) ** 2 <= radius**2:
                frame[row, column] = 255
    return frame


@pytest.mark.parametrize("eye", ["left", "right"])
@pytest.mark.parametrize("centre", [(320, 240), (240, 190), (430, 290)])
@pytest.mark.parametrize("circle", [(300.3, 200.7, 12.0), (380.0, 260.5, 90.0), (20, 470, 30)])
def test_a_mask_is_every_pixel_that_a_painted_disc_changes(eye, centre, circle):
    (_, painted), facts = preprocess_alike(draw_eye(centre=centre), paint_disc(*circle), eye=eye)
    (mask,) = mask_signs(list_facts("a/eye.bmp", facts), list_signs(circle))
    # A single px of the frame is 3.5 gray levels of a pixel, so that a byte shows it.
    np.testing.assert_array_equal(mask, painted > 0)


def test_a_mask_is_at_the_place_that_arithmetic_gives():
    facts = eye_frame.ImageFacts(640, 480, 11, True, True, 0, 0, 0, 0, 1, "both", 30, -14)
    (mask,) = mask_signs(list_facts("eye.bmp", facts), list_signs((200, 150, 40)))
    rows, columns = np.nonzero(mask)
    assert columns.mean() == pytest.approx((639 - 200 + 30 + 0.5) / 10 - 0.5, abs=0.3)
    assert rows.mean() == pytest.approx((150 - 14 + 0.5) / (469 / 64) - 0.5, abs=0.3)


def test_signs_go_to_their_own_images():
    facts = eye_frame.ImageFacts(640, 480, 11, False, True, 0, 0, 0, 0, 1, "both", 0, 0)
    rows = pd.concat([list_facts(f"x/{name}", facts) for name in ("a.jpg", "b.jpg", "c.jpg")])
    one, other = (100.0, 100.0, 20.0), (400.0, 300.0, 20.0)
    signs = pd.concat([list_signs(one, other, file="c.jpg"), list_signs(other, file="a.jpg")])
    masks = mask_signs(rows, signs)
    assert not masks[1].any()
    lone = mask_signs(rows[:1], list_signs(one, file="a.jpg"))[0]
    np.testing.assert_array_equal(masks[2], masks[0] | lone)
    assert (masks[2] != masks[0]).any()


@pytest.mark.parametrize("eye", ["left", "right"])
def test_an_iris_is_where_the_image_shows_it(eye):
    frame = draw_eye(centre=(250, 200))
    image, facts = preprocess_image(frame, eye=eye, settings=SETTINGS)
    (iris,), (upper,) = mask_irises(list_facts("eye.bmp", facts))
    dark = image < 160
    assert (iris & dark).sum() / (iris | dark).sum() > 0.9
    assert (iris & upper == upper).all()
    assert upper.sum() / iris.sum() == pytest.approx(0.5, abs=0.05)
    assert np.nonzero(upper)[0].max() < np.nonzero(iris & ~upper)[0].min() + 1


def test_without_an_iris_there_is_no_mask():
    facts = eye_frame.ImageFacts(640, 480, 11, False, False, *[float("nan")] * 4, 0.1, "", 0, 0)
    iris, upper = mask_irises(list_facts("eye.bmp", facts))
    assert not iris.any() and not upper.any()


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("eyes") / "surrogate"
    settings = SurrogateSettings(patients=10, images=20, glaucoma_images=19)
    synthesize(root, settings, seed=3, workers=1)
    return root


@pytest.mark.parametrize("eye", ["left", "right"])
def test_an_eye_differs_from_its_twin_inside_the_mask(surrogate, eye):
    signs = read_signs(find_sign_table(surrogate))
    truth = pd.read_csv(surrogate / "truth.csv")
    files = truth[(truth["eye"] == eye) & truth["signs"].notna()]["file"].tolist()[::3]
    inside, elsewhere = [], []
    for file in files:
        frame, twin = (draw_twin(surrogate, file, with_signs=with_) for with_ in (True, False))
        (image, image_of_twin), facts = preprocess_alike(frame, twin, eye=eye)
        change = np.abs(image.astype(float) - image_of_twin)
        rows = list_facts(file, facts)
        (widened,) = mask_signs(rows, signs.assign(radius_px=signs["radius_px"] + BLUR_PX))
        assert not change[~widened].any()
        (mask,) = mask_signs(rows, signs)
        inside.append(change[mask].sum() / change.sum())
        (mirrored,) = mask_signs(rows.assign(mirrored=not facts.mirrored), signs)
        elsewhere.append(change[mirrored].sum() / change.sum())
    assert min(inside) > 0.97
    assert np.mean(elsewhere) < np.mean(inside) - 0.1


def test_holes_in_real_eyes_are_dark_where_the_mask_is():
    if not REAL_EYES.exists():
        pytest.skip("the real eyes are not here")
    signs = read_signs(find_sign_table(REAL_EYES))
    holes = signs[signs["kind"] == "iridotomy"]
    right = holes[holes["file"].str.contains("_R_")].iloc[::8]
    assert len(right) > 3
    contrast = {}
    for sign in right.itertuples():
        (path,) = (REAL_EYES / "images-NIR").rglob(sign.file)
        frame = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        image, facts = preprocess_image(frame, eye="right", settings=SETTINGS)
        for mirrored in (True, False):
            rows = list_facts(sign.file, facts).assign(mirrored=mirrored)
            (hole,) = mask_signs(rows, signs[(signs["file"] == sign.file)])
            around = cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > hole
            contrast.setdefault(mirrored, []).append(image[around].mean() - image[hole].mean())
    assert np.median(contrast[True]) > 10
    assert np.median(contrast[True]) > np.median(contrast[False]) + 10


def test_a_table_of_signs_is_read(tmp_path):
    assert find_sign_table(tmp_path) is None
    path = tmp_path / "signs.csv"
    path.write_text("file,signs\na.jpg,haze:1:2.5:3|dilated:4:5:6\nb.jpg,\n", encoding="utf-8")
    assert find_sign_table(tmp_path) == path
    assert read_signs(path).to_numpy().tolist() == [
        ["a.jpg", "haze", 1.0, 2.5, 3.0],
        ["a.jpg", "dilated", 4.0, 5.0, 6.0],
    ]


@pytest.mark.parametrize(
    "text", ["file\na\n", "file,signs\na,haze:1:2\n", "file,signs\na,x:y:1:2\n"]
)
def test_a_table_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="truth.csv: expected the columns file and signs"):
        read_signs(path)


@pytest.mark.parametrize("rows", ["a,haze:1:2:3,b", "0,,7\n1,,8", "a,\nb,,c"])
def test_signs_beyond_the_header_are_refused(tmp_path, rows):
    (tmp_path / "signs.csv").write_text(f"file,signs\n{rows}\n", encoding="utf-8")
    with pytest.raises(DataError, match="signs.csv: not readable as a table"):
        read_signs(tmp_path / "signs.csv")


def test_the_iris_axes_are_of_the_median_iris_squeezed_as_the_frames_are():
    facts = pd.DataFrame(
        {
            "frame_width_px": [640, 640, 640, 640],
            "frame_height_px": [491, 491, 491, 491],
            "strip_rows_removed": [11, 11, 11, 11],
            "iris_radius_px": [100.0, 120.0, 300.0, np.nan],
        }
    )
    assert find_iris_axes(facts) == (12.0, 16.0)
    facts["iris_radius_px"] = np.nan
    assert find_iris_axes(facts) == (32.0, 32.0)


def test_kinds_are_those_of_the_images_own_file():
    facts = pd.DataFrame({"path": ["a/1.png", "b/2.png", "a/3.png"]})
    signs = pd.DataFrame({"file": ["1.png", "1.png", "3.png"], "kind": ["hole", "arc", "arc"]})
    assert mark_kinds(facts, signs).tolist() == [[True, True], [False, False], [True, False]]
    assert mark_kinds(facts, None).shape == mark_kinds(facts, signs.iloc[:0]).shape == (3, 0)
