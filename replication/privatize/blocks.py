"""Privatize any number of images block by block, in memory that their number doesn't change.

Writes, in the given folder, `blocks.json` (what the blocks are made of) and one folder per block:
`draw-0.npy` ..., `used-0.npy` ... and `code-0.npy` ... as in stage 05, and `images.csv`: which row is which image,
whether the run knows its patient, and what was found in its frame; and `uncentred`, where too many
images are without an iris, with what the caller shows of them. A block appears when it is
complete, and is not made again. The bytes are those of all images in one go. Where DICOM is wanted, too, a
block has what `replication.privatize.dicom_objects` writes.
"""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from replication.errors import DataError, SettingsError
from replication.privatize.dicom_objects import write_each
from replication.privatize.draws import BLOCK_IMAGES
from replication.privatize.methods import Method
from replication.records import EyeDataset, Generator
from replication.store.arrays import save_privatized
from replication.store.files import new_folder, read_json, write_json
from replication.store.tables import read_table, write_table
from validation.expectations.suites import MOST_UNCENTRED

RECORD, IMAGES = "blocks.json", "images.csv"
UNCENTRED = "uncentred"  # the folder of images without a centred iris
UNKNOWN = -1  # the identity of a patient whom the run doesn't know
FOUND = ("iris_found", "frame_width_px", "frame_height_px")  # of `ImageFacts`
COLUMNS = ("image_id", "path", "patient_known", *FOUND)

_LOG = logging.getLogger(__name__)


@dataclass
class BlockCounts:
    """What the blocks hold, in images."""

    images: int = 0
    unknown_patients: int = 0  # of patients whom the run doesn't know
    without_iris: int = 0  # not centred, since no iris was found

    def add(self, table: pd.DataFrame) -> None:
        """Count the images of one more block by its `images.csv`."""
        self.images += len(table)
        self.unknown_patients += int((~table["patient_known"]).sum())
        self.without_iris += int((~table["iris_found"]).sum())


def privatize_blocks(
    table: pd.DataFrame,
    folder: Path,
    *,
    request: dict,
    read_images: Callable[[pd.DataFrame], tuple[EyeDataset, pd.DataFrame]],
    method: Method,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    max_uncentred: float = MOST_UNCENTRED,
    as_dicom: bool = False,
    on_images: Callable[[int], None] = lambda images: None,
    on_uncentred: Callable[[pd.DataFrame, Path], str] = lambda images, folder: "",
) -> BlockCounts:
    """Privatize the images of a table into blocks in the folder, and count what they hold.

    Args:
        table: one row per image, of which `image_id` and `path` are kept.
        folder: made where missing; what is there must come of the same request.
        request: what identifies gallery, networks, images and draws.
        read_images: returns the images of some rows of the table, all of them, and the columns
            FOUND of each; an identity may be UNKNOWN.
        method, gallery, generator, seed, draws: of the registry, and as its `privatize` takes them.
        max_uncentred: of all images, the share that may be without an iris.
        as_dicom: whether the images are written as DICOM objects, too.
        on_images: called with the number of images of each block that is done.
        on_uncentred: called with row (from 1, in the table) and path of the images without an iris,
            once they are too many, and with the folder; returns what to do about them.

    Raises:
        DataError: when more images are without an iris than `max_uncentred`; their block is not
            made.
        SettingsError: when the folder holds something else.
    """
    if as_dicom:
        request = request | {"dicom": True}
    _open_folder(folder, request | {"columns": list(COLUMNS)})
    root = json.dumps([seed, request], sort_keys=True)
    counts, without_iris = BlockCounts(), []
    given = {"gallery": gallery, "generator": generator, "seed": seed, "draws": draws}
    for start in range(0, len(table), BLOCK_IMAGES):
        rows = table.iloc[start : start + BLOCK_IMAGES]
        block = folder / f"images-{start:09d}"
        if block.exists():
            listed = read_table(block / IMAGES, text=("image_id", "path"))
            counts.add(listed)
            without_iris.append(_number_uncentred(listed, start))
        else:
            if method.is_drawn:
                given["first_block"] = start // BLOCK_IMAGES
            dataset, found = read_images(rows)
            known = dataset.identity != UNKNOWN
            listed = rows.assign(patient_known=known, **{name: found[name].array for name in FOUND})
            counts.add(listed)
            without_iris.append(_number_uncentred(listed, start))
            if counts.without_iris / len(table) > max_uncentred:
                ways = on_uncentred(pd.concat(without_iris), folder)
                _refuse_irises(counts, len(table), max_uncentred, ways)
            sets = method.privatize(dataset, **given)
            with new_folder(block) as partial:
                if as_dicom:
                    place = {"image_ids": rows["image_id"], "root": root, "first_row": start}
                    sets = write_each(sets, partial, **place)
                save_privatized(partial, sets)
                write_table(listed[list(COLUMNS)], partial / IMAGES)
        on_images(len(rows))
    return counts


