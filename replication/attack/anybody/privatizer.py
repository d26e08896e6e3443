"""A user's own function as the method that is attacked: found by its name, called on the originals.

    def privatize(images, patients, *, seed):
        return 255 - images

- `images`: (N, H, W) uint8, or (N, H, W, 3) in the order red, green, blue; levels from 0 to 255, those
  of 16 bits scaled to 8. A copy: it may be changed.
- `patients`: (N,) names, whose each image is.
- `seed`: of the draw, an integer from 0 to 2**32 - 1; another one at each call.

It returns the privatized images, row by row, in the same shape and type.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.pictures import to_eight_bits
from replication.errors import Sentence, SettingsError
from replication.system.user_function import RAISED, find_function, find_line


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
            sentence = f"{self.name}: {find_line(error) or self.place} raised "
            sentence += f"{type(error).__name__}: {{}}"
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
        SettingsError: as `replication.system.user_function.find_function` does.
    """
    found = find_function(
        name,
        option="--privatizer",
        example="blur:privatize",
        given="(images, patients, seed=0)",
        positional=2,
        seed=0,
    )
    return Privatizer(found.name, found.call, found.place)
