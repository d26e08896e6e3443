"""What must hold of the data before anything is trained on it, as plain data.

`validation.gx_runner` judges tables by it. Counts, sizes and shares are those of the paper's §2.1.
"""

from __future__ import annotations

from validation.expectation import (
    Expectation,
    Suite,
    expect_between,
    expect_each,
    expect_equal,
)
from validation.manifest_suites import LABELS, RAW_MANIFEST, Counts, expect_counts, expect_share
from validation.split_suites import expect_split, expect_subsets

# The tables.
RAW, IMAGES, SUBSETS = "raw", "images", "subsets"

LEAST_CENTRED = 0.90  # ours: as often as the published recipe on real eyes
OFF_MIDDLE_PX = 20.0  # ours: of a frame 640 px wide; the fit itself is good to a few px
MOST_STRIPS_SEEN = 0.05  # ours: a strip is in every frame or in none, an edge of a lid in a few
MOST_DIFFERENCE_GREY = 4.0  # ours: beyond what another way of resizing changes


def build_suites(
    *, counts: Counts | None, image_size_px: int, strip_rows: int, by_patient: bool = False
) -> tuple[Suite, ...]:
    """Return all suites.

    Args:
        counts: of Warsaw or the surrogate; None for other data, where what must hold anyway does.
        image_size_px: height and width of a preprocessed image.
        strip_rows: rows of the label strip.
        by_patient: whether the split is by patient, and not by image.
    """
    return (
        Suite("raw-manifest", RAW, "image_id", (*RAW_MANIFEST, *expect_counts(counts))),
        Suite("labels", IMAGES, "image_id", (*LABELS, *expect_share(counts))),
        Suite("crop", IMAGES, "image_id", _expect_crop(strip_rows)),
        Suite("flip", IMAGES, "image_id", _FLIP),
        Suite("centering", IMAGES, "image_id", _CENTERING),
        Suite("pixels", IMAGES, "image_id", _expect_pixels(image_size_px)),
        Suite("split", IMAGES, "image_id", expect_split(by_patient=by_patient)),
        Suite("subsets", SUBSETS, "subset", expect_subsets(by_patient=by_patient)),
    )


def _expect_crop(strip_rows: int) -> tuple[Expectation, ...]:
    return (
        expect_each(
            "strip-cut-by-record",
            "strip_rows_removed",
            (strip_rows,),
            f"{strip_rows} rows were cut off the bottom of every frame",
        ),
        expect_each(
            "strip-cut-by-pixels",
            "shows_cut_frame",
            (True,),
            "every image shows its frame without the label strip, and not with it",
        ),
        expect_each(
            "no-strip-seen",
            "strip_seen",
            (False,),
            "images have no band from side to side along their bottom",
            mostly=1 - MOST_STRIPS_SEEN,
        ),
    )


_FLIP = (
    expect_equal(
        "mirrored-by-record",
        "mirrored",
        "is_right",
        "every right eye is noted as mirrored, and no left one",
    ),
    expect_equal(
        "mirrored-by-pixels",
        "shows_mirrored_frame",
        "is_right",
        "every right eye's image shows its frame mirrored, every left one's as it is",
    ),
)

_CENTERING = (
    expect_each(
        "iris-centred",
        "centred",
        (True,),
        f"measured again on the image, the iris is within {OFF_MIDDLE_PX:.0f} px (of 640) of the "
        f"middle, on at least {LEAST_CENTRED:.0%} of the images",
        mostly=LEAST_CENTRED,
    ),
)


def _expect_pixels(size_px: int) -> tuple[Expectation, ...]:
    return (
        expect_each("image-height", "height_px", (size_px,), f"images are {size_px} px high"),
        expect_each("image-width", "width_px", (size_px,), f"images are {size_px} px wide"),
        expect_each("value-type", "value_type", ("uint8",), "grey values are whole bytes"),
        expect_between("lowest-grey", "lowest_grey", "no grey value is below 0", min_value=0),
        expect_between("highest-grey", "highest_grey", "no grey value is above 255", max_value=255),
        expect_between("not-blank", "grey_span", "no image is of one grey all over", min_value=1),
        expect_between(
            "image-of-its-file",
            "frame_difference_grey",
            f"every image is the one that its file gives, to {MOST_DIFFERENCE_GREY:.0f} grey "
            "levels in the mean",
            max_value=MOST_DIFFERENCE_GREY,
        ),
    )
