"""Circles by hand: where they may lie, and how a table has them."""

import pandas as pd
import pytest

from replication.data.iris_by_hand import Circle, list_circles


@pytest.mark.parametrize(
    ("circle", "inside"),
    [
        ((0, 0, 1), True),
        ((639, 468, 640), True),
        ((640, 100, 50), False),
        ((100, 469, 50), False),
        ((-1, 100, 50), False),
        ((100, -0.5, 50), False),
        ((320, 240, 641), False),
    ],
)
def test_a_circle_lies_in_an_image_by_its_centre(circle: tuple, inside: bool) -> None:
    assert Circle(*circle).lies_in(640, 469) is inside


def test_rows_without_a_circle_have_none() -> None:
    table = pd.DataFrame({"path": ["a", "b"]})
    assert list_circles(table) == [None, None]
    given = table.assign(centre_x=[None, 3], centre_y=[None, 4.5], radius=[None, 2])
    assert list_circles(given.convert_dtypes()) == [None, Circle(3.0, 4.5, 2.0)]
