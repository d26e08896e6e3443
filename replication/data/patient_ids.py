"""Find the patient ids that may be one person's, written in several ways.

Two clerks write 7 and 007, P4 and p4, or a letter whole and in parts (Unicode NFC and NFD). Who
takes them for two people counts one twice, and may train and test on the same eyes.
"""

import re
import unicodedata
from collections.abc import Iterable

# Zeros before a number; not those after a decimal point or comma, where they mean something.
_ZEROS = re.compile(r"(?<!\d)(?<!\d[.,])0+(?=\d)")


def fold_id(patient_id: str) -> str:
    """Return an id without what clerks write differently: form, case, blanks, leading zeros."""
    folded = unicodedata.normalize("NFKC", patient_id).casefold()
    whole = unicodedata.normalize("NFKC", folded)
    seen = (c for c in whole if not c.isspace() and unicodedata.category(c) != "Cf")
    return _ZEROS.sub("", "".join(seen))


def group_ids(patient_ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of different ids that are the same when folded, all of them sorted."""
    groups: dict[str, list[str]] = {}
    for patient_id in sorted(set(patient_ids)):
        groups.setdefault(fold_id(patient_id), []).append(patient_id)
    return sorted(tuple(ids) for ids in groups.values() if len(ids) > 1)


def spell_ids(ids: Iterable[str]) -> str:
    """Return the ids of one group, quoted, so that a reader sees where they differ."""
    ids = tuple(ids)
    alike = len({unicodedata.normalize("NFC", each) for each in ids}) < len(ids)
    return " = ".join(map(ascii if alike else repr, ids))
