"""From one frame to a network's image: cut, mirror, centre, resize.

Paper §2.1; the order of the steps, the 11 rows and the resizing of the whole frame, which changes
its aspect, follow the first author's later code (IEEE Access 2021).

Departure: the iris is found by `replication.preprocess.iris` instead of a Hough circle, and where
it isn't found the image is kept uncentred and marked; a manifest may give it by hand. The resizing averages areas, which the
sources don't state; it keeps the frame's fine texture from turning into a pattern of its own.
Images of other kinds than eyes take other steps (`PreprocessSettings`): none is mirrored, centred or
stretched where that means nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.errors import DataError
from replication.preprocess.iris import IrisFit, find_iris

BY_HAND = "by hand"  # the evidence of an iris that the manifest gives
NOWHERE = IrisFit(*[float("nan")] * 4, 0.0, False)  # of an image in which none is looked for


@dataclass(frozen=True)
class ImageFacts:
    """What was measured and done on one image; places in the frame after cut and mirroring.

    Args:
        frame_width_px, frame_height_px: of the frame as the camera gave it.
        strip_rows_removed: rows cut off the bottom.
        mirrored: whether left and right were exchanged.
        iris_found: whether the iris was found or given by hand; else its places are NaN, the image not centred.
        iris_confidence: in [0, 1].
        iris_evidence: by which circles it was found, of `replication.preprocess.iris.Evidence`;
            where one alone is evident, the radius of the other is a guess. BY_HAND without a
            finder: the pupil's radius is NaN, the confidence 1.
        shift_x_px, shift_y_px: how far the frame was moved right and down to centre the iris.
        padded: whether the frame was made square by repeating its border, and not by stretching.
    """

    frame_width_px: int
    frame_height_px: int
    strip_rows_removed: int
    mirrored: bool
    iris_found: bool
    iris_centre_x_px: float
    iris_centre_y_px: float
    iris_radius_px: float
    pupil_radius_px: float
    iris_confidence: float
    iris_evidence: str
    shift_x_px: int
    shift_y_px: int
    padded: bool = False


def preprocess_image(
    gray: np.ndarray,
    *,
    eye: str,
    settings: PreprocessSettings,
    find: Callable[[np.ndarray], IrisFit] = find_iris,
    interpolation: int = cv2.INTER_AREA,
    by_hand: Circle | None = None,
) -> tuple[np.ndarray, ImageFacts]:
    """Preprocess one frame to (S, S) uint8, and return what was measured.

    1. Drop the label strip. 2. Mirror a right eye. 3. Find the iris and move it to the middle,
    repeating the border. 4. Resize the whole frame. Settings leave steps out.

    Args:
        gray: (H, W) uint8, as the camera gave it.
        eye: 'left' or 'right'; any other word where none is mirrored.
        settings: of the steps.
        find: finds the iris; another than ours measures what ours costs.
        interpolation: OpenCV's number of how the frame is resized; the same.
        by_hand: the iris in `gray`, taken in place of what would be found.

    Raises:
        DataError: when the frame is no higher than its label strip, or it is to be centred on a
            circle by hand and none is given.
    """
    height, width = gray.shape
    if height <= settings.strip_rows:
        raise DataError(f"expected more than {settings.strip_rows} rows, got {height}")
    mirrored = settings.mirroring and eye == "right"
    frame = _cut(gray, settings.strip_rows, mirrored=mirrored)
    if settings.centring == "none":
        fit, by_hand = NOWHERE, None
    elif by_hand:
        fit = _take_by_hand(by_hand, width, mirrored=mirrored)
    elif settings.centring == "manifest":
        raise DataError(f"has no {', '.join(Circle._fields)} to be centred on")
    else:
        fit = find(frame)
    measured = (fit.centre_x_px, fit.centre_y_px, fit.radius_px, fit.pupil_radius_px)
    places = measured if fit.found else (float("nan"),) * len(measured)
    done = (width, height, settings.strip_rows, mirrored, fit.found)
    evidence = BY_HAND if by_hand else str(fit.evidence)
    shift, padded = _shift_to_middle(frame, fit), settings.resizing == "pad"
    facts = ImageFacts(*done, *places, fit.confidence, evidence, *shift, padded)
    size_px = settings.image_size_px
    return _centre_and_resize(frame, facts, size_px=size_px, interpolation=interpolation), facts


def repeat_steps(gray: np.ndarray, facts: ImageFacts, *, size_px: int) -> np.ndarray:
    """Preprocess a frame as another one was, by the facts of that one, to (S, S) uint8."""
    frame = _cut(gray, facts.strip_rows_removed, mirrored=facts.mirrored)
    return _centre_and_resize(frame, facts, size_px=size_px)


def list_facts(table: pd.DataFrame) -> list[ImageFacts]:
    """Return the facts in the rows of a preprocessed manifest, which leaves `padded` out where none is."""
    names = [name for name in ImageFacts.__annotations__ if name in table]
    return [ImageFacts(*row) for row in table[names].itertuples(index=False)]


def list_sizes(facts: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the (width, height) in px of the frames in a table of facts, each once."""
    sizes = facts[["frame_width_px", "frame_height_px"]].drop_duplicates()
    return sorted((int(width), int(height)) for width, height in sizes.to_numpy())


