"""Cut, mirror, centre, resize: on drawn eyes whose every number is known."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import draw_eye, label_strip

from replication.config import PreprocessSettings
from replication.errors import DataError
from replication.image_facts import measure_centres_again
from replication.preprocess import preprocess, preprocess_image

SETTINGS = PreprocessSettings()


def middle_of_darkest(image: np.ndarray) -> tuple[float, float]:
    """Return the mean x and y of the pupil's pixels."""
    rows, columns = np.nonzero(image < 75)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("centre", [(320, 240), (200, 180), (440, 300)])
@pytest.mark.parametrize("eye", ["left", "right"])
def test_the_iris_comes_to_the_middle(centre: tuple[int, int], eye: str) -> None:
    image, facts = preprocess_image(
        label_strip(draw_eye(centre=centre)), eye=eye, settings=SETTINGS
    )
    assert (image.shape, image.dtype) == ((64, 64), np.uint8)
    assert middle_of_darkest(image) == pytest.approx((31.5, 31.5), abs=0.75)
    x = 639 - centre[0] if eye == "right" else centre[0]
    assert (facts.iris_centre_x_px, facts.iris_centre_y_px) == pytest.approx((x, centre[1]), abs=5)
    assert (facts.shift_x_px, facts.shift_y_px) == pytest.approx(
        (319.5 - x, 234 - centre[1]), abs=6
    )
    assert facts.iris_found
    assert facts.mirrored == (eye == "right")
    assert (facts.frame_width_px, facts.frame_height_px) == (640, 480)
    assert facts.strip_rows_removed == 11


def test_the_strip_leaves_no_trace() -> None:
    eye = draw_eye()
    other = eye.copy()
    other[-11:] = np.random.default_rng(0).integers(0, 256, (11, 640))
    image, facts = preprocess_image(eye, eye="left", settings=SETTINGS)
    other_image, other_facts = preprocess_image(other, eye="left", settings=SETTINGS)
    np.testing.assert_array_equal(image, other_image)
    assert facts == other_facts
    one_row_up = other.copy()
    one_row_up[-12] = 0
    changed, _ = preprocess_image(one_row_up, eye="left", settings=SETTINGS)
    assert (changed != image).any()


def test_a_right_eye_is_a_mirrored_left_one() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (91, 120), np.uint8)
    image, facts = preprocess_image(frame, eye="left", settings=SETTINGS)
    flipped = np.ascontiguousarray(frame[:, ::-1])
    mirrored, mirrored_facts = preprocess_image(flipped, eye="right", settings=SETTINGS)
    np.testing.assert_array_equal(image, mirrored)
    assert (facts.mirrored, mirrored_facts.mirrored) == (False, True)


