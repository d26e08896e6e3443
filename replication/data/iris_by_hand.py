"""Irises that a user's manifest gives by hand, where the finder's are missing or wrong."""

from math import isnan
from typing import NamedTuple

import pandas as pd


class Circle(NamedTuple):
    """The limbus, px; pixel centres are at whole numbers. The fields are the manifest's columns.

    It lies in the image as it is read: turned as its EXIF data say, with its bottom strip, a right
    eye not yet mirrored.
    """

    centre_x: float
    centre_y: float
    radius: float

    def lies_in(self, width_px: int, height_px: int) -> bool:
        """Return whether the centre is in an image and the radius at most its longer side."""
        inside = 0 <= self.centre_x <= width_px - 1 and 0 <= self.centre_y <= height_px - 1
        return inside and self.radius <= max(width_px, height_px)


def list_circles(table: pd.DataFrame) -> list[Circle | None]:
    """Return the circle of each row of a manifest, None where none was given by hand."""
    if Circle._fields[0] not in table:
        return [None] * len(table)
    rows = table[list(Circle._fields)].astype(float).itertuples(index=False, name=None)
    return [None if isnan(x) else Circle(x, y, radius) for x, y, radius in rows]
