"""What stage 06b does: its inputs from the run's folder, Table 2 into the folder it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from replication.attack_evidence import Twins
from replication.attack_patients import Networks
from replication.attack_sets import Known, attack_sets, make_controls
from replication.attacked_run import write_attack
from replication.config import ATTACKS, AttackSettings
from replication.evaluated_run import read_predictions
from replication.interrupts import hold_interrupt
from replication.pixels import to_bytes
from replication.privatize import METHODS
from replication.record_files import load_manifest
from replication.records import EyeDataset, PrivatizedSet
from replication.run_data import RunData
from replication.sign_places import find_sign_table, mask_signs, read_signs
from replication.split_words import tell_split
from replication.stage_folders import EVALUATORS, PREPROCESSED
from replication.twins import check_twins, draw_twins, has_twins, swap_twins


class AttackWork(RunData):
    """The attack's work on one run's data with one run's settings."""

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
        with hold_interrupt():
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
