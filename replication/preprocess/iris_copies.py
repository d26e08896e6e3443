"""A frame at smaller sizes, and without its lamps: what the finder of the iris reads.

A lamp's mirror image on the cornea is a small bright spot: on the pupil's edge it hides the edge, and
it is a bright disc itself. A gray opening (Serra, 1982) takes away what is bright and narrower than
its window; pupil and iris are wider.
"""

import cv2
import numpy as np

WORKING_SIDE_PX = 96  # ours: the longer side; the smallest pupil tried still spans 5 px
FINE_SIDE_PX = 4 * WORKING_SIDE_PX  # a copy for a closer look is shorter than this
LAMP_SHARE = 1 / 32  # ours: of the longer side, how wide a spot the opening takes away


def remove_lamps(gray: np.ndarray) -> np.ndarray:
    """Return the frame halved until it is shorter than FINE_SIDE_PX, without small bright spots.

    Args:
        gray: (H, W) uint8.
    """
    image = list_halves(gray, FINE_SIDE_PX)[-1]
    width = round(LAMP_SHARE * max(image.shape)) | 1
    window = np.ones((width, width), np.uint8)
    return cv2.morphologyEx(image, cv2.MORPH_OPEN, window, borderType=cv2.BORDER_REPLICATE)


def list_halves(image: np.ndarray, side_px: float) -> list[np.ndarray]:
    """Return the image and, while the longer side has so many px, halves of it: (H, W) uint8 each.

    Even halves, since OpenCV averages 2x2 px many times faster than areas of broken px.
    """
    copies = [image]
    while max(copies[-1].shape) >= side_px and min(copies[-1].shape) >= 2:
        copies.append(halve(copies[-1]))
    return copies


def halve(image: np.ndarray) -> np.ndarray:
    """Return an image of half the size, its last row or column dropped where it is odd."""
    height, width = (side // 2 for side in image.shape)
    even = image[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)


def shrink(gray: np.ndarray, side_px: int) -> tuple[np.ndarray, float]:
    """Return the frame as float32, its longer side `side_px`, and px of this per px of the frame."""
    *larger, halved = list_halves(gray, 2 * side_px)
    scale = side_px / max(halved.shape)
    height, width = (max(3, round(side * scale)) for side in halved.shape)
    small = cv2.resize(halved, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32), scale / 2 ** len(larger)
