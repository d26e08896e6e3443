"""What a set reveals, by hand: its numbers decide whether patients' data are shared."""

import numpy as np
import pandas as pd
import pytest

from replication.records import EyeDataset, PrivatizedSet, to_unit_range
from replication.results.export import Leaks, measure_leaks

METHOD, PATIENTS, SIDE = "k-same-3", 8, 8


def draw_flat(levels) -> np.ndarray:
    """Return an image of each gray level."""
    return to_unit_range(np.array(levels)[:, None, None, None] * np.ones((1, SIDE, SIDE, 3)))


def measure(*, used: int | None = 3, one_pixel: float = 0) -> Leaks:
    """Measure five images with so many identities used each."""
    identity = np.arange(PATIENTS)
    training = EyeDataset(draw_flat([0, 200] * 4), identity, identity < 4, identity.astype(str))
    images = draw_flat([0, 0.6, 7, 40, 100])
    images[0, 3, 5] = to_unit_range(np.array(one_pixel))
    classes = None if used is None else np.tile(np.arange(used) % PATIENTS, (5, 1))
    predictions = pd.DataFrame({"identity": [0, 1, 2, 3, 4], "predicted_identity": [0, 1, 2, 0, 0]})
    predictions["replacement_shown"] = None if used is None else [True, False, False, False, False]
    others = predictions.assign(method="blur-3", predicted_identity=7, replacement_shown=None)
    return measure_leaks(
        PrivatizedSet(METHOD, 0, images, classes),
        pd.concat([others, predictions.assign(method=METHOD)], ignore_index=True),
        training=training,
        originals=draw_flat([3, 10, 60]),
        identities=PATIENTS,
    )


def test_what_is_named_and_how_near_it_is():
    leaks = measure()
    assert (leaks.identity, leaks.identity_chance) == (3 / 5, 1 / 8)
    assert (leaks.replacement, leaks.replacement_chance) == (1 / 5, 3 / 8)
    # The medians; the means are 29.5 and 24.3.
    assert (leaks.nearest, leaks.nearest_original) == pytest.approx((7, 10), abs=1e-4)
    assert str(leaks) == (
        f"{METHOD}: the identity network names the patient in 60.0% of the images (guessing: "
        "12.5%), one whose likeness went in 20.0% (guessing: 37.5%); the nearest training image is "
        "7.0 gray levels away, the median (test originals: 10.0), 1 are copies of one"
    )


def test_a_guess_at_more_identities_than_there_are_is_always_right():
    assert measure(used=10).replacement_chance == 1


def test_where_nobody_else_went_in_there_is_no_chance_of_it():
    leaks = measure(used=None)
    assert (leaks.replacement, leaks.replacement_chance) == (None, None)
    assert "nobody else's likeness went in; the" in str(leaks)


# One pixel of 64: the image is an eighth of its error away, the next image 0.6.
@pytest.mark.parametrize(("one_pixel", "copies"), [(0, 1), (1, 1), (3.9, 1), (4.1, 0)])
def test_rounding_makes_no_other_image_of_a_copy(one_pixel, copies):
    assert measure(one_pixel=one_pixel).copies == copies
