"""One image from a file, with stand-ins for the network and the worker."""

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.errors import DataError, SettingsError
from replication.explain.one_image import explain_one, find_circle
from replication.preprocess.frame import preprocess_image
from replication.records import RelevanceMaps, to_unit_range

SETTINGS = PreprocessSettings()


@pytest.fixture
def eye(tmp_path):
    frame = draw_eye(centre=(250, 200))
    cv2.imwrite(str(tmp_path / "eye.png"), frame)
    return frame, tmp_path / "eye.png"


def explain_file(
    file, picture, *, logit=2.0, eye="left", circle=None, sizes_px=((640, 480),), settings=SETTINGS
):
    predicted = []

    def predict(images):
        predicted.append(images)
        return np.array([[0.3, 0.7]], np.float32)

    def explain(images, *, predictions):
        np.testing.assert_array_equal(predictions, [[np.float32(0.3), np.float32(0.7)]])
        maps = np.maximum(images.mean(axis=3), 0) * (logit > 0)
        return RelevanceMaps(maps, np.array([1]), np.array([logit], np.float32))

    found = explain_one(
        file,
        eye=eye,
        circle=circle,
        settings=settings,
        white=255,
        predict=predict,
        explain=explain,
        picture=picture,
        sizes_px=sizes_px,
    )
    return found, predicted[0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_image_is_preprocessed_as_the_runs_are(eye, tmp_path, side):
    frame, file = eye
    found, images = explain_file(file, tmp_path / "out.png", eye=side)
    gray, _ = preprocess_image(frame, eye=side, settings=SETTINGS)
    np.testing.assert_array_equal(images, np.repeat(to_unit_range(gray)[None, ..., None], 3, -1))
    assert found.glaucoma_probability == pytest.approx(0.7)
    assert (found.explains_glaucoma, found.logit, found.empty) == (True, 2.0, False)
    assert cv2.imread(str(tmp_path / "out.png")) is not None


def test_an_empty_map_is_marked_and_drawn(eye, tmp_path):
    found, _ = explain_file(eye[1], tmp_path / "out.png", logit=-1.0)
    assert found.empty and found.logit == -1
    assert (tmp_path / "out.png").exists()


ONLY_STRIP = cv2.imencode(".png", np.zeros((9, 40), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be opened"),
        (b"no image", "has no readable header"),
        (ONLY_STRIP, "expected more than 11 rows, got 9"),
    ],
)
def test_a_file_that_is_no_frame_is_one_sentence(tmp_path, content, words):
    file = tmp_path / "bad.png"
    if content:
        file.write_bytes(content)
    with pytest.raises(DataError, match=f"^--image: {words}"):
        explain_file(file, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_a_frame_without_an_iris_is_refused(tmp_path):
    stripes = np.tile((np.arange(640) // 23 % 2 * 200 + 20).astype(np.uint8), (480, 1))
    cv2.imwrite(str(tmp_path / "0003.png"), stripes)
    with pytest.raises(DataError, match="^--image: no iris was found"):
        explain_file(tmp_path / "0003.png", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_no_iris_is_missed_where_images_are_not_centred_on_one(tmp_path):
    stripes = np.tile((np.arange(640) // 23 % 2 * 200 + 20).astype(np.uint8), (480, 1))
    cv2.imwrite(str(tmp_path / "0003.png"), stripes)
    plain = PreprocessSettings(0, 64, 1, mirroring=False, centring="none")
    _, images = explain_file(tmp_path / "0003.png", tmp_path / "out.png", settings=plain)
    assert images.shape == (1, 64, 64, 1)


BY_MANIFEST = PreprocessSettings(centring="manifest")


@pytest.mark.parametrize("settings", [SETTINGS, BY_MANIFEST])
def test_an_image_is_centred_on_the_circle_that_is_given(eye, tmp_path, settings):
    frame, file = eye
    circle = Circle(300, 230, 60)
    _, images = explain_file(file, tmp_path / "out.png", circle=circle, settings=settings)
    gray, facts = preprocess_image(frame, eye="left", settings=settings, by_hand=circle)
    assert (facts.shift_x_px, facts.shift_y_px) == (20, 4)
    np.testing.assert_array_equal(images[0, ..., 0], to_unit_range(gray))


@pytest.mark.parametrize(
    ("circle", "words"),
    [
        (None, "has no centre_x, centre_y, radius to be centred on"),
        (Circle(640, 100, 50), "its circle lies outside the image without its bottom 11 rows"),
        (Circle(100, 469, 50), "its circle lies outside the image without its bottom 11 rows"),
        (Circle(100, 100, 641), "its circle lies outside the image without its bottom 11 rows"),
    ],
)
def test_a_circle_that_is_missing_or_outside_is_refused(eye, tmp_path, circle, words):
    with pytest.raises(DataError, match=f"^--image: {words}"):
        explain_file(eye[1], tmp_path / "out.png", circle=circle, settings=BY_MANIFEST)
    assert not (tmp_path / "out.png").exists()


def test_the_option_gives_a_circle_where_the_steps_take_one():
    assert find_circle((3.0, 4.0, 2.5), BY_MANIFEST) == Circle(3, 4, 2.5)
    assert find_circle((3.0, 4.0, 2.5), SETTINGS) == Circle(3, 4, 2.5)
    uncentred = PreprocessSettings(centring="none")
    assert find_circle(None, SETTINGS) is find_circle(None, uncentred) is None
    for given, settings, words in (
        (None, BY_MANIFEST, "give X Y RADIUS of this one"),
        ((3.0, 4.0, 2.5), uncentred, "are not centred, leave it out"),
        ((3.0, 4.0, 0.0), BY_MANIFEST, "expected a radius above 0, got 0"),
        ((3.0, 4.0, float("nan")), SETTINGS, "expected a radius above 0, got nan"),
    ):
        with pytest.raises(SettingsError, match=f"^--circle: .*{words}"):
            find_circle(given, settings)


def test_a_frame_of_another_size_than_the_runs_is_refused(eye, tmp_path):
    with pytest.raises(DataError, match="^1 of 1 frames are 640x480 px, the run's are 480x640: "):
        explain_file(eye[1], tmp_path / "out.png", sizes_px=[(480, 640)])


def test_a_picture_of_another_kind_is_refused_before_any_work(eye, tmp_path):
    with pytest.raises(DataError, match=r"out\.gif: expected a name in \.png or \.pdf"):
        explain_file(eye[1], tmp_path / "out.gif")
