"""Errors that a user can act on; the command line prints one line and ends with the exit code."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Sentence:
    """A sentence about a user's data; `str` is without the words of the data, which name patients.

    Args:
        text: with one `{}` where the words stand, if there are any.
        names: names of files and folders, ids, cells: for `-vv` and `data doctor` alone.
        instead: what stands in their place, such as how many there are.
    """

    text: str
    names: str = field(default="", repr=False)
    instead: str = ""
    named_by: ClassVar[str] = "cli.py -vv"

    def __str__(self) -> str:
        if not self.names:
            return self.text
        return f"{self.text.replace('{}', self.instead, 1)} (`{self.named_by}` names it)"

    @property
    def named(self) -> str:
        """The sentence with its names."""
        return self.text.replace("{}", self.names, 1) if self.names else self.text


class ReplicationError(Exception):
    """Base of all errors, each of one `str` or `Sentence`, that end a command without a traceback."""

    exit_code = 2

    @property
    def named(self) -> str:
        """The sentence with its names."""
        return getattr(self.args[0], "named", str(self))


class DataError(ReplicationError):
    """The given images, annotations or manifest can't be used as they are."""

    exit_code = 3


class MethodRefused(DataError):
    """A method would promise something of these data that they don't bear; others may not."""


class SettingsError(ReplicationError):
    """An option, method, profile or run folder doesn't fit the command."""

    exit_code = 3


class StageNotRun(ReplicationError):
    """A stage's inputs have not been made yet by an earlier stage."""

    exit_code = 4


class ExplanationError(ReplicationError):
    """Deep Taylor could not explain the images it was given."""

    exit_code = 5


class DiskError(ReplicationError):
    """The disk is full, read-only, or lost a folder while it was written."""

    exit_code = 6
