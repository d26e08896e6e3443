"""Split so that the glaucoma network is trained, validated and tested on different patients.

Departure: in the paper a patient's images are in all three subsets (`replication.split`), so that
a network may know a patient's pathology by the patient. Here each patient is in one of them alone.
What has to know everyone, since it tells or paints identities, stays closed-set: it learns from
`enrolment` too, half of the images of each validation and test patient, which the glaucoma network
never sees. The other half is what it is validated and tested on.

As by image, the split depends on the seed and the image ids alone.
"""

from __future__ import annotations

import numpy as np

from replication.config import SplitSettings
from replication.errors import DataError
from replication.records import Splits
from replication.split_sizes import count_held_out, shuffle_by_id


def split_by_patient(
    image_id: np.ndarray, identity: np.ndarray, glaucoma: np.ndarray, settings: SplitSettings
) -> Splits:
    """Split so that training, validation and test show different patients.

    Steps: order the patients by their first id, shuffle them by the seed, take test and validation
    patients from the front, passing over a patient with an only image; of each patient taken,
    enrol half of the images.

    Args:
        image_id: (N,) unique strings.
        identity: (N,) class of the patient.
        glaucoma: (N,) bool, per eye.
        settings: the subsets' shares of the patients, summing to 1, and the shuffling's seed.

    Returns:
        The rows of each subset, ascending.

    Raises:
        DataError: when ids come twice, or there are too few patients for such a split.
        SettingsError: when the shares are not positive or don't sum to 1.
    """
    shuffled = shuffle_by_id(image_id, seed=settings.seed)
    _, person, images = np.unique(identity, return_inverse=True, return_counts=True)
    ids = np.asarray(image_id, dtype=str)
    first_id = np.array([min(ids[person == patient].tolist()) for patient in range(len(images))])
    has_glaucoma = np.bincount(person, weights=glaucoma, minlength=len(images)) > 0
    order = shuffle_by_id(first_id, seed=settings.seed)
    test, validation = draw_patients(order, has_glaucoma, images, settings)
    held_out = shuffled[np.isin(person[shuffled], np.concatenate([test, validation]))]
    enrolled = enrol_half(held_out, person, glaucoma)
    left = np.setdiff1d(held_out, enrolled)
    return Splits(
        train=np.setdiff1d(shuffled, held_out),
        validation=left[np.isin(person[left], validation)],
        test=left[np.isin(person[left], test)],
        enrolment=np.sort(enrolled),
    )


def draw_patients(
    order: np.ndarray, has_glaucoma: np.ndarray, images: np.ndarray, settings: SplitSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the patients of test and of validation.

    Both have their share of all patients and, as near as can be, of those with glaucoma, and at
    least one patient with and one without.

    Args:
        order: (P,) patients in the order to take them.
        has_glaucoma: (P,) bool, whether any eye has it.
        images: (P,) images of each patient; who has one alone isn't taken.
        settings: the subsets' shares of the patients.

    Raises:
        DataError: when there are too few patients.
        SettingsError: when the shares are not positive or don't sum to 1.
    """
    sizes = np.array(count_held_out(len(order), settings, what="patients"))
    if sizes.min() < 2:
        raise DataError(
            f"split by patient: {len(order)} patients are too few for one with glaucoma and one "
            "without in validation and in test; add patients, or split by image"
        )
    shares = np.array([settings.test, settings.validation])
    ill = np.clip(np.round(shares * has_glaucoma.sum()).astype(int), 1, sizes - 1)
    test, validation = [], []
    for label, wanted in ((True, ill), (False, sizes - ill)):
        of_kind = order[has_glaucoma[order] == label]
        able = of_kind[images[of_kind] > 1]
        _check_enough(len(of_kind), len(able), needed=int(wanted.sum()), glaucoma=label)
        test.append(able[: wanted[0]])
        validation.append(able[wanted[0] : wanted.sum()])
    return np.concatenate(test), np.concatenate(validation)


def _check_enough(patients: int, able: int, *, needed: int, glaucoma: bool) -> None:
    if needed > min(able, patients - 1):
        kind = "with an eye with glaucoma" if glaucoma else "without glaucoma"
        raise DataError(
            f"split by patient: validation and test need {needed} patients {kind} and at least two "
            f"images, and training one more; there are {patients}, {able} of them with two "
            "images: add patients, or split by image"
        )


def enrol_half(rows: np.ndarray, person: np.ndarray, glaucoma: np.ndarray) -> np.ndarray:
    """Return half of each patient's rows, the larger where they are odd; of each label half too.

    Args:
        rows: (M,) row indices in the order to take them.
        person: (N,) number of the patient, in the rows' own order.
        glaucoma: (N,) bool, in the rows' own order.
    """
    grouped = rows[np.lexsort((glaucoma[rows], person[rows]))]
    _, starts, counts = np.unique(person[grouped], return_index=True, return_counts=True)
    place = np.arange(len(grouped)) - np.repeat(starts, counts)
    return grouped[place % 2 == 0]
