"""Five splits by patient in which every patient is tested once (cross-fitting).

Each has the fractions of the paper's split (§2.1: 65, 15 and 20%), of patients, and as near as can
be of those with glaucoma. For the glaucoma network alone: whoever is tested is unknown, so nobody
is enrolled.
"""

import numpy as np

from replication.errors import DataError
from replication.preprocess.split import shuffle_by_id
from replication.records import Splits

FOLDS = 5
QUARTERS = 4  # of a fold; three of the next fold's validate


def fold_by_patient(
    image_id: np.ndarray, identity: np.ndarray, glaucoma: np.ndarray, *, seed: int
) -> list[Splits]:
    """Split the images five times, the patients of each test being others.

    Steps: order the patients by their first id and shuffle them; deal those with glaucoma in an
    eye, then the others, to the folds in turn, and within a fold to its quarters. In split k fold k
    is tested, three quarters of the fold after it validate, and the rest is trained on.

    Args:
        image_id: (N,) unique strings.
        identity: (N,) class of the patient.
        glaucoma: (N,) bool, per eye.
        seed: of the shuffling.

    Returns:
        Five splits; each image is in one test subset, and in three or four training subsets.

    Raises:
        DataError: when ids come twice, or a fold would have patients of one label alone.
    """
    names, person = np.unique(identity, return_inverse=True)
    ids = np.asarray(image_id, dtype=str)
    if len(np.unique(ids)) != len(ids):
        raise DataError("folds by patient: an image_id comes twice, ids must be unique")
    first_id = np.array([min(ids[person == patient].tolist()) for patient in range(len(names))])
    order = shuffle_by_id(first_id, seed=seed)
    ill = np.bincount(person, weights=glaucoma, minlength=len(names)) > 0
    if min(ill.sum(), (~ill).sum()) < FOLDS:
        raise DataError(
            f"folds by patient: {FOLDS} folds need as many patients with glaucoma in an eye and as "
            f"many without; there are {ill.sum()} and {(~ill).sum()}: add patients"
        )
    place = np.empty(len(names), dtype=np.intp)
    for label in (True, False):
        of_kind = order[ill[order] == label]
        place[of_kind] = np.arange(len(of_kind))
    fold, quarter = place % FOLDS, place // FOLDS % QUARTERS
    return [_split(fold[person], quarter[person], number) for number in range(FOLDS)]


def _split(fold: np.ndarray, quarter: np.ndarray, number: int) -> Splits:
    """Return the split that tests one fold; fold and quarter are (N,), of each image's patient."""
    test = fold == number
    validation = (fold == (number + 1) % FOLDS) & (quarter < QUARTERS - 1)
    train = ~(test | validation)
    return Splits(*(np.flatnonzero(rows) for rows in (train, validation, test)))
