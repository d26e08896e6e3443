"""Small bright spots are taken away, and nothing that is wide or dark."""

import cv2
import numpy as np
from drawn_eyes import draw_eye

from replication.preprocess.iris_copies import FINE_SIDE_PX, halve, remove_lamps


def test_a_lamp_is_taken_away_and_an_iris_stays() -> None:
    eye = draw_eye()
    lit = eye.copy()
    cv2.circle(lit, (320, 240), 8, 255, -1)  # within the pupil
    cv2.circle(lit, (368, 240), 8, 255, -1)  # on its edge
    plain, without = remove_lamps(eye), remove_lamps(lit)
    assert max(plain.shape) < FINE_SIDE_PX
    assert plain.shape == (240, 320)
    assert (np.abs(plain.astype(int) - without) > 10).mean() < 0.001
    assert np.abs(plain.astype(int) - halve(eye)).mean() < 2


def test_a_bright_pupil_stays() -> None:
    assert remove_lamps(draw_eye(pupil=255))[120, 160] == 255


def test_an_odd_frame_loses_its_last_row() -> None:
    assert halve(np.zeros((7, 9), np.uint8)).shape == (3, 4)
