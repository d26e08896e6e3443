"""What a run will refuse after its raw data were read, known before any work.

The split and the methods' needs depend on ids and labels alone, so that the run's own functions
are called here, the methods' on blank images.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from replication.config import SplitSettings
from replication.errors import DataError
from replication.preprocess.split import label_subsets
from replication.privatize.methods import Method
from replication.records import EyeDataset, Subset
from replication.train.disease_code import check_shared


class BlankGenerator:
    """Stands for any trained generator, one latent and one pixel each.

    Args:
        gallery: the training images.
    """

    def __init__(self, gallery: EyeDataset) -> None:
        self._ill = gallery.identity[gallery.glaucoma]

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return latents of nothing."""
        return np.zeros((len(images), 1)), np.zeros((len(images), 1))

    def decode(self, latent: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
        """Return blank images."""
        return np.zeros((len(latent), 1, 1, 1), np.float32)

    def read_codes(self, images: np.ndarray, identity: np.ndarray, *, k: int) -> np.ndarray:
        """Return code 0 for every image, or raise DataError where no code is shared by k."""
        check_shared(len(np.unique(self._ill)), k=k)
        return np.zeros(len(images), int)

    def list_behind(self, codes: np.ndarray) -> np.ndarray:
        """Return nobody."""
        return np.empty((len(codes), 0), int)

    def draw_images(
        self, codes: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return blank images, and latents of nothing."""
        return np.zeros((len(codes), 1, 1, 1), np.float32), np.zeros((len(codes), 1), np.float32)


def foresee_split(
    table: pd.DataFrame, settings: SplitSettings, *, by_patient: bool
) -> pd.DataFrame | str:
    """Return the readable images' table with its subsets, or why stage 01 will stop."""
    try:
        return label_subsets(table, settings, by_patient=by_patient)
    except DataError as error:
        return str(error)


def foresee_methods(table: pd.DataFrame, methods: Iterable[Method]) -> dict[str, str]:
    """Return why methods will stop, by their names; those that won't are left out.

    Args:
        table: of `foresee_split`.
        methods: to try on its test images.
    """
    test = table["subset"] == Subset.TEST
    known = table["subset"].isin((Subset.TRAIN, Subset.ENROLMENT))
    gallery, faults = _blank(table[known]), {}
    for method in methods:
        try:
            sets = method.privatize(
                _blank(table[test]),
                gallery=gallery,
                generator=BlankGenerator(gallery),
                seed=0,
                draws=1,
            )
            next(iter(sets))
        except DataError as error:
            faults[method.name] = str(error)
    return faults


def _blank(rows: pd.DataFrame) -> EyeDataset:
    """Return blank images of one pixel with the rows' labels."""
    return EyeDataset(
        np.zeros((len(rows), 1, 1, 1), np.float32),
        rows["identity"].to_numpy(np.int32),
        rows["glaucoma"].to_numpy(bool),
        rows["image_id"].to_numpy(np.str_),
    )
