"""Commands as they were typed, and as they are to be typed next."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click


def name_command(instead: str | None = None) -> str:
    """Return this command as it was typed, but for --fresh, so that it goes on with the run.

    Args:
        instead: another command's name to put in its place.
    """
    words = [word for word in sys.argv[1:] if word != "--fresh"]
    typed = click.get_current_context().info_name
    if instead and typed in words:
        words[words.index(typed)] = instead
    return spell_command(*words)


def spell_command(*words: str | Path) -> str:
    """Return a command of this program as it is to be typed, the program as it was."""
    script = sys.argv[0]
    program = [sys.orig_argv[0], script] if script.endswith(".py") else [script]
    return shlex.join([*program, *map(str, words)])
