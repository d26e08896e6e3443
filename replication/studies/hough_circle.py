"""Find the iris as the first author's later code does (IEEE Access 2021), to compare with ours.

Its gray levels and distances are constants, fitted to one camera. No stage uses it.
"""

import cv2
import numpy as np

from replication.preprocess.iris import IrisFit, nothing_found

GRAY_LEVEL = 130
BLUR = (9, 9)
FARTHEST_PX = 100.0  # a circle further than this from the middle of the frame is not used


def find_iris_by_hough(gray: np.ndarray) -> IrisFit:
    """Find the iris by a Hough circle in a binarised copy.

    1. Blur by a Gaussian, truncate at a gray level, stretch to all levels, binarise, blur again.
    2. Take the strongest circle with a radius from a sixth to a third of the frame's height.

    Args:
        gray: (H, W) uint8, without a label strip.

    Returns:
        The circle, its pupil and confidence 0 and 1 for want of such; not found where there is none
        or its centre is too far from the middle.
    """
    height, width = gray.shape
    smooth = cv2.GaussianBlur(gray, BLUR, 0)
    _, truncated = cv2.threshold(smooth, GRAY_LEVEL, 255, cv2.THRESH_TRUNC)
    stretched = cv2.normalize(truncated, None, 0, 255, cv2.NORM_MINMAX)
    _, binary = cv2.threshold(stretched, GRAY_LEVEL, 255, cv2.THRESH_BINARY)
    circles = cv2.HoughCircles(
        cv2.GaussianBlur(binary, BLUR, 0),
        cv2.HOUGH_GRADIENT,
        dp=1.5,
        minDist=height,
        param1=200,
        param2=25,
        minRadius=height // 6,
        maxRadius=height // 3,
    )
    if circles is None:
        return nothing_found(gray)
    x, y, radius = map(float, circles[0, 0])
    if np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) > FARTHEST_PX:
        return nothing_found(gray)
    return IrisFit(x, y, radius, 0.0, 1.0, True)
