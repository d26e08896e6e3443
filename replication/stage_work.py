"""What each stage does: its inputs from the run's folder, its files into the folder it is given.

Stages 03 and 04 are in `training_work`, 06b in `attack_work`, 07 in `explain_work`. The order of the
stages, and which are still to be run, is the pipeline's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack_work import AttackWork
from replication.departure_work import DepartureWork
from replication.errors import DataError
from replication.explain_work import ExplainWork
from replication.interrupts import hold_interrupt
from replication.many_images import name_classes, privatize_blocks
from replication.preprocess import preprocess
from replication.privatize import Method
from replication.record_files import (
    load_manifest,
    save_preprocessed,
    save_privatized,
    to_dataset,
)
from replication.records import EyeDataset, Subset
from replication.report import write_report
from replication.report_public import is_public
from replication.run_data import hash_manifest
from replication.sources import Kind, Source
from replication.split import split_dataset
from replication.split_by_patient import split_by_patient
from replication.split_words import tell_split
from replication.stage_folders import EVALUATORS, PREPROCESSED, VGAN
from replication.validate import validate
from validation.paper import read_paper_percent
from validation.suites import build_suites


class StageWork(AttackWork, ExplainWork, DepartureWork):
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
        # What no block needs is most of the table, and there may be many images.
        table = table.drop(columns=["patient_id", "sha256"])
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
        return to_dataset(images, rows, shape.channels)

    def evaluate(self, folder: Path) -> None:
        """Measure Table 1 (stage 06)."""
        with hold_interrupt():
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
    def public(self) -> bool:
        """Whether the report must hold nothing of a patient."""
        return is_public(self.source.kind)

    def report(self, folder: Path) -> None:
        """Tell of the run on one page (stage 08)."""
        write_report(self.store, folder, public=self.public)


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
