"""What equal images prove: how often anybody at all can name the patient who sees one image.

Whoever sees an image names one patient for it, and the same one for every image that is equal to it,
byte for byte. So of equal images no more are named rightly than the most that are of one patient,
whatever the attacker has learned: the largest share. Where as many images of each of K patients are
equal, that is the paper's 1/K (§3); where one patient has more, it is more. Where no two images are
equal nothing is proven.
"""

import numpy as np

from replication.errors import DataError
from replication.records import to_bytes


def bound_naming(images: np.ndarray, identity: np.ndarray) -> float:
    """Return the largest share of images whose patient anyone can name, a fraction in (0, 1].

    It is of these images, seen one at a time; it doesn't bound what several of a patient show.

    Args:
        images: (N, H, W, C) privatized images in [-1, 1], compared as bytes.
        identity: (N,) of whose originals they were made.

    Raises:
        DataError: when there are no images.
    """
    if not len(images):
        raise DataError("largest share: there are no images")
    groups: dict[bytes, int] = {}
    rows = [groups.setdefault(to_bytes(image).tobytes(), len(groups)) for image in images]
    patients, columns = np.unique(identity, return_inverse=True)
    counts = np.zeros((len(groups), len(patients)), int)
    np.add.at(counts, (rows, columns), 1)
    return find_largest_share(counts)


def find_largest_share(counts: np.ndarray) -> float:
    """Return the share of images that naming each group's largest member names rightly.

    Args:
        counts: (G, P) how many images of each patient are in each group of equal images.
    """
    return float(counts.max(axis=1).sum() / counts.sum())
