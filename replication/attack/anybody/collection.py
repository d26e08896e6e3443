"""What is handed in: originals, privatized images, and privatized images that attackers learn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from replication.errors import DataError

UNKNOWN = -1  # of a disease


@dataclass(frozen=True)
class Collection:
    """N images and what is known of each; row i of every column is the same image.

    Args:
        name: what errors call it, a file or `originals`.
        patient: (N,) names of the patients.
        load: rows to (R, H, W, C) uint8 or uint16; all images have one size, C is 1 or 3.
        size_px: (H, W).
        white: the level that stands for white; 255 of uint8.
        source: (N,) names of originals (a key of their `rows`); None for originals. Of images that
            attackers learn from it may be None, or blank for some: an original of their own.
        rows: of originals, the row of each name that a source may have.
        draw: (N,) numbers by which releases of one source are ordered; None for the rows' order.
        disease: (N,) 1, 0 or UNKNOWN.
        used: per image, the patients whose images or likeness went in; None where nobody knows.
        locate: where a row stands, for errors.

    Raises:
        DataError: when a column has another length.
    """

    name: str
    patient: np.ndarray
    load: Callable[[np.ndarray], np.ndarray]
    size_px: tuple[int, int]
    disease: np.ndarray
    white: int = 255
    source: Sequence[str] | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    draw: np.ndarray | None = None
    used: Sequence[Sequence[str]] | None = None
    locate: Callable[[int], str] = "row {}".format

    def __post_init__(self) -> None:
        for name in ("disease", "source", "draw", "used"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self):
                raise DataError(
                    f"{self.name}: expected {len(self)} cells of {name}, got {len(column)}"
                )
        if not len(self):
            raise DataError(f"{self.name}: no images")

    def __len__(self) -> int:
        return len(self.patient)

    @classmethod
    def of_arrays(
        cls,
        name: str,
        levels: np.ndarray,
        patient: Sequence[str],
        *,
        source: Sequence[int | str] | None = None,
        draw: Sequence[int] | None = None,
        disease: Sequence[int] | None = None,
        used: Sequence[Sequence[str]] | None = None,
    ) -> Self:
        """Return a collection of images in memory.

        Args:
            name: what errors call it.
            levels: (N, H, W) or (N, H, W, C) uint8 or uint16, C 1 or 3.
            patient: (N,) names of the patients.
            source: (N,) rows of the originals that the images were made of, or names that their
                `rows` has; None for originals.
            draw, disease, used: as the columns of this class, None for not known.

        Raises:
            DataError: when a shape or type is another.
        """
        levels = levels[..., None] if levels.ndim == 3 else levels
        if levels.ndim != 4 or levels.dtype not in (np.uint8, np.uint16):
            raise DataError(
                f"{name}: expected (N, H, W, C) uint8, got {levels.shape} {levels.dtype}"
            )
        if levels.shape[-1] not in (1, 3) or len(levels) != len(patient):
            raise DataError(
                f"{name}: expected as many images of 1 or 3 channels as patients, "
                f"got {levels.shape} and {len(patient)}"
            )
        deep = levels.dtype == np.uint16
        white = (1 << max(8, int(levels.max(initial=0)).bit_length())) - 1 if deep else 255
        return cls(
            name,
            np.asarray(patient, dtype=str),
            lambda rows: levels[rows],
            levels.shape[1:3],
            np.full(len(levels), UNKNOWN) if disease is None else np.asarray(disease),
            white,
            None if source is None else list(map(str, source)),
            {str(row): row for row in range(len(levels))},
            None if draw is None else np.asarray(draw),
            used,
        )
