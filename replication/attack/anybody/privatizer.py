"""A user's own function as the method that is attacked: found by its name, called on the originals.

    def privatize(images, patients, *, seed):
        return 255 - images

- `images`: (N, H, W) uint8, or (N, H, W, 3) in the order red, green, blue; levels from 0 to 255, those
  of 16 bits scaled to 8. A copy: it may be changed.
- `patients`: (N,) names, whose each image is.
- `seed`: of the draw, an integer from 0 to 2**32 - 1; another one at each call.

It returns the privatized images, row by row, in the same shape and type.
"""

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature, unwrap
from os.path import relpath
from traceback import walk_tb
from types import ModuleType

import numpy as np

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.pictures import to_eight_bits
from replication.errors import Sentence, SettingsError

# What a user's code may raise, and sys.exit() in it, which would pass for an exit code of ours.
RAISED = (Exception, SystemExit)
NOT_THEIRS = (__file__, importlib.__file__)


@dataclass(frozen=True)
class Privatizer:
    """A function that privatizes, and where it stands.

    Args:
        name: `module:function`.
        function: `(images, patients, *, seed)` to privatized images.
        place: file and line of its definition, for errors.
    """

    name: str
    function: Callable[..., np.ndarray]
    place: str

    def release(self, originals: Collection, *, draws: int, seed: int) -> Collection:
        """Call the function on all originals at once, once for each draw.

        Args:
            originals: N images.
            draws: how many releases of each are made.
            seed: from which those of the draws are drawn.

        Returns:
            N images for each draw, held in memory.

        Raises:
            DataError: when an original can't be read.
            SettingsError: when the function raises, or returns another shape or type.
        """
        levels = to_eight_bits(originals.load(np.arange(len(originals))), originals.white)
        images = levels[..., 0] if levels.shape[-1] == 1 else levels
        releases = np.empty((draws, *images.shape), np.uint8)
        for draw, own in enumerate(np.random.SeedSequence([seed, 4]).generate_state(draws)):
            releases[draw] = self._call(images, originals.patient, int(own))
        rows = np.tile(np.arange(len(originals)), draws)
        names = {row: name for name, row in originals.rows.items()}
        return Collection.of_arrays(
            self.name,
            releases.reshape(-1, *images.shape[1:]),
            originals.patient[rows],
            source=[names[row] for row in rows],
            draw=np.repeat(np.arange(draws), len(originals)),
            disease=originals.disease[rows],
        )

    def _call(self, images: np.ndarray, patients: np.ndarray, seed: int) -> np.ndarray:
        try:
            found = self.function(images.copy(), patients.copy(), seed=seed)
        except RAISED as error:
            sentence = f"{self.name}: {_find_line(error) or self.place} raised {_name(error)}: {{}}"
            raise SettingsError(Sentence(sentence, repr(str(error)), "'…'")) from error
        got = type(found).__name__
        if isinstance(found, np.ndarray):
            if found.shape == images.shape and found.dtype == np.uint8:
                return found
            got = f"{found.shape} {found.dtype}"
        raise SettingsError(
            f"{self.name}: {self.place} returned {got}, expected {images.shape} uint8, the shape of "
            "the images and levels from 0 to 255"
        )


def find_privatizer(name: str) -> Privatizer:
    """Import a function; the current folder is searched before the installed packages.

    Args:
        name: `module:function`; the module may have dots.

    Raises:
        SettingsError: when it is written otherwise, the module isn't found or raises while it is
            imported, or has no function of that name and these parameters.
    """
    module_name, _, function_name = name.partition(":")
    if not all(word.isidentifier() for word in (*module_name.split("."), function_name)):
        raise SettingsError(f"--privatizer {name!r}: write module:function, as blur:privatize")
    module = _import_module(name, module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingsError(f"{name}: {module_name} has no function {function_name}")
    place = _find_definition(function) or module_name
    try:
        signature(function).bind(None, None, seed=0)
    except TypeError as error:
        raise SettingsError(
            f"{name}: {place} can't be called with (images, patients, seed=0): {error}"
        ) from error
    except ValueError:  # some built-in functions have no signature
        pass
    return Privatizer(name, function, place)


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
        place, words = _find_line(error) or module_name, " ".join(str(error).split())
        raise SettingsError(f"{name}: {place} raised {_name(error)}: {words}") from error


def _find_definition(function: object) -> str | None:
    """Return file and line of a function; None of what isn't written in Python."""
    code = getattr(unwrap(function), "__code__", None)
    return code and _write_place(code.co_filename, code.co_firstlineno)


def _find_line(error: BaseException) -> str | None:
    """Return file and line where the user's code raised: the innermost of the file entered first."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    theirs = [at for at in places if at[0] not in NOT_THEIRS and not at[0].startswith("<frozen")]
    if theirs:
        return _write_place(*[at for at in theirs if at[0] == theirs[0][0]][-1])
    if isinstance(error, SyntaxError) and error.filename:
        return _write_place(error.filename, error.lineno)
    return None


def _write_place(file: str, line: int | None) -> str:
    return f"{relpath(file)} line {line}"


def _name(error: BaseException) -> str:
    return type(error).__name__