def test_without_an_iris_the_frame_stays_where_it_is() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (480, 640), np.uint8)
    image, facts = preprocess_image(frame, eye="left", settings=SETTINGS)
    expected = cv2.resize(frame[:-11], (64, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(image, expected)
    assert not facts.iris_found
    assert (facts.shift_x_px, facts.shift_y_px) == (0, 0)
    assert np.isnan([facts.iris_centre_x_px, facts.iris_centre_y_px, facts.iris_radius_px]).all()


def test_the_border_is_repeated_not_wrapped() -> None:
    eye = draw_eye(centre=(500, 235))
    eye[:, 630:] = 90
    image, facts = preprocess_image(eye, eye="left", settings=SETTINGS)
    assert facts.shift_x_px < -150
    first = 640 + facts.shift_x_px
    np.testing.assert_array_equal(image[:, first // 10 + 1 :], 90)
    assert (image[:, 0] == 200).all()


def test_a_frame_no_higher_than_the_strip_is_refused() -> None:
    with pytest.raises(DataError, match="more than 11 rows, got 11"):
        preprocess_image(np.zeros((11, 40), np.uint8), eye="left", settings=SETTINGS)


def write_eyes(root: Path, count: int) -> pd.DataFrame:
    """Write small drawn eyes and return their manifest."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(count):
        eye = draw_eye(
            centre=(rng.uniform(60, 100), rng.uniform(50, 70)), size=(160, 120), radius_px=30
        )
        path = f"eye{i:03}.bmp"
        cv2.imwrite(str(root / path), eye)
        rows.append((f"id{i:03}", path, str(i // 2), ("left", "right")[i % 2], i % 3 == 0))
    return pd.DataFrame(rows, columns=["image_id", "path", "patient_id", "eye", "glaucoma"])


def test_one_worker_and_two_give_the_same(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 40)
    calls: list[None] = []
    images, facts = preprocess(
        manifest, tmp_path, SETTINGS, workers=1, on_image=lambda: calls.append(None)
    )
    assert len(calls) == 40
    shared_images, shared_facts = preprocess(manifest, tmp_path, SETTINGS, workers=2)
    np.testing.assert_array_equal(images, shared_images)
    pd.testing.assert_frame_equal(facts, shared_facts)
    assert images.shape == (40, 64, 64)
    assert facts.image_id.tolist() == manifest.image_id.tolist()
    assert facts.iris_found.all()
    assert (facts.mirrored == (manifest.eye == "right")).all()


def test_the_order_of_the_manifest_decides_only_the_order(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 6)
    images, _ = preprocess(manifest, tmp_path, SETTINGS, workers=1)
    turned, _ = preprocess(manifest[::-1], tmp_path, SETTINGS, workers=1)
    np.testing.assert_array_equal(images, turned[::-1])


def test_mixed_sizes_are_reported(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 2)
    cv2.imwrite(
        str(tmp_path / "eye001.bmp"), draw_eye(size=(320, 240), centre=(150, 120), radius_px=60)
    )
    images, facts = preprocess(manifest, tmp_path, SETTINGS, workers=1)
    assert facts.frame_width_px.tolist() == [160, 320]
    assert images.shape == (2, 64, 64)


def test_one_bad_file_in_a_hundred_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = write_eyes(tmp_path, 100)
    (tmp_path / "eye042.bmp").write_bytes((tmp_path / "eye042.bmp").read_bytes()[:5000])
    with caplog.at_level(logging.WARNING):
        images, facts = preprocess(manifest, tmp_path, SETTINGS, workers=1)
    assert "1 of 100 images can't be read: eye042.bmp: is truncated" in caplog.text
    assert len(images) == 99
    assert facts.image_id[~facts.readable].tolist() == ["id042"]
    assert facts.problem[42] == "eye042.bmp: is truncated"
    assert (facts.problem[facts.readable] == "").all()
    whole, _ = preprocess(manifest.drop(index=42), tmp_path, SETTINGS, workers=1)
    np.testing.assert_array_equal(images, whole)


def test_more_bad_files_are_an_error_that_names_them(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 100)
    for i in range(1, 6):
        (tmp_path / f"eye{i:03}.bmp").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"5 of 100 .* eye001\.bmp: .* eye003\.bmp.* and 2 more"):
        preprocess(manifest, tmp_path, SETTINGS, workers=1)


def test_a_file_that_is_all_strip_counts_as_bad(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 1)
    cv2.imwrite(str(tmp_path / "eye000.bmp"), np.zeros((8, 30), np.uint8))
    with pytest.raises(DataError, match=r"eye000\.bmp: expected more than 11 rows, got 8"):
        preprocess(manifest, tmp_path, SETTINGS, workers=1)


def test_an_empty_manifest_and_an_unknown_eye_are_refused(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 2)
    with pytest.raises(DataError, match="0 of 0 images"):
        preprocess(manifest[:0], tmp_path, SETTINGS, workers=1)
    with pytest.raises(DataError, match="column eye: expected 'left' or 'right', got 'both'"):
        preprocess(manifest.assign(eye="both"), tmp_path, SETTINGS, workers=1)


def test_a_centred_iris_measured_again_is_in_the_middle(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 10)
    images, facts = preprocess(manifest, tmp_path, SETTINGS, workers=1)
    again = measure_centres_again(images, facts)
    assert again.found_again.all()
    assert again.image_id.tolist() == manifest.image_id.tolist()
    # 160 px wide frames: 5 px are 20 of 640.
    assert np.hypot(again.off_middle_x_px, again.off_middle_y_px).max() < 5


def test_an_iris_moved_off_the_middle_is_noticed(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 10)
    images, facts = preprocess(manifest, tmp_path, SETTINGS, workers=1)
    moved = np.roll(images, 4, axis=2)
    again = measure_centres_again(moved, facts)
    np.testing.assert_allclose(again.off_middle_x_px, 10, atol=4)


def test_two_flips_change_nothing() -> None:
    frame = np.random.default_rng(4).integers(0, 256, (91, 120), np.uint8)
    once = np.ascontiguousarray(frame[:, ::-1])
    once_image, _ = preprocess_image(once, eye="right", settings=SETTINGS)
    twice_image, _ = preprocess_image(once[:, ::-1][:, ::-1], eye="right", settings=SETTINGS)
    np.testing.assert_array_equal(once_image, twice_image)
