"""The ledger: a file that the hospital keeps of every picture that was ever shown, one JSON a line.

It holds no patient and no picture: a case's code, which the run's secret alone leads back to its
image, the picture's hash, its method and draw. A case that was shown in one form is shown in no other,
whatever method is asked for and whatever was trained again: two forms of a case show more of it than
one.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from replication.errors import SettingsError
from replication.records import to_bytes
from replication.store.files import write_text

SECRET_BYTES = 32
CODE_LETTERS = 16


@dataclass(frozen=True)
class Entry:
    """One picture that was shown."""

    run: str  # hash of the run's secret
    case: str  # of `code_case`
    method: str
    draw: int
    sha256: str  # of the picture's bytes


class Ledger:
    """What was shown before, and what is to be.

    Args:
        file: of the ledger; there may be none yet.
        run: hash of the run's secret.

    Raises:
        SettingsError: when the file is no ledger, or another run's.
    """

    def __init__(self, file: Path, run: str) -> None:
        self._file, self._run = file, run
        self._entries: dict[str, Entry] = {}
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for number, line in enumerate(lines, 1):
            entry = self._read(line, number)
            self._entries[entry.case] = entry

    def allows(self, case: str, sha256: str) -> bool:
        """Return whether a case was never shown, or in this form."""
        known = self._entries.get(case)
        return known is None or known.sha256 == sha256

    def record(self, shown: Iterable[Entry]) -> None:
        """Add what is about to be shown; what is there already stands once. Atomic."""
        self._entries |= {entry.case: entry for entry in shown}
        lines = (json.dumps(asdict(entry), sort_keys=True) for entry in self._entries.values())
        write_text(self._file, "".join(f"{line}\n" for line in lines))

    def _read(self, line: str, number: int) -> Entry:
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise SettingsError(
                f"{self._file}: line {number} is no entry of a ledger; restore the file from a copy, "
                "or a case may be shown in two forms"
            ) from error
        if entry.run != self._run:
            raise SettingsError(
                f"{self._file}: the ledger of another run; give this run's, or another file"
            )
        return entry


def code_case(secret: int, image_id: str) -> str:
    """Return a code of a training image that nobody without the run's secret can lead back to it."""
    key = secret.to_bytes(SECRET_BYTES, "big")
    return hmac.new(key, image_id.encode(), hashlib.sha256).hexdigest()[:CODE_LETTERS]


def hash_picture(image: np.ndarray) -> str:
    """Return the SHA-256 of a picture's bytes; the picture is (H, W, C) in [-1, 1]."""
    return hashlib.sha256(to_bytes(image).tobytes()).hexdigest()
