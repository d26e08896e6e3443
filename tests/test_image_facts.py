"""What preprocessing did is measured again on its images, and a moved iris is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from drawn_eyes import write_eyes

from replication.config import PreprocessSettings
from replication.image_facts import measure_centres_again
from replication.preprocess import preprocess

SETTINGS = PreprocessSettings()


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
