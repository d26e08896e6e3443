"""What each stage does: its inputs from the run's folder, its files into the folder it is given.

The order of the stages, and which are still to be run, is the pipeline's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from replication.attack_evidence import Twins
from replication.attack_patients import Networks
from replication.attack_sets import Known, attack_sets, make_controls
from replication.attacked_run import write_attack
from replication.config import ATTACKS, AttackSettings
from replication.departures import measure_activations, measure_own_patient
from replication.errors import DataError
from replication.evaluated_run import read_glaucoma_probabilities, read_predictions
from replication.explain import ExplanationWorker
from replication.many_images import name_classes, privatize_blocks
from replication.pixels import to_bytes, to_unit_range
from replication.preprocess import preprocess
from replication.privatize import METHODS, Method
from replication.record_files import (
    load_manifest,
    save_preprocessed,
    save_privatized,
)
from replication.records import EyeDataset, PrivatizedSet, RelevanceMaps, Subset
from replication.report import write_report
from replication.report_public import is_public
from replication.run_data import RunData, hash_manifest
from replication.sign_places import find_sign_table, mask_signs, read_signs
from replication.sources import Kind, Source
from replication.split import split_dataset
from replication.split_by_patient import split_by_patient
from replication.split_words import tell_split
from replication.stage_folders import EVALUATORS, PREPROCESSED, VGAN
from replication.store import write_json
from replication.twins import check_twins, draw_twins, has_twins, swap_twins
from replication.validate import validate
from validation.paper import read_paper_percent
from validation.suites import build_suites

if TYPE_CHECKING:
    from replication.explain_image import ImageExplanation


class StageWork(RunData):
    """The stages' work on one run's data with one run's settings: one method per stage."""

    def preprocess(self, folder: Path) -> None:
        """Find and centre the irises, and split the images (stage 01)."""
        manifest, root = self._raw
        with self.track("finding irises", len(manifest)) as advance:
            images, facts = preprocess(
                manifest, root, self.profile.preprocess, workers=self.workers, on_image=advance
            )
        table = manifest.merge(facts.drop(columns="path"), on="image_id", validate="1:1")
        # Columns that an unreadable file left gaps in get their own types back without it.
        table = table[table["readable"]].reset_index(drop=True).convert_dtypes()
        table["identity"] = pd.factorize(table["patient_id"], sort=True)[0]
        image_id, identity = table["image_id"].to_numpy(np.str_), table["identity"].to_numpy()
        if self.by_patient:
            glaucoma = table["glaucoma"].to_numpy(bool)
            splits = split_by_patient(image_id, identity, glaucoma, self.profile.split)
        else:
            splits = split_dataset(image_id, identity, self.profile.split)
        for subset, rows in splits.items():
            table.loc[rows, "subset"] = subset.value
        _check_pathology(table)
        save_preprocessed(folder, images, table)

    def validate(self, folder: Path) -> None:
        """Hold the preprocessed data against the suites (stage 02)."""
        raw, root = self._raw
        with self.track("validating", len(raw)) as advance:
            validate(
                self.store.folder(PREPROCESSED),
                raw,
                root,
                preprocess=self.profile.preprocess,
                split=self.profile.split,
                counts=self.source.counts,
                by_patient=self.by_patient,
                folder=folder,
                workers=self.workers,
                on_image=advance,
            )

    @property
    def suites_digest(self) -> str:
        """Hash of the expectations, so that a change of them is judged again."""
        shape = self.profile.preprocess
        expected = build_suites(
            counts=self.source.counts,
            image_size_px=shape.image_size_px,
            strip_rows=shape.strip_rows,
            by_patient=self.by_patient,
        )
        return hashlib.sha256(repr(expected).encode()).hexdigest()

    def train_evaluator(self, task: str, folder: Path, *, activation: str = "relu") -> None:
        """Train the network of one task (stage 03)."""
        from replication.train_evaluators import train_evaluator

        dataset, splits = self._data
        settings = self.profile.evaluator
        # Of a split by patient: enrolled images are of validation and test patients.
        train_set = dataset.take(splits.train) if task == "glaucoma" else self._train_set
        with self.track(f"training the {task} network", settings.epochs(len(train_set))) as advance:
            train_evaluator(
                train_set,
                dataset.take(splits.validation),
                task=task,
                classes=self._classes(task),
                settings=settings,
                seed=self.seed,
                folder=folder,
                activation=activation,
                on_epoch=advance,
            )

    def train_vgan(self, folder: Path) -> None:
        """Train PPRL-VGAN (stage 04)."""
        from replication.train_vgan import train_vgan

        with self.track("training PPRL-VGAN", self.profile.vgan.steps) as advance:
            train_vgan(
                self._train_set,
                identities=self._patients,
                settings=self.profile.vgan,
                seed=self.seed,
                folder=folder,
                on_step=advance,
            )

    def privatize(self, method: Method, folder: Path) -> None:
        """Privatize the test images by one method (stage 05)."""
        sets = method.privatize(
            self._test_set,
            gallery=self._train_set,
            generator=self._generator if method.needs_generator else None,
            seed=self.seed,
            draws=self.draws,
        )
        draws = self.draws if method.needs_generator else 1
        with self.track(f"privatizing: {method.name}", draws) as advance:
            save_privatized(folder, _count(sets, advance))

    def privatize_many(self, manifest: Path, method: Method, folder: Path) -> None:
        """Privatize a manifest's images, however many, by the run's training images and weights."""
        table, root = Source(Kind.MANIFEST, manifest).read()
        known = load_manifest(self.store.folder(PREPROCESSED))
        classes = dict(zip(known["patient_id"], known["identity"], strict=True))
        table["identity"] = name_classes(table["patient_id"], classes, method=method)
        units = (PREPROCESSED, VGAN) if method.needs_generator else (PREPROCESSED,)
        draws = self.draws if method.needs_generator else 1
        asked = {
            "method": method.name,
            "seed": self.seed,
            "draws": draws,
            "images": hash_manifest(table),
            "inputs": {unit: self.store.digest(unit) for unit in units},
        }
        with self.track(f"privatizing: {method.name}", len(table)) as advance:
            privatize_blocks(
                table,
                folder,
                asked=asked,
                read_images=partial(self._read_images, root),
                method=method,
                gallery=self._train_set,
                generator=self._generator if method.needs_generator else None,
                seed=self.seed,
                draws=draws,
                on_images=lambda images: [advance() for _ in range(images)],
            )

    def _read_images(self, root: Path, rows: pd.DataFrame) -> EyeDataset:
        """Preprocess some rows of a manifest; all of them, or a DataError names the first bad."""
        shape = self.profile.preprocess
        images, facts = preprocess(rows, root, shape, workers=self.workers)
        if not facts["readable"].all():
            problem = facts["problem"][~facts["readable"]].iloc[0]
            raise DataError(f"{problem}; restore it, or take it out of the manifest")
        return EyeDataset(
            np.repeat(to_unit_range(images)[..., None], shape.channels, axis=-1),
            rows["identity"].to_numpy(np.int32),
            rows["glaucoma"].to_numpy(bool),
            rows["image_id"].to_numpy(np.str_),
        )

    def evaluate(self, folder: Path) -> None:
        """Measure Table 1 (stage 06)."""
        from replication.evaluate import evaluate_sets, write_evaluation

        networks = {
            f"{task}_network": self._evaluator(task, self.store.folder(unit))
            for task, unit in EVALUATORS.items()
        }
        with self.track("evaluating", len(self.methods)) as advance:
            table, predictions = evaluate_sets(
                self._test_set, self._load_sets(self.methods, advance), **networks
            )
        heading = (
            f"Table 1 on {self.source.title}: profile {self.profile.name}, seed {self.seed}, "
            f"{self.draws} draws, {len(self._test_set)} test images."
            + tell_split(by_patient=self.by_patient)
        )
        write_evaluation(
            folder, table, predictions, paper_percent=read_paper_percent(), heading=heading
        )

    @property
    def attack_settings(self) -> AttackSettings:
        """How the networks of the attack are trained under this profile."""
        return ATTACKS[self.profile.name]

    def attack(self, folder: Path) -> None:
        """Measure Table 2 (stage 06b)."""
        predictions = read_predictions(self.store)
        with self.track("attacking", 2 + len(self.methods)) as advance:
            table, named = attack_sets(
                self.methods,
                self._known,
                privatize=self._privatize,
                load=lambda method: self._load_sets((method,)),
                networks=self._attackers(),
                predict_glaucoma=self._predict_glaucoma(),
                predictions=predictions,
                seed=self.seed,
                on_method=advance,
            )
        heading = (
            f"Table 2 on {self.source.title}: profile {self.profile.name}, seed {self.seed}, "
            f"{len(self._test_set)} test images." + tell_split(by_patient=self.by_patient)
        )
        write_attack(folder, table, named, predictions, heading=heading, seed=self.seed)

    @property
    def _known(self) -> Known:
        """The eyes that the attack is made on."""
        dataset, splits = self._data
        root, test = self._raw[1], self._test_set
        facts = load_manifest(self.store.folder(PREPROCESSED)).iloc[splits.test]
        table = find_sign_table(root)
        signs = None if table is None else read_signs(table)
        twins, rows = None, np.flatnonzero(test.glaucoma)
        if has_twins(root):
            with self.track("drawing twins", len(rows)) as advance:
                drawn = draw_twins(
                    root,
                    facts.iloc[rows],
                    size_px=test.images.shape[1],
                    workers=self.workers,
                    on_image=advance,
                )
            check_twins(to_bytes(test.images[rows, ..., 0]), drawn, facts.iloc[rows], signs)
            masks = mask_signs(facts, signs, size_px=test.images.shape[1])
            twins = Twins(swap_twins(test, drawn, rows), rows, masks)
        validation = dataset.take(splits.validation)
        return Known(self._train_set, validation, test, facts, signs, twins)

    def _privatize(
        self, method: str, dataset: EyeDataset, seed: int, draws: int
    ) -> Iterator[PrivatizedSet]:
        """Privatize any images by any method, the controls of the attack among them."""
        if method not in METHODS:
            yield make_controls(method, dataset, seed=seed)
            return
        needs_generator = METHODS[method].needs_generator
        yield from METHODS[method].privatize(
            dataset,
            gallery=self._train_set,
            generator=self._generator if needs_generator else None,
            seed=seed,
            draws=draws,
        )

    def _attackers(self) -> Networks:
        from replication.attacker_networks import IdentityNetwork, SiameseAttacker

        identity = partial(
            IdentityNetwork,
            self.store.folder(EVALUATORS["identity"]) / "weights.h5",
            self._patients,
            self._data[0].images.shape[1:],
            evaluator=self.profile.evaluator,
            settings=self.attack_settings,
        )
        static = identity()
        siamese = SiameseAttacker(static.features, settings=self.attack_settings)
        return Networks(static, identity(), siamese)

    def _predict_glaucoma(self) -> Callable[[np.ndarray], np.ndarray]:
        network = self._evaluator("glaucoma", self.store.folder(EVALUATORS["glaucoma"]))
        return lambda images: network.predict(images)[:, 1]

    def explain(self, folder: Path) -> None:
        """Explain the originals and what PPRL-VGAN made of them (stage 07)."""
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

    @property
    def public(self) -> bool:
        """Whether the report must hold nothing of a patient."""
        return is_public(self.source.kind)

    def report(self, folder: Path) -> None:
        """Tell of the run on one page (stage 08)."""
        write_report(self.store, folder, public=self.public)

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

    def measure_departures(self) -> dict[str, dict[str, float]]:
        """Measure what choices of ours cost, and leave `departures.json` in the run's folder."""

        def train_and_predict(task: str, activation: str) -> np.ndarray:
            with TemporaryDirectory() as scratch:
                folder = Path(scratch)
                self.train_evaluator(task, folder, activation=activation)
                return self._evaluator(task, folder, activation).predict(self._test_set.images)

        activations = measure_activations(self._test_set, train_and_predict)
        identity = self._evaluator("identity", self.store.folder(EVALUATORS["identity"]))
        measured = activations | measure_own_patient(
            self._test_set, self._train_set, identity.predict
        )
        write_json(self.store.root / "departures.json", measured)
        return measured


def _check_pathology(table: pd.DataFrame) -> None:
    """Raise DataError unless training, validation and test have eyes with glaucoma and without."""
    for subset, part in table.groupby("subset"):
        if subset != Subset.ENROLMENT and part["glaucoma"].nunique() < 2:
            raise DataError(
                f"split: the {subset} subset has only eyes with one glaucoma label; "
                "use more images or another --split-seed"
            )


def _count(items, advance: Callable[[], None]) -> Iterator:
    for item in items:
        yield item
        advance()
