"""The form in which each case is released: one picture of every training image, and whether it may be shown.

All pictures of a method are drawn and gated once, and kept in the run: a case has the same form in
every answer, so that many queries show no more of it than one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from replication.records import to_bytes, to_unit_range
from replication.store.tables import read_table, write_table

PICTURES, TABLE, WITHOUT = "pictures.npy", "cases.csv", "without-sign.npy"


@dataclass(frozen=True)
class ReleasedCases:
    """One picture of each of the N training images."""

    images: np.ndarray  # (N, H, W, C) float32 in [-1, 1]
    draw: np.ndarray  # (N,) which draw of the method it is
    refusal: np.ndarray  # (N,) why it isn't shown, of `gate.Refusal`; empty where it may be
    alike: np.ndarray  # (N,) how many patients have the same picture, or one of the same code
    code: np.ndarray  # (N,) integers, what each carries of its source (`gate.code_pictures`)
    # (N, H, W, C) the same drawn eyes with code 0, without a sign; None where nothing is drawn so.
    without_sign: np.ndarray | None = None

    @property
    def passed(self) -> np.ndarray:
        """(N,) bool: which may be shown."""
        return self.refusal == ""


def save_cases(folder: Path, cases: ReleasedCases) -> None:
    """Write released cases into a folder, their pictures as bytes."""
    np.save(folder / PICTURES, to_bytes(cases.images), allow_pickle=False)
    if cases.without_sign is not None:
        np.save(folder / WITHOUT, to_bytes(cases.without_sign), allow_pickle=False)
    columns = {
        "draw": cases.draw,
        "refusal": cases.refusal,
        "alike": cases.alike,
        "code": cases.code,
    }
    write_table(pd.DataFrame(columns), folder / TABLE)


def load_cases(folder: Path) -> ReleasedCases:
    """Read released cases back."""
    table = read_table(folder / TABLE, text=("refusal",))
    images, without = (
        to_unit_range(np.load(folder / name, allow_pickle=False))
        if (folder / name).exists()
        else None
        for name in (PICTURES, WITHOUT)
    )
    return ReleasedCases(
        images,
        table["draw"].to_numpy(np.intp),
        table["refusal"].fillna("").to_numpy(np.str_),
        table["alike"].to_numpy(np.intp),
        table["code"].to_numpy(np.intp),
        without,
    )
