"""Texts and JSON written whole or not at all, and JSON read with its name in every complaint."""

from __future__ import annotations

import json
from pathlib import Path

from replication.errors import SettingsError

TEMPORARY = ".tmp"
MOST_JSON_BYTES = 2**28  # ours: the largest seen has 60 kB


def write_json(file: Path, content: dict) -> None:
    """Write JSON atomically."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text atomically: under a temporary name, then renamed."""
    temporary = file.with_name(file.name + TEMPORARY)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


def read_json(file: Path) -> dict:
    """Read a JSON file of the run folder.

    Raises:
        SettingsError: when the file is not the JSON it should be.
    """
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"more than {MOST_JSON_BYTES} bytes")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError("expected an object")
    except (ValueError, TypeError, RecursionError) as error:
        raise SettingsError(f"{file}: not readable as JSON ({error}); use --fresh") from error
    return content
