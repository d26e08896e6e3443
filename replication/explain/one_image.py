"""Explain one eye image from a file, as the glaucoma network sees it (paper §2.3)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from replication.config import PreprocessSettings
from replication.data.image_file import read_gray
from replication.data.iris_by_hand import Circle
from replication.errors import DataError, SettingsError
from replication.figures.maps import draw_maps, show_map
from replication.preprocess.frame import check_sizes, preprocess_image
from replication.records import CLASS_OF_GLAUCOMA, RelevanceMaps, to_unit_range


def read_frame(
    file: Path,
    *,
    given_as: str,
    eye: str,
    circle: Circle | None,
    settings: PreprocessSettings,
    white: int,
    sizes_px: Collection[tuple[int, int]],
) -> np.ndarray:
    """Return a whole frame as the run's networks know images: (1, S, S, C) float32 in [-1, 1].

    Args:
        file: image of a whole frame, its label strip on, if frames have one.
        given_as: the option or argument, which stands in errors in the place of the file's name.
        eye: 'left' or 'right'.
        circle: that it is centred on, in the place of an iris that would be found.
        settings: of the preprocessing that the networks were trained with.
        white: the level of white of the images that they were trained on.
        sizes_px: (width, height) of the frames that they were trained on.

    Raises:
        DataError: when the file can't be read as an image, its size is not the run's, no iris is
            found where images are centred on one, or the circle that they are centred on is
            missing or outside.
    """
    try:
        frame = read_gray(file, white=white)
        height, width = frame.shape
        if circle and not circle.lies_in(width, height - settings.strip_rows):
            raise DataError(
                f"its circle lies outside the image without its bottom {settings.strip_rows} rows, "
                "or is larger; give it in px of the file"
            )
        gray, facts = preprocess_image(frame, eye=eye, settings=settings, by_hand=circle)
    except DataError as error:
        raise DataError(f"{given_as}: {error}") from error
    check_sizes(pd.DataFrame([vars(facts)]), sizes_px)
    if settings.on_irises and not facts.iris_found:
        raise DataError(
            f"{given_as}: no iris was found, so that the image can't be centred as the run's are: "
            "give the frame of an open eye"
        )
    return np.repeat(to_unit_range(gray)[None, ..., None], settings.channels, axis=-1)


def find_circle(
    given: tuple[float, float, float] | None, settings: PreprocessSettings
) -> Circle | None:
    """Return the circle of one image that the option --circle gives.

    Raises:
        SettingsError: when the run's images aren't centred, or on circles and none is given.
    """
    if given is None and settings.centring == "manifest":
        raise SettingsError(
            "--circle: this run's images are centred on circles, give X Y RADIUS of this one, px"
        )
    if given is None:
        return None
    if settings.centring == "none":
        raise SettingsError("--circle: this run's images are not centred, leave it out")
    circle = Circle(*given)
    if not circle.radius > 0:
        raise SettingsError(f"--circle: expected a radius above 0, got {circle.radius:g}")
    return circle


@dataclass(frozen=True)
class ImageExplanation:
    """The network's prediction for one image and its explanation."""

    glaucoma_probability: float  # in [0, 1]
    explains_glaucoma: bool  # else its absence
    logit: float  # log-odds of the class explained
    empty: bool  # whether the map is empty, since they aren't positive


def explain_one(
    file: Path,
    *,
    eye: str,
    circle: Circle | None,
    settings: PreprocessSettings,
    white: int,
    predict: Callable[[np.ndarray], np.ndarray],
    explain: Callable[..., RelevanceMaps],
    picture: Path,
    sizes_px: Collection[tuple[int, int]],
) -> ImageExplanation:
    """Preprocess an image, explain it and draw what was found, without the file's name.

    Args:
        file: image of a whole frame, its label strip on.
        eye: 'left' or 'right'.
        circle: of `read_frame`.
        settings: of the preprocessing that the network was trained with.
        white: the level of white of the images that the network was trained on.
        predict: (N, S, S, C) images to (N, 2) probabilities.
        explain: of `ExplanationWorker`, for the same network.
        picture: PNG or PDF to write.
        sizes_px: (width, height) of the frames that the network was trained on.

    Raises:
        DataError: when the file can't be read as an image, its size is not the run's, no iris is
            found, or the picture is to be of another kind.
        ExplanationError: when the network can't be explained.
    """
    if picture.suffix not in (".png", ".pdf"):
        raise DataError(f"{picture}: expected a name in .png or .pdf")
    images = read_frame(
        file,
        given_as="--image",
        eye=eye,
        circle=circle,
        settings=settings,
        white=white,
        sizes_px=sizes_px,
    )
    predictions = predict(images)
    relevance = explain(images, predictions=predictions)
    draw_maps(
        [show_map(f"{eye} eye" if settings.mirroring else "image", images, relevance, 0)],
        [picture],
        private=True,
    )
    return ImageExplanation(
        float(predictions[0, CLASS_OF_GLAUCOMA]),
        bool(relevance.neuron[0] == CLASS_OF_GLAUCOMA),
        float(relevance.logit[0]),
        bool(relevance.empty[0]),
    )
