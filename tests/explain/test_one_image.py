"""One image from a file, with stand-ins for the network and the worker."""

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.config import PreprocessSettings
from replication.errors import DataError
from replication.explain.one_image import explain_one
from replication.preprocess.frame import preprocess_image
from replication.records import RelevanceMaps, to_unit_range

SETTINGS = PreprocessSettings()


@pytest.fixture
def eye(tmp_path):
    frame = draw_eye(centre=(250, 200))
    cv2.imwrite(str(tmp_path / "eye.png"), frame)
    return frame, tmp_path / "eye.png"


def explain_file(
    file, picture, *, logit=2.0, eye="left", sizes_px=((640, 480),), settings=SETTINGS
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


def test_one_image_has_no_circle_of_a_manifest(eye, tmp_path):
    by_manifest = PreprocessSettings(centring="manifest")
    with pytest.raises(DataError, match="^--image: this run's images are centred on circles"):
        explain_file(eye[1], tmp_path / "out.png", settings=by_manifest)
    assert not (tmp_path / "out.png").exists()


def test_a_frame_of_another_size_than_the_runs_is_refused(eye, tmp_path):
    with pytest.raises(DataError, match="^1 of 1 frames are 640x480 px, the run's are 480x640: "):
        explain_file(eye[1], tmp_path / "out.png", sizes_px=[(480, 640)])


def test_a_picture_of_another_kind_is_refused_before_any_work(eye, tmp_path):
    with pytest.raises(DataError, match=r"out\.gif: expected a name in \.png or \.pdf"):
        explain_file(eye[1], tmp_path / "out.gif")
