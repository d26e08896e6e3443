"""What must hold of the split, by image as in the paper (§2.1) or by patient."""

from __future__ import annotations

from validation.expectation import Expectation, expect_between, expect_each, expect_unique

SUBSET_NAMES = ("train", "validation", "test")
ENROLMENT = "enrolment"

LEAST_CHANCE = 1e-5  # ours: one false alarm in tens of thousands of splits
# Ours: rounding moves the patients with glaucoma by less than one, and that validation and test
# have at least one patient of each kind by less than another.
MOST_LABELLED_OFF = 2


def expect_split(*, by_patient: bool) -> tuple[Expectation, ...]:
    """Return what must hold of each image and its subset."""
    names = (*SUBSET_NAMES, ENROLMENT) if by_patient else SUBSET_NAMES
    known = "an image in training or enrolment" if by_patient else "an image in training"
    return (
        expect_each("subset-known", "subset", names, "every image is in a subset"),
        expect_unique(
            "image-in-one-subset", "image_id", "no image is in two subsets, or twice in one"
        ),
        expect_unique("file-in-one-subset", "sha256", "no file's content comes under two names"),
        expect_unique("pixels-in-one-subset", "pixels_sha256", "no two images are the same"),
        expect_each(
            "identities-in-training",
            "identity_in_training",
            (True,),
            f"every identity has {known}",
        ),
        *(_PATIENTS if by_patient else ()),
    )


def expect_subsets(*, by_patient: bool) -> tuple[Expectation, ...]:
    """Return what must hold of each subset as a whole."""
    sizes, balance = _BY_PATIENT if by_patient else _BY_IMAGE
    return (sizes, _LABELS, balance)


_PATIENTS = (
    expect_each(
        "patients-disjoint",
        "subsets_of_patient",
        (1,),
        "the glaucoma network is trained, validated and tested on images of different patients",
    ),
    expect_between(
        "half-enrolled",
        "enrolled_off",
        "of every validation and test patient half of the images are enrolled, to half an image, "
        "and of training patients none",
        min_value=-0.5,
        max_value=0.5,
    ),
)

_LABELS = expect_between(
    "subset-labels",
    "glaucoma_share",
    "every subset, and all together, has images with glaucoma and without",
    min_value=0,
    max_value=1,
    strict_min=True,
    strict_max=True,
)

_BY_IMAGE = (
    expect_between(
        "subset-sizes",
        "images_off",
        "every subset has its share of the images, to one image",
        min_value=-1,
        max_value=1,
    ),
    expect_between(
        "subset-balance",
        "chance_of_share",
        "in every subset glaucoma is as frequent as a random split makes it",
        min_value=LEAST_CHANCE,
    ),
)

_BY_PATIENT = (
    expect_between(
        "subset-patients",
        "patients_off",
        "training, validation and test have their shares of the patients, to one patient",
        min_value=-1,
        max_value=1,
    ),
    expect_between(
        "patients-balanced",
        "glaucoma_patients_off",
        "training, validation and test have their shares of the patients with glaucoma in an eye, "
        f"to {MOST_LABELLED_OFF} patients",
        min_value=-MOST_LABELLED_OFF,
        max_value=MOST_LABELLED_OFF,
    ),
)
