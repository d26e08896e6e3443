"""A manifest's files become images and facts, in its order, whoever does the work."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import draw_eye, write_eyes

from replication.config import PreprocessSettings
from replication.errors import DataError
from replication.preprocess.frame import BY_HAND
from replication.preprocess.stage import preprocess_images

SETTINGS = PreprocessSettings()


def test_neither_two_workers_nor_the_order_of_the_manifest_matters(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 40)
    calls: list[None] = []
    images, facts = preprocess_images(
        manifest, tmp_path, SETTINGS, workers=1, on_image=lambda: calls.append(None)
    )
    assert len(calls) == 40
    shared_images, shared_facts = preprocess_images(manifest, tmp_path, SETTINGS, workers=2)
    np.testing.assert_array_equal(images, shared_images)
    pd.testing.assert_frame_equal(facts, shared_facts)
    turned, _ = preprocess_images(manifest[::-1], tmp_path, SETTINGS, workers=1)
    np.testing.assert_array_equal(images, turned[::-1])
    assert images.shape == (40, 64, 64)
    assert facts.image_id.tolist() == manifest.image_id.tolist()
    assert facts.iris_found.all()
    assert (facts.mirrored == (manifest.eye == "right")).all()


def test_irises_by_hand_stand_beside_found_ones(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 3)
    nothing = float("nan")
    given = manifest.assign(
        centre_x=[nothing, 50, nothing],
        centre_y=[nothing, 40, nothing],
        radius=[nothing, 9, nothing],
    )
    images, facts = preprocess_images(given, tmp_path, SETTINGS, workers=1)
    plain_images, plain = preprocess_images(manifest, tmp_path, SETTINGS, workers=1)
    assert (facts.iris_evidence == BY_HAND).tolist() == [False, True, False]
    assert facts.iris_radius_px[1] == 9 and facts.iris_centre_x_px[1] == 159 - 50
    pd.testing.assert_frame_equal(facts[::2], plain[::2])
    np.testing.assert_array_equal(images[::2], plain_images[::2])
    assert (images[1] != plain_images[1]).any()


def test_mixed_sizes_are_reported(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 2)
    cv2.imwrite(
        str(tmp_path / "eye001.bmp"), draw_eye(size=(320, 240), centre=(150, 120), radius_px=60)
    )
    images, facts = preprocess_images(manifest, tmp_path, SETTINGS, workers=1)
    assert facts.frame_width_px.tolist() == [160, 320]
    assert images.shape == (2, 64, 64)


def write_twelve_bits(root: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Write two eyes as bytes, and as levels of 12 bits in files of 16; the second is darker."""
    plain = write_eyes(root, 2)
    deep = plain.assign(path=["bright.png", "dark.png"])
    for path, name, darker in zip(plain.path, deep.path, (1, 2), strict=True):
        eye = cv2.imread(str(root / path), cv2.IMREAD_GRAYSCALE) // darker
        eye[0, 0] = 255 // darker
        cv2.imwrite(str(root / path), eye)
        cv2.imwrite(str(root / name), eye.astype(np.uint16) * 16 + 15)
    return plain, deep, cv2.imread(str(root / "dark.png"), cv2.IMREAD_UNCHANGED)


def test_twelve_bits_are_scaled_by_one_range_that_the_manifest_has(tmp_path: Path) -> None:
    plain, deep, dark = write_twelve_bits(tmp_path)
    expected, _ = preprocess_images(plain, tmp_path, SETTINGS, workers=1)
    images, facts = preprocess_images(deep, tmp_path, SETTINGS, workers=1)
    assert np.abs(images.astype(int) - expected).max() <= 1
    assert facts.white_level.tolist() == [4095, 4095]
    assert dark.max() < 2048  # a range of its own would make it bright
    # Of the dark one alone, by the range of the data set that it belongs with, or by its own.
    same, _ = preprocess_images(deep[1:], tmp_path, SETTINGS, workers=1, white=4095)
    np.testing.assert_array_equal(same[0], images[1])
    _, own = preprocess_images(deep[1:], tmp_path, SETTINGS, workers=1)
    assert own.white_level.tolist() == [2047]


def test_bytes_have_the_range_of_bytes_however_dark(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 2)
    for path in manifest.path:
        cv2.imwrite(str(tmp_path / path), cv2.imread(str(tmp_path / path), 0) // 8)
    _, facts = preprocess_images(manifest, tmp_path, SETTINGS, workers=1)
    assert facts.white_level.tolist() == [255, 255]
    assert facts.turn.tolist() == [1, 1]


def test_one_bad_file_in_a_hundred_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = write_eyes(tmp_path, 100)
    (tmp_path / "eye042.bmp").write_bytes((tmp_path / "eye042.bmp").read_bytes()[:5000])
    with caplog.at_level(logging.WARNING):
        images, facts = preprocess_images(manifest, tmp_path, SETTINGS, workers=1)
    assert "1 of 100 images can't be read: number 43 is truncated" in caplog.text
    assert "eye042" not in caplog.text
    assert len(images) == 99
    assert facts.image_id[~facts.readable].tolist() == ["id042"]
    assert facts.problem[42] == "is truncated or damaged"
    assert (facts.problem[facts.readable] == "").all()
    whole, _ = preprocess_images(manifest.drop(index=42), tmp_path, SETTINGS, workers=1)
    np.testing.assert_array_equal(images, whole)


def test_more_bad_files_are_an_error_and_their_names_are_for_debugging(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "replication")
    manifest = write_eyes(tmp_path, 100)
    for i in range(1, 6):
        (tmp_path / f"eye{i:03}.bmp").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"5 of 100 .* number 2 .* number 4 .* and 2 more"):
        preprocess_images(manifest, tmp_path, SETTINGS, workers=1)
    naming = [record for record in caplog.records if "eye001.bmp" in record.getMessage()]
    assert [record.levelname for record in naming] == ["DEBUG"]


def test_a_file_that_is_all_strip_counts_as_bad(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 1)
    cv2.imwrite(str(tmp_path / "eye000.bmp"), np.zeros((8, 30), np.uint8))
    with pytest.raises(DataError, match=r"number 1 expected more than 11 rows, got 8"):
        preprocess_images(manifest, tmp_path, SETTINGS, workers=1)


def test_an_empty_manifest_and_an_unknown_eye_are_refused(tmp_path: Path) -> None:
    manifest = write_eyes(tmp_path, 2)
    with pytest.raises(DataError, match="at least one image"):
        preprocess_images(manifest[:0], tmp_path, SETTINGS, workers=1)
    with pytest.raises(DataError, match="column eye: 1 words beside 'left' and 'right'"):
        preprocess_images(manifest.assign(eye="both"), tmp_path, SETTINGS, workers=1)
