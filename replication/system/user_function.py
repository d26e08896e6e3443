"""A user's own function of Python: found by its name, and its errors as one sentence each."""

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature, unwrap
from os.path import relpath
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

from replication.errors import SettingsError

# What a user's code may raise, and sys.exit() in it, which would pass for an exit code of ours.
RAISED = (Exception, SystemExit)
OURS = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class UserFunction:
    """A function, and where it stands.

    Args:
        name: `module:function`.
        call: itself.
        place: file and line of its definition, for errors.
    """

    name: str
    call: Callable
    place: str


def find_function(
    name: str, *, option: str, example: str, given: str, positional: int = 0, **named: object
) -> UserFunction:
    """Import a function; the current folder is searched before the installed packages.

    Args:
        name: `module:function`; the module may have dots.
        option: by which it was named.
        example: of a name, for the error.
        given: its arguments in words, `(images, seed=0)`.
        positional, named: how many are given by their place, and those given by name.

    Raises:
        SettingsError: when it is written otherwise, the module isn't found or raises while it is
            imported, or has no function of that name and these parameters.
    """
    module_name, _, function_name = name.partition(":")
    if not all(word.isidentifier() for word in (*module_name.split("."), function_name)):
        raise SettingsError(f"{option} {name!r}: write module:function, as {example}")
    module = _import_module(name, module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingsError(f"{name}: {module_name} has no function {function_name}")
    place = _find_definition(function) or module_name
    try:
        signature(function).bind(*[None] * positional, **named)
    except TypeError as error:
        raise SettingsError(f"{name}: {place} can't be called with {given}: {error}") from error
    except ValueError:  # some built-in functions have no signature
        pass
    return UserFunction(name, function, place)


def find_line(error: BaseException) -> str | None:
    """Return file and line where the user's code raised: the innermost of the file entered first."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    theirs = [at for at in places if _is_theirs(at[0])]
    if theirs:
        return _write_place(*[at for at in theirs if at[0] == theirs[0][0]][-1])
    if isinstance(error, SyntaxError) and error.filename:
        return _write_place(error.filename, error.lineno)
    return None


def describe_error(function: str, place: str, error: BaseException) -> str:
    """Return one sentence: which function, where it raised (`place` where no line is known), what."""
    words = " ".join(str(error).split())
    return f"{function}: {find_line(error) or place} raised {type(error).__name__}: {words}"


def _import_module(name: str, module_name: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(module_name)
    except RAISED as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and f"{module_name}.".startswith(f"{absent}."):
            raise SettingsError(
                f"{name}: no module {absent} in this folder or among the installed packages"
            ) from error
        raise SettingsError(describe_error(name, module_name, error)) from error


def _is_theirs(file: str) -> bool:
    return not file.startswith((OURS + os.sep, "<frozen")) and file != importlib.__file__


def _find_definition(function: object) -> str | None:
    """Return file and line of a function; None of what isn't written in Python."""
    code = getattr(unwrap(function), "__code__", None)
    return code and _write_place(code.co_filename, code.co_firstlineno)


def _write_place(file: str, line: int | None) -> str:
    return f"{relpath(file)} line {line}"