def _open_folder(folder: Path, request: dict) -> None:
    """Make the folder, or check that what is in it comes of the same request."""
    record = folder / RECORD
    shutil.rmtree(folder / UNCENTRED, ignore_errors=True)
    if not (folder.exists() and any(file != record for file in folder.iterdir())):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(record, request)
        return
    if not record.exists():
        raise SettingsError(f"{folder}: holds other files; choose another --out")
    before = read_json(record)
    if differing := sorted(k for k in before | request if before.get(k) != request.get(k)):
        raise SettingsError(
            f"{folder}: holds blocks of something else ({', '.join(differing)}); "
            "choose another --out"
        )


def _number_uncentred(block: pd.DataFrame, start: int) -> pd.DataFrame:
    """Return row (from 1) and path of a block's images without an iris, and log the paths.

    Args:
        block: its rows, with iris_found.
        start: place of the first one among all images.
    """
    rows = block["path"].reset_index(drop=True)[~block["iris_found"].to_numpy()]
    for path in rows:
        _LOG.debug("%s: no iris found", path)
    return pd.DataFrame({"row": rows.index + start + 1, "path": rows})


def _refuse_irises(counts: BlockCounts, images: int, limit: float, ways: str) -> None:
    """Raise DataError: of so many images, more than the limit allows are without an iris."""
    raise DataError(
        f"no iris was found in {counts.without_iris} of {images} images, expected one in at least "
        f"{100 - 100 * limit:g}%: {ways or 'take out what is no frame of an eye'} "
        "(cli.py -vv names the files)"
    )


def name_classes(
    patients: pd.Series,
    classes: dict[str, int],
    *,
    method: Method,
    numbered: bool = False,
    allow_unknown: bool = False,
) -> np.ndarray:
    """Return each image's class in the run by its patient, UNKNOWN where the run has no such one.

    Args:
        patients: of each image, as the user spells them.
        classes: of the run's patients, as the run spells them.
        method: that the images are to be privatized by.
        numbered: whether the run's patients have numbers, so that `3` and `0003` are one.
        allow_unknown: whether a method of others' images alone goes without knowing who is other.

    Raises:
        DataError: when the run doesn't know a patient and the method has to.
    """
    if numbered:
        patients = patients.map(drop_zeros)
        classes = {drop_zeros(patient): number for patient, number in classes.items()}
    found = patients.map(classes)
    if unknown := int(found.isna().sum()):
        sentence = f"the run doesn't know the patients of {unknown} of {len(found)} images, and "
        if method.painted > 1:
            raise DataError(
                f"{sentence}{method.name} paints the original identity too: use a method that "
                "doesn't, or the patient_id that the run's data has"
            )
        if method.others_only and not allow_unknown:
            raise DataError(
                f"{sentence}{method.name} has to leave a patient's own images out: use the "
                "patient_id that the run's data has, or --unknown-patients if they are new patients"
            )
    return found.fillna(UNKNOWN).to_numpy(np.int32)


def drop_zeros(patient: str) -> str:
    """Return a patient's number as it is written without leading zeros; other ids as they are."""
    number = patient.strip()
    return number.lstrip("0") or "0" if number.isascii() and number.isdigit() else patient
