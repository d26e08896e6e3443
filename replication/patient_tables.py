"""What the suites look at beside `validated_tables` where the split is by patient."""

from __future__ import annotations

import pandas as pd

from replication.config import SplitSettings
from replication.records import Subset
from validation.split_suites import SUBSET_NAMES


def note_patients(images: pd.DataFrame) -> pd.DataFrame:
    """Add what became of each image's patient.

    Args:
        images: one row per image with patient_id and subset.

    Returns:
        The table with subsets_of_patient, in how many of training, validation and test the patient
        has images, and enrolled_off, how many more of the patient's images are enrolled than half
        of them, or than none of a training patient's.
    """
    patient, subset = images["patient_id"], images["subset"]
    seen = subset.where(subset != Subset.ENROLMENT)
    trained_on = (subset == Subset.TRAIN).groupby(patient).transform("any")
    enrolled = (subset == Subset.ENROLMENT).groupby(patient).transform("sum")
    half = patient.groupby(patient).transform("size") / 2
    return images.assign(
        subsets_of_patient=seen.groupby(patient).transform("nunique"),
        enrolled_off=enrolled - half.where(~trained_on, 0.0),
    )


def tabulate_patients(manifest: pd.DataFrame, split: SplitSettings) -> pd.DataFrame:
    """Count the patients of training, validation and test, and of all together.

    Args:
        manifest: of the preprocessed images.
        split: the subsets' shares of the patients.

    Returns:
        One row per subset and one for all: subset, patients_off and glaucoma_patients_off (how many
        more than its share of all patients, and of those with glaucoma in an eye), and
        glaucoma_share of its images.
    """
    ill = manifest.groupby("patient_id")["glaucoma"].any()
    parts = {name: manifest[manifest["subset"] == name] for name in SUBSET_NAMES}
    rows = []
    for name, part in (parts | {"all": manifest}).items():
        share = getattr(split, name, 1.0)
        patients = ill[ill.index.isin(part["patient_id"])]
        rows.append(
            {
                "subset": name,
                "patients_off": len(patients) - share * len(ill),
                "glaucoma_patients_off": float(patients.sum() - share * ill.sum()),
                "glaucoma_share": float(part["glaucoma"].mean()) if len(part) else 0.0,
            }
        )
    return pd.DataFrame(rows)
