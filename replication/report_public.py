"""What a report may tell where its data may be shown to nobody.

A public report holds no picture of an eye: not originals; not blurred images, which can be
recognised and partly undone; not averages of K-Same-Select, which consist of patients' images; not
what PPRL-VGAN makes, in which the replacement patient is recognised (Table 1 has how often, for
each); and no relevance map, which follows the lines of the eye that it explains. It names no
patient, image, file or folder, nor the run, whose folder is called after the data's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from replication.privatize import METHODS
from replication.records import TABLE1_METRICS
from replication.sources import Kind
from replication.table1 import BASELINE

LEFT_OUT = "left out of a public report"
_WORDS = re.compile(r"[a-z][a-z_ ]*")  # a field's name; no number of a patient, no file


def is_public(kind: str) -> bool:
    """Tell whether a report must hold nothing of a patient unless asked to: all but drawn eyes."""
    return kind != Kind.SURROGATE


def keep_numbers(value: object) -> object:
    """Return found values with numbers and the names of methods and metrics, other words left out.

    Args:
        value: as read from JSON.
    """
    if isinstance(value, Mapping):
        return {
            key: keep_numbers(item)
            for key, item in value.items()
            if _is_known(key) or _WORDS.fullmatch(key)
        }
    if isinstance(value, list):
        return [keep_numbers(item) for item in value]
    return value if not isinstance(value, str) or _is_known(value) else LEFT_OUT


def _is_known(word: str) -> bool:
    return word in METHODS or word == BASELINE or word in TABLE1_METRICS
