"""The tables that the suites are about: the raw manifest, one row per image, one row per subset.

What preprocessing noted of an image stands in its row beside what is measured here on the image
and on its file.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.config import PreprocessSettings, SplitSettings
from replication.data.image_file import read_levels, scale_levels
from replication.data.patient_ids import fold_id
from replication.errors import DataError, Sentence
from replication.preprocess.frame import BY_HAND
from replication.preprocess.split import measure_chance
from replication.records import Subset
from replication.store.arrays import find_white_level
from replication.system.processes import advance_each, spread
from replication.validate.frame_checks import compare_with_frame, find_strip, measure_offset
from validation.expectations.suites import MOST_OFFSET_PX, SUBSET_NAMES

REFERENCE_WIDTH_PX = 640  # of the frame that offsets from the middle are given for
RAW_LABELS = ("patient_id", "eye", "glaucoma")
NOTED = (
    "path",
    "is_right",
    "shift_x_px",
    "shift_y_px",
    "frame_width_px",
    "frame_height_px",
    "strip_rows_removed",
    "white_level",
    "iris_evidence",
    "iris_centre_x_px",
    "iris_centre_y_px",
)
CHUNK = 16


def tabulate_raw(raw: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the raw manifest with the columns kept, patient_kept (bool) and ids_of_patient.

    The last is the number of ids that may be the patient's, the own one among them.
    """
    person = raw["patient_id"].map(fold_id, na_action="ignore")
    return raw.assign(
        kept=raw["image_id"].isin(manifest["image_id"]),
        patient_kept=raw["patient_id"].isin(manifest["patient_id"]),
        ids_of_patient=raw["patient_id"].groupby(person).transform("nunique"),
    )


def tabulate_images(
    images: np.ndarray,
    manifest: pd.DataFrame,
    raw: pd.DataFrame,
    root: Path,
    *,
    steps: PreprocessSettings,
    workers: int,
    on_image: Callable[[], None] | None = None,
) -> pd.DataFrame:
    """Measure every preprocessed image, alone and against its file.

    Args:
        images: (N, H, W) as preprocessing stored them.
        manifest: their N rows.
        raw, root: as the reader of the data gives them; the files are read only.
        steps: of the preprocessing.
        workers: processes that measure; the table is the same for any number.
        on_image: called after each image, for a progress bar.

    Returns:
        The N rows of the manifest with the columns that the suites on images use.

    Raises:
        DataError: when the images are not (N, H, W), or a file can't be read any more.
    """
    if images.ndim != 3 or len(images) != len(manifest):
        raise DataError(
            f"preprocessed images: expected ({len(manifest)}, height, width), one per row of their "
            f"manifest, got {images.shape}; preprocess again"
        )
    labels = raw.drop_duplicates("image_id").set_index("image_id")[list(RAW_LABELS)]
    read = labels.reindex(manifest["image_id"]).add_prefix("raw_").reset_index(drop=True)
    known_by = manifest["subset"].isin((Subset.TRAIN, Subset.ENROLMENT))
    known = manifest.loc[known_by, "identity"]
    noted = manifest.reset_index(drop=True).assign(
        is_right=(read["raw_eye"] == "right").to_numpy() & steps.mirroring,
        expected_identity=pd.factorize(manifest["patient_id"], sort=True)[0],
        identity_in_training=manifest["identity"].isin(known).to_numpy(),
        white_level=find_white_level(manifest),
    )
    tasks = list(zip(images, noted[list(NOTED)].to_dict("records"), strict=True))
    rows = spread(partial(_measure, root, steps), tasks, workers=workers, chunk=CHUNK)
    measured = pd.DataFrame(list(advance_each(rows, on_image)), index=noted.index)
    for common, column in (("size_of_most", "file_size"), ("turn_of_most", "file_turn")):
        measured[common] = measured[column] == measured[column].mode().iloc[0]
    return pd.concat([noted, read, measured], axis=1)


def note_patients(images: pd.DataFrame) -> pd.DataFrame:
    """Add what became of each image's patient to one row per image with patient_id and subset.

    The columns are subsets_of_patient, in how many of training, validation and test the patient has
    images, and enrolled_error, how many more of the patient's images are enrolled than half of
    them, or than none of a training patient's.
    """
    patient, subset = images["patient_id"], images["subset"]
    used = subset.where(subset != Subset.ENROLMENT)
    trained_on = (subset == Subset.TRAIN).groupby(patient).transform("any")
    enrolled = (subset == Subset.ENROLMENT).groupby(patient).transform("sum")
    half = patient.groupby(patient).transform("size") / 2
    return images.assign(
        subsets_of_patient=used.groupby(patient).transform("nunique"),
        enrolled_error=enrolled - half.where(~trained_on, 0.0),
    )


