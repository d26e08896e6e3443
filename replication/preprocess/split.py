"""Split the images into training, validation and test (paper §2.1: 65, 15 and 20%).

By image, as in the paper, a patient's images are in all three subsets, so that the identity
evaluator knows everyone.

Departure: by patient, each patient is in one subset alone, so that the glaucoma network can't know
a patient's pathology by the patient. What has to know everyone, since it recognises or paints
identities, stays closed-set: it learns from `enrolment` too, half of the images of each validation
and test patient, which the glaucoma network never gets. It is validated and tested on the other
half.

Both splits depend on the seed and the image ids, and not on the order in which a disk lists files.
"""

import numpy as np
import pandas as pd

from replication.config import SplitSettings
from replication.errors import DataError, SettingsError
from replication.records import Splits, Subset
from validation.expectations.suites import LEAST_CHANCE


def split_dataset(image_id: np.ndarray, identity: np.ndarray, settings: SplitSettings) -> Splits:
    """Split the images at random, every identity keeping at least one image in training.

    Steps: order the images by id, shuffle them by the seed, take test and validation from the
    front, passing over an image that is the last one left of its identity; what was not taken is
    training. So an identity's only image goes to training, and test and validation have exactly
    round(fraction x N) images.

    Args:
        image_id: (N,) unique strings.
        identity: (N,) class of the patient.
        settings: fractions of the three subsets, summing to 1, and the shuffling's seed.

    Returns:
        The rows of each subset, ascending.

    Raises:
        DataError: when ids come twice, or there are too few images for such a split.
        SettingsError: when the fractions are not positive or don't sum to 1.
    """
    test_size, validation_size = count_held_out(len(image_id), settings)
    held_out_size = test_size + validation_size
    spare = len(image_id) - len(np.unique(identity))
    if held_out_size > spare:
        raise DataError(
            f"split: {held_out_size} of {len(image_id)} images are for validation and test, and "
            f"only {spare} can leave training with every identity in it: add images"
        )
    shuffled = shuffle_by_id(image_id, seed=settings.seed)
    held_out = take_spare(shuffled, identity, size=held_out_size)
    return Splits(
        train=np.setdiff1d(shuffled, held_out),
        validation=np.sort(held_out[test_size:]),
        test=np.sort(held_out[:test_size]),
    )