def check_sizes(facts: pd.DataFrame, sizes_px: Collection[tuple[int, int]]) -> None:
    """Raise DataError where a frame has another size than a run's frames.

    Mixed sizes stop a run, too: its networks know the eye at one scale and from one camera.

    Args:
        facts: of the frames, all of them readable.
        sizes_px: (width, height) of the run's frames.
    """
    other = [size for size in list_sizes(facts) if size not in sizes_px]
    if not other:
        return
    (width, height), *more = other
    rows = (facts["frame_width_px"] == width) & (facts["frame_height_px"] == height)
    known = ", ".join(f"{w}x{h}" for w, h in sizes_px)
    raise DataError(
        f"{rows.sum()} of {len(facts)} frames are {width}x{height} px"
        f"{f', {len(more)} more sizes are there' if more else ''}, the run's are {known}: "
        "give frames as the run's camera makes them"
    )


def _centre_and_resize(
    frame: np.ndarray, facts: ImageFacts, *, size_px: int, interpolation: int = cv2.INTER_AREA
) -> np.ndarray:
    moved = _move(frame, facts.shift_x_px, facts.shift_y_px)
    moved = _pad(moved) if facts.padded else moved
    return cv2.resize(moved, (size_px, size_px), interpolation=interpolation)


def _cut(gray: np.ndarray, strip_rows: int, *, mirrored: bool) -> np.ndarray:
    """Return the frame without its label strip, mirrored if `mirrored`."""
    cut = gray[: len(gray) - strip_rows]
    return cv2.flip(cut, 1) if mirrored else cut


def _take_by_hand(iris: Circle, width_px: int, *, mirrored: bool) -> IrisFit:
    """Return an iris by hand as found, mirrored with its frame."""
    x = width_px - 1 - iris.centre_x if mirrored else iris.centre_x
    return IrisFit(x, iris.centre_y, iris.radius, float("nan"), 1.0, True)


def _shift_to_middle(frame: np.ndarray, fit: IrisFit) -> tuple[int, int]:
    """Return the whole px right and down that bring the iris to the middle; 0 where not found."""
    if not fit.found:
        return 0, 0
    height, width = frame.shape
    return round((width - 1) / 2 - fit.centre_x_px), round((height - 1) / 2 - fit.centre_y_px)


def _move(frame: np.ndarray, right: int, down: int) -> np.ndarray:
    """Return the frame moved by whole px, its border repeated into what comes free."""
    height, width = frame.shape
    kept = frame[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    margins = (max(0, down), max(0, -down), max(0, right), max(0, -right))
    return cv2.copyMakeBorder(kept, *margins, cv2.BORDER_REPLICATE)


def _pad(frame: np.ndarray) -> np.ndarray:
    """Return the frame in the middle of a square, its border repeated: no edge is new."""
    height, width = frame.shape
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    margins = (top, side - height - top, left, side - width - left)
    return cv2.copyMakeBorder(frame, *margins, cv2.BORDER_REPLICATE)
