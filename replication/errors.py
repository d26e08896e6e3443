"""Errors that a user can act on; the command line prints one line and ends with the exit code."""


class ReplicationError(Exception):
    """Base of all errors that end a command with one sentence instead of a traceback."""

    exit_code = 2


class DataError(ReplicationError):
    """The given images, annotations or manifest can't be used as they are."""

    exit_code = 3


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
