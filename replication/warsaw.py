"""Turn a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1 into a manifest.

Paper §2.1: images of the device IrisGuard AD100 alone, an identity per patient, glaucoma per
eye.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from replication.warsaw_survey import survey_warsaw

_log = logging.getLogger(__name__)


def read_warsaw(root: Path) -> pd.DataFrame:
    """Return the manifest of a Warsaw folder.

    A patient needs a folder (near-infrared or visible) and a row in the annotations; one whose
    folders hold only other cameras' images is left out without an error.

    Args:
        root: folder that holds `images-NIR` and the annotations file.

    Returns:
        One row per AD100 image, sorted by image_id, with the columns
        `replication.survey.COLUMNS`: image_id and path (POSIX, relative to the root), patient_id
        (four digits), eye (left or right), glaucoma (bool), sha256 (hex).

    Raises:
        DataError: when anything is missing or wrong; the first such thing is named.
    """
    survey = survey_warsaw(root)
    table = survey.require_usable()
    for what, figure in survey.counts:
        _log.info("%s: %d", what, figure)
    return table
