"""Which eyes a report shows, and as what: read from the run, one row of each array alone."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from replication.explain.exchange import load_relevance
from replication.explain.figure5 import TITLES, choose_example
from replication.explain.outputs import EXPLAINED, RELEVANCE, is_explained
from replication.figures.eyes import Panel, Picture, draw_eyes
from replication.privatize.methods import BASELINE
from replication.store.arrays import IMAGES, load_manifest
from replication.store.run_folder import RunStore
from validation.claims.table1_claims import (
    AVERAGED_RANDOM,
    AVERAGED_SAME,
    BLURS,
    DIFFERENT,
    K_SAMES,
    SAME,
)

FIGURES = {
    "figure2": BLURS,
    "figure3": K_SAMES,
    "figure4": (SAME, DIFFERENT, AVERAGED_RANDOM, AVERAGED_SAME),
}
WORDS = {
    BASELINE: "original",
    SAME: "replaced, same pathology",
    DIFFERENT: "replaced, different pathology",
    AVERAGED_RANDOM: "averaged, random identities",
    AVERAGED_SAME: "averaged, same pathology",
    **{name: f"kernel {name.rpartition('-')[2]}" for name in BLURS},
    **{name: f"{name.rpartition('-')[2]} identities" for name in K_SAMES},
}
RULE = (
    "The same two eyes throughout: one with glaucoma, that of Figure 5 or else the first of the "
    "test images, and the first without. First draw of each method."
)


@dataclass(frozen=True)
class Eye:
    """A test image by its row among them, and what it is."""

    row: int
    words: str


class ExampleEyes:
    """The eyes that a run's report shows.

    Args:
        store: of a run whose evaluation is complete.
        methods: that were measured; others have no place in its figures.
    """

    def __init__(self, store: RunStore, methods: Collection[str]) -> None:
        self.store = store
        self._methods = methods
        folder = store.folder("01_preprocessed")
        table = load_manifest(folder)
        self._test_rows = np.flatnonzero(table["subset"] == "test")
        self._originals = np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False)
        glaucoma = table["glaucoma"].to_numpy(bool)[self._test_rows]
        self._example = self._choose_example()
        ill = self._example if self._example is not None else int(np.flatnonzero(glaucoma)[0])
        self.eyes = (
            Eye(ill, "an eye with glaucoma"),
            Eye(int(np.flatnonzero(~glaucoma)[0]), "an eye without"),
        )

    def draw_figures(self, folder: Path) -> list[Picture]:
        """Draw Figures 2 to 5, of methods that were run, as PNG, PDF and for the page."""
        pictures = []
        for name, methods in FIGURES.items():
            shown = [BASELINE, *(method for method in methods if method in self._methods)]
            if len(shown) > 1:
                rows = {
                    eye.words: [Panel(self._read(method, eye.row)) for method in shown]
                    for eye in self.eyes
                }
                pictures.append(draw_eyes(name, rows, [WORDS[m] for m in shown], folder))
        if self._example is not None:
            pictures.append(self._draw_figure5(folder))
        return pictures

    def _draw_figure5(self, folder: Path) -> Picture:
        images = {method: self._read(method, self._example) for method in TITLES}
        maps = {method: self._read_map(method) for method in TITLES}
        rows = {
            "the images": [Panel(image) for image in images.values()],
            "their relevance": [Panel(None, maps[method]) for method in TITLES],
            "both": [Panel(images[method], maps[method]) for method in TITLES],
        }
        columns = [title.partition(") ")[2] for title in TITLES.values()]
        return draw_eyes("figure5", rows, columns, folder)

    def _choose_example(self) -> int | None:
        if not is_explained(self.store):
            return None
        return choose_example(pd.read_csv(self.store.folder(EXPLAINED) / RELEVANCE)).row

    def _read(self, method: str, row: int) -> np.ndarray:
        """Return one (S, S) uint8 image of the test set."""
        if method == BASELINE:
            return np.array(self._originals[self._test_rows[row]])
        file = self.store.folder(f"05_privatized/{method}") / "draw-0.npy"
        images = np.load(file, mmap_mode="r", allow_pickle=False)
        return np.array(images[row]).mean(axis=-1).astype(np.uint8)

    def _read_map(self, method: str) -> np.ndarray:
        folder = self.store.folder(EXPLAINED) / "maps" / method / "draw-0"
        return load_relevance(folder).maps[self._example]
