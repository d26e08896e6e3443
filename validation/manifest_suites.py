"""What must hold of the manifests: counts of the data, labels as they were read (paper §2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from validation.expectation import Expectation, expect_each, expect_equal, expect_unique

LEAST_KEPT = 0.99  # ours: preprocessing leaves out at most 1% of the files
SHARE_TOLERANCE = 0.01  # ours: what the files left out can move it by


@dataclass(frozen=True)
class Counts:
    """What a data set holds where that is known beforehand."""

    images: int
    patients: int
    glaucoma_images: int


RAW_MANIFEST = (
    *(
        Expectation(
            f"{column.replace('_', '-')}-given",
            "expect_column_values_to_not_be_null",
            f"every image has its {column}",
            {"column": column},
        )
        for column in ("image_id", "path", "patient_id", "eye", "glaucoma")
    ),
    expect_unique("raw-images-differ", "image_id", "no image comes twice among the files"),
    expect_each("eye-left-or-right", "eye", ("left", "right"), "every eye is left or right"),
    Expectation(
        "two-patients-or-more",
        "expect_column_unique_value_count_to_be_between",
        "identities can be told apart: there are at least two patients",
        {"column": "patient_id", "min_value": 2},
    ),
    Expectation(
        "both-labels",
        "expect_column_unique_value_count_to_be_between",
        "there are images with glaucoma and images without, and no third label",
        {"column": "glaucoma", "min_value": 2, "max_value": 2},
    ),
    expect_each(
        "images-kept",
        "kept",
        (True,),
        f"at least {LEAST_KEPT:.0%} of the images could be read and preprocessed",
        mostly=LEAST_KEPT,
    ),
    expect_each("patients-kept", "patient_kept", (True,), "no patient was lost in preprocessing"),
)


def expect_counts(counts: Counts | None) -> tuple[Expectation, ...]:
    """Expect the raw manifest to have the known counts, or nothing where none are known."""
    if counts is None:
        return ()
    known = {"min_value": counts.patients, "max_value": counts.patients}
    labelled = {"min_value": counts.glaucoma_images, "max_value": counts.glaucoma_images}
    return (
        Expectation(
            "images-counted",
            "expect_table_row_count_to_equal",
            f"there are {counts.images} images",
            {"value": counts.images},
        ),
        Expectation(
            "patients-counted",
            "expect_column_unique_value_count_to_be_between",
            f"there are {counts.patients} patients",
            {"column": "patient_id", **known},
        ),
        Expectation(
            "glaucoma-counted",
            "expect_column_sum_to_be_between",
            f"{counts.glaucoma_images} images have glaucoma",
            {"column": "glaucoma", **labelled},
        ),
    )


LABELS = (
    expect_equal("patients-as-read", "patient_id", "raw_patient_id", "images keep their patient"),
    expect_equal("eyes-as-read", "eye", "raw_eye", "images keep their side"),
    expect_equal(
        "glaucoma-as-read", "glaucoma", "raw_glaucoma", "images keep their glaucoma label"
    ),
    expect_equal(
        "identities-are-patients",
        "identity",
        "expected_identity",
        "identities count the patients in their order, from 0",
    ),
)


def expect_share(counts: Counts | None) -> tuple[Expectation, ...]:
    """Expect the preprocessed images to have the known share of glaucoma."""
    if counts is None:
        return ()
    share = counts.glaucoma_images / counts.images
    limits = {"min_value": share - SHARE_TOLERANCE, "max_value": share + SHARE_TOLERANCE}
    return (
        Expectation(
            "glaucoma-share",
            "expect_column_mean_to_be_between",
            f"over all images, {share:.1%} have glaucoma",
            {"column": "glaucoma", **limits},
        ),
    )