def tabulate_subsets(manifest: pd.DataFrame, split: SplitSettings) -> pd.DataFrame:
    """Count the images and the glaucoma of each subset, and of all together.

    Returns:
        One row per subset and one for all: subset, glaucoma_fraction, images_error (how many more
        than its fraction of the images) and chance_of_fraction (of a random split giving a
        glaucoma fraction at least as far from the one of all images, on its side, doubled).
    """
    rows = []
    for row, part, fraction in _list_subsets(manifest, split):
        row["images_error"] = len(part) - fraction * len(manifest)
        chance = measure_chance(part["glaucoma"], manifest["glaucoma"])
        rows.append(row | {"chance_of_fraction": chance})
    return pd.DataFrame(rows)


def tabulate_patients(manifest: pd.DataFrame, split: SplitSettings) -> pd.DataFrame:
    """Count the patients of training, validation and test, and of all together.

    Returns:
        One row per subset and one for all: subset, glaucoma_fraction of its images, patients_error
        and glaucoma_patients_error (how many more than its fraction of all patients, and of those
        with glaucoma in an eye).
    """
    has_glaucoma = manifest.groupby("patient_id")["glaucoma"].any()
    rows = []
    for row, part, fraction in _list_subsets(manifest, split):
        patients = has_glaucoma[has_glaucoma.index.isin(part["patient_id"])]
        error = float(patients.sum() - fraction * has_glaucoma.sum())
        row["patients_error"] = len(patients) - fraction * len(has_glaucoma)
        rows.append(row | {"glaucoma_patients_error": error})
    return pd.DataFrame(rows)


def _list_subsets(
    manifest: pd.DataFrame, split: SplitSettings
) -> Iterator[tuple[dict, pd.DataFrame, float]]:
    """Yield of each subset, and of all, the first cells of its row, its images, its fraction."""
    for name in (*SUBSET_NAMES, "all"):
        part = manifest if name == "all" else manifest[manifest["subset"] == name]
        mean = float(part["glaucoma"].mean()) if len(part) else 0.0
        yield {"subset": name, "glaucoma_fraction": mean}, part, getattr(split, name, 1.0)


def _measure(root: Path, steps: PreprocessSettings, task: tuple[np.ndarray, dict]) -> dict:
    """Measure one image, alone and against its file; of its row in the manifest, NOTED is given."""
    image, noted = task
    try:
        levels, header = read_levels(root / noted["path"])
        frame = scale_levels(levels, header, white=noted["white_level"])
    except DataError as error:
        sentence = f"{{}}: {error}; restore it"
        raise DataError(Sentence(sentence, repr(noted["path"]), "an image")) from error
    frame_px = noted["frame_width_px"], noted["frame_height_px"]
    agreement = compare_with_frame(
        image,
        frame,
        strip_rows=steps.strip_rows,
        is_right=noted["is_right"],
        shift=(noted["shift_x_px"], noted["shift_y_px"]),
        padded=steps.resizing == "pad",
    )
    lowest, highest = float(image.min()), float(image.max())
    looked_for = {}  # of what the run's steps promise
    if steps.strip_rows:
        looked_for["strip_found"] = find_strip(image)
    if steps.centring != "none":
        looked_for["centred"] = _is_centred(image, noted, steps)
    return (
        asdict(agreement)
        | looked_for
        | {
            "file_size": "{}x{}".format(*header.size_px),
            "file_turn": header.turn,
            "size_as_noted": header.size_px == frame_px,
            "height_px": image.shape[0],
            "width_px": image.shape[1],
            "value_type": str(image.dtype),
            "lowest_gray": lowest,
            "highest_gray": highest,
            "gray_span": highest - lowest,
            "pixels_sha256": hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest(),
        }
    )


def _is_centred(image: np.ndarray, noted: dict, steps: PreprocessSettings) -> bool:
    """Find the iris again; where it isn't found, it isn't in the middle.

    Of one given by hand the user's circle is what has to be in the middle, wherever the finder finds
    one; `compare_with_frame` shows whether the image was moved as noted.
    """
    width_px = noted["frame_width_px"]
    height_px = noted["frame_height_px"] - noted["strip_rows_removed"]
    if noted["iris_evidence"] == BY_HAND:
        offset_px = (
            noted["iris_centre_x_px"] + noted["shift_x_px"] - (width_px - 1) / 2,
            noted["iris_centre_y_px"] + noted["shift_y_px"] - (height_px - 1) / 2,
        )
    else:
        gray = np.clip(np.nan_to_num(image), 0, 255).astype(np.uint8)
        shown = max(width_px, height_px) if steps.resizing == "pad" else None
        offset_px = measure_offset(gray, width_px=shown or width_px, height_px=shown or height_px)
    if offset_px is None:
        return False
    return bool(np.hypot(*offset_px) * REFERENCE_WIDTH_PX / width_px <= MOST_OFFSET_PX)
