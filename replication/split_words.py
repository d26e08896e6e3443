"""What a run's record and its pages say of a split by patient; by image, as in the paper, nothing."""

from __future__ import annotations

from collections.abc import Mapping

BY_PATIENT = (
    "Split by patient: the glaucoma network never saw the test patients; identity stays closed-set."
)


def name_split(*, by_patient: bool) -> dict[str, str]:
    """Return what a run's description has of it: runs by image are described as they always were."""
    return {"split": "patient"} if by_patient else {}


def is_by_patient(run: Mapping) -> bool:
    """Tell whether a run is split by patient, from its run.json."""
    return run.get("split") == "patient"


def tell_split(*, by_patient: bool) -> str:
    """Return the sentence that a page's heading ends with, a space before it; or nothing."""
    return f" {BY_PATIENT}" if by_patient else ""
