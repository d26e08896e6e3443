"""What preprocessing did is measured again on its images, and a moved iris is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from drawn_eyes import write_eyes

from replication.config import PreprocessSettings
from replication.image_facts import measure_off_middle
from replication.preprocess import preprocess


def measure_all(images: np.ndarray) -> np.ndarray:
    """Measure images of 160x109 px frames; an iris that isn't found is an error here."""
    return np.array([measure_off_middle(i, width_px=160, height_px=109) for i in images], float)


def preprocess_eyes(folder: Path) -> np.ndarray:
    return preprocess(write_eyes(folder, 10), folder, PreprocessSettings(), workers=1)[0]


def test_a_centred_iris_measured_again_is_in_the_middle(tmp_path: Path) -> None:
    off = measure_all(preprocess_eyes(tmp_path))
    # 160 px wide frames: 5 px are 20 of 640.
    assert np.hypot(*off.T).max() < 5


def test_an_iris_moved_off_the_middle_is_noticed(tmp_path: Path) -> None:
    moved = np.roll(preprocess_eyes(tmp_path), 4, axis=2)
    np.testing.assert_allclose(measure_all(moved)[:, 0], 10, atol=4)


def test_where_no_iris_is_found_there_is_no_answer() -> None:
    assert measure_off_middle(np.zeros((64, 64), np.uint8), width_px=160, height_px=109) is None
