"""What stage 07 does: its inputs from the run's folder, its files into the folder it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from replication.evaluated_run import read_glaucoma_probabilities
from replication.explain import ExplanationWorker
from replication.interrupts import hold_interrupt
from replication.privatize import METHODS
from replication.record_files import load_manifest
from replication.records import RelevanceMaps
from replication.run_data import RunData
from replication.sign_places import find_sign_table, read_signs
from replication.split_words import tell_split
from replication.stage_folders import EVALUATORS, PREPROCESSED

if TYPE_CHECKING:
    from replication.explain_image import ImageExplanation


class ExplainWork(RunData):
    """The explanation's work on one run's data with one run's settings."""

    def explain(self, folder: Path) -> None:
        """Explain the originals and what PPRL-VGAN made of them (stage 07)."""
        with hold_interrupt():
            from replication.explain_sets import explain_sets

        methods = self.explained_methods
        images = len(self._test_set) * (1 + len(methods) * self.draws)
        heading = (
            f"Deep Taylor (`{self.explanation.method}`) of the glaucoma network's "
            f"{self.explanation.neuron} class on {self.source.title}: profile {self.profile.name}, "
            f"seed {self.seed}, {images} images." + tell_split(by_patient=self.by_patient)
        )
        table = find_sign_table(self._raw[1])
        with self._explaining(folder, images) as explain:
            explain_sets(
                self._test_set,
                self._load_sets(methods),
                explain=explain,
                predictions=read_glaucoma_probabilities(self.store),
                facts=load_manifest(self.store.folder(PREPROCESSED)).iloc[self._data[1].test],
                signs=None if table is None else read_signs(table),
                heading=heading,
                folder=folder,
            )

    def explain_image(self, file: Path, *, eye: str, picture: Path) -> ImageExplanation:
        """Explain one image by the run's glaucoma network, and draw it."""
        from replication.explain_image import explain_image

        network = self._evaluator("glaucoma", self.store.folder(EVALUATORS["glaucoma"]))
        with TemporaryDirectory() as scratch, self._explaining(Path(scratch), 1) as explain:
            return explain_image(
                file,
                eye=eye,
                settings=self.profile.preprocess,
                predict=network.predict,
                explain=explain,
                picture=picture,
            )

    @contextmanager
    def _explaining(self, folder: Path, images: int) -> Iterator[Callable[..., RelevanceMaps]]:
        """Give a function that explains images by the run's glaucoma network."""
        with self.track("explaining", images) as advance, ExplanationWorker(folder) as worker:
            yield partial(
                worker.explain,
                weights=self.store.folder(EVALUATORS["glaucoma"]) / "weights.h5",
                classes=self._classes("glaucoma"),
                settings=self.profile.evaluator,
                neuron=self.explanation.neuron,
                method=self.explanation.method,
                on_image=advance,
            )

    @property
    def explained_methods(self) -> tuple[str, ...]:
        """Names of the methods whose sets are explained: those of PPRL-VGAN (paper §3)."""
        return tuple(name for name in self.methods if METHODS[name].needs_generator)