def split_by_patient(
    image_id: np.ndarray, identity: np.ndarray, glaucoma: np.ndarray, settings: SplitSettings
) -> Splits:
    """Split so that training, validation and test show different patients.

    Steps: order the patients by their first id, shuffle them by the seed, take test and validation
    patients from the front, passing over a patient with an only image; of each patient taken,
    enrol half of the images.

    Arguments, result and errors are those of `split_dataset`; fractions are of the patients, and
    glaucoma is (N,) bool, per eye.
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
    others = np.setdiff1d(held_out, enrolled)
    return Splits(
        train=np.setdiff1d(shuffled, held_out),
        validation=others[np.isin(person[others], validation)],
        test=others[np.isin(person[others], test)],
        enrolment=np.sort(enrolled),
    )


def label_subsets(
    table: pd.DataFrame, settings: SplitSettings, *, by_patient: bool
) -> pd.DataFrame:
    """Return a table of images with the columns identity and subset.

    Args:
        table: N rows with image_id, patient_id and glaucoma.
        settings: of the split.
        by_patient: whether the split is by patient, and not by image.

    Raises:
        DataError: when there is no such split, or a subset has one glaucoma label only or, split by
            image, one of them far too rarely, since patients with one image are for training.
    """
    identity = pd.factorize(table["patient_id"], sort=True)[0]
    image_id, glaucoma = table["image_id"].to_numpy(np.str_), table["glaucoma"].to_numpy(bool)
    if by_patient:
        splits = split_by_patient(image_id, identity, glaucoma, settings)
    else:
        splits = split_dataset(image_id, identity, settings)
    table = table.assign(identity=identity)
    for subset, rows in splits.items():
        table.loc[rows, "subset"] = subset.value
    for subset, part in table.groupby("subset"):
        if subset != Subset.ENROLMENT and part["glaucoma"].nunique() < 2:
            raise DataError(
                f"split: the {subset} subset has only eyes with one glaucoma label; "
                "use more images or another --split-seed"
            )
        chance = 1.0 if by_patient else measure_chance(part["glaucoma"], table["glaucoma"])
        if chance < LEAST_CHANCE:
            rates = f"{part['glaucoma'].mean():.0%} of its images, {table['glaucoma'].mean():.0%}"
            raise DataError(
                f"split: the {subset} subset has glaucoma on {rates} of all, as too many patients "
                "of one label have one image, which is for training: add images of these patients"
            )
    return table


def measure_chance(part: pd.Series, whole: pd.Series) -> float:
    """Return the chance of a random part having a fraction of True as far from the whole's.

    On its side, doubled; both are bool.
    """
    from scipy.stats import hypergeom  # takes a second to import

    drawn = hypergeom(len(whole), int(whole.sum()), len(part))
    labelled = int(part.sum())
    return float(min(1.0, 2 * min(drawn.cdf(labelled), drawn.sf(labelled - 1))))


def count_held_out(total: int, settings: SplitSettings, *, what: str = "images") -> tuple[int, int]:
    """Return how many of all images, or patients, are for test and for validation."""
    fractions = (settings.train, settings.validation, settings.test)
    if min(fractions) <= 0 or not np.isclose(sum(fractions), 1.0):
        raise SettingsError(f"split: expected positive fractions that sum to 1, got {fractions}")
    test, validation = round(settings.test * total), round(settings.validation * total)
    if min(test, validation, total - test - validation) < 1:
        raise DataError(
            f"split: {total} {what} are too few for fractions of {fractions}, add {what}"
        )
    return test, validation


def shuffle_by_id(image_id: np.ndarray, *, seed: int) -> np.ndarray:
    """Return the rows in an order that depends on the ids and the seed alone."""
    ids = np.asarray(image_id, dtype=str)
    if len(np.unique(ids)) != len(ids):
        raise DataError("split: an image_id comes twice, ids must be unique")
    return np.random.default_rng(seed).permutation(np.argsort(ids))


def take_spare(rows: np.ndarray, identity: np.ndarray, *, size: int) -> np.ndarray:
    """Return the first rows, in their order, that each spare their identity at least one more.

    Args:
        rows: (N,) row indices in the order to take them.
        identity: (N,) class of the patient, in the rows' own order.
        size: how many to take, at most N less the number of identities.
    """
    _, person = np.unique(identity, return_inverse=True)
    untaken = np.bincount(person)
    taken: list[int] = []
    for row in rows.tolist():
        if len(taken) == size:
            break
        if untaken[person[row]] > 1:
            untaken[person[row]] -= 1
            taken.append(row)
    return np.array(taken, dtype=rows.dtype)


def draw_patients(
    order: np.ndarray, has_glaucoma: np.ndarray, images: np.ndarray, settings: SplitSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the patients of test and of validation.

    Both have their fraction of all patients and, as near as can be, of those with glaucoma, and at
    least one patient with and one without.

    Args:
        order: (P,) patients in the order to take them.
        has_glaucoma: (P,) bool, whether any eye has it.
        images: (P,) images of each patient; who has one alone isn't taken.
        settings: the subsets' fractions of the patients.
    """
    sizes = np.array(count_held_out(len(order), settings, what="patients"))
    if sizes.min() < 2:
        raise DataError(
            f"split by patient: {len(order)} patients are too few for one with glaucoma and one "
            "without in validation and in test; add patients, or split by image"
        )
    fractions = np.array([settings.test, settings.validation])
    labelled = np.clip(np.round(fractions * has_glaucoma.sum()).astype(int), 1, sizes - 1)
    test, validation = [], []
    for label, wanted in ((True, labelled), (False, sizes - labelled)):
        of_kind = order[has_glaucoma[order] == label]
        able = of_kind[images[of_kind] > 1]
        needed = int(wanted.sum())
        if needed > min(len(able), len(of_kind) - 1):
            kind = "with an eye with glaucoma" if label else "without glaucoma"
            raise DataError(
                f"split by patient: validation and test need {needed} patients {kind} and at least "
                f"two images, and training one more; there are {len(of_kind)}, {len(able)} of them "
                "with two images: add patients, or split by image"
            )
        test.append(able[: wanted[0]])
        validation.append(able[wanted[0] : needed])
    return np.concatenate(test), np.concatenate(validation)


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
