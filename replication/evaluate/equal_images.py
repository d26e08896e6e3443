"""What codes and equal images prove: how often anybody at all can name the patient who sees one image.

Where a method has a code, it is all that an image carries of its source (`PrivatizedSet.code`). Else,
whoever sees an image names one patient for it, and the same one for every image that is equal to it,
byte for byte: so which of the different images it is counts as its code, whatever the method, and
`validation.statistics.channel` has the bound. Where as many images of each of K patients are
equal, that is the paper's 1/K (§3); where one patient has more, it is more. Where no two images are
equal nothing is proven.
"""

import numpy as np

from replication.errors import DataError
from replication.records import PrivatizedSet, to_bytes
from validation.statistics.channel import bound_channel


def bound_naming(drawn: PrivatizedSet, identity: np.ndarray) -> float:
    """Return the largest share of images whose patient anyone can name, a fraction in (0, 1].

    It is of these images, seen one at a time; it doesn't bound what several of a patient show.

    Args:
        drawn: one draw of N images, compared as bytes where they have no code.
        identity: (N,) of whose originals they were made.

    Raises:
        DataError: when there are no images.
    """
    if not len(drawn.images):
        raise DataError("largest share: there are no images")
    return bound_channel(identity, code_pictures(drawn)).at_most


def code_pictures(drawn: PrivatizedSet) -> np.ndarray:
    """Return (N,) what pictures carry of their sources: the method's code, or which bytes they are."""
    if drawn.code is not None:
        return drawn.code
    different: dict[bytes, int] = {}
    levels = map(to_bytes, drawn.images)
    return np.array([different.setdefault(one.tobytes(), len(different)) for one in levels])
