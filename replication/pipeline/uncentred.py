"""Show the images without a centred iris where they are too many, and what to do about them."""

import shutil
from pathlib import Path

import pandas as pd

from replication.data.image_file import read_gray
from replication.data.iris_by_hand import Circle
from replication.errors import DataError
from replication.figures.contact_sheet import draw_contact_sheet
from replication.privatize.blocks import UNCENTRED
from replication.store.files import new_folder
from replication.store.tables import write_table

SHEET, LIST = "sheet.png", "images.csv"
MOST_SHOWN = 40


def show_uncentred(
    images: pd.DataFrame, folder: Path, *, root: Path, white: int, private: bool
) -> str:
    """Write a contact sheet of images and the list of all of them, and return what to do.

    They are numbered as their rows, never named: on the sheet by number alone, and in the list,
    which stays beside it, by number and path.

    Args:
        images: row (from 1, of the preprocessed manifest or of what is privatized) and path.
        folder: in which theirs is made anew.
        root, white: what the paths start from, and the level that is white in all of them.
        private: whether they are of patients, which is then marked.
    """
    place = folder / UNCENTRED
    shutil.rmtree(place, ignore_errors=True)
    frames = []
    for row, path in images[["row", "path"]].head(MOST_SHOWN).itertuples(index=False):
        try:
            frames.append((row, read_gray(root / path, white=white)))
        except DataError:  # it was read before, so that the file is gone since: the list has it
            continue
    with new_folder(place) as partial:
        write_table(images[["row", "path"]], partial / LIST)
        if frames:
            title = f"{len(frames)} of {len(images)} images without a centred iris, by row"
            draw_contact_sheet(frames, partial / SHEET, title=title, private=private)
    return (
        f"look at {place / SHEET} (its numbers are rows of {LIST} beside it), take out what is no "
        f"frame of an eye, give irises by hand ({', '.join(Circle._fields)} in a manifest), or let "
        "more be uncentred by --max-uncentred SHARE"
    )
