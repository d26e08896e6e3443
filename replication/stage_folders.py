"""Names of the stages' folders, relative to the run's."""

from __future__ import annotations

PREPROCESSED = "01_preprocessed"
VALIDATED = "02_validated"
EVALUATORS = {task: f"03_evaluators/{task}" for task in ("identity", "glaucoma")}
VGAN = "04_vgan"


def privatized_unit(method: str) -> str:
    """Return the folder of one method's privatized sets, relative to the run's."""
    return f"05_privatized/{method}"
