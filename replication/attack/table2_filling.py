"""Table 2 as it is filled, method by method: what one method's releases show, by every attacker."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from replication.attack.crowds import Crowds, add_crowd_measures, list_crowds
from replication.attack.evidence import (
    Predict,
    SignEvidence,
    Twins,
    add_twin_measures,
    add_verdict_measures,
)
from replication.attack.image_quality import ImageQuality
from replication.attack.membership import add_release_membership
from replication.attack.near_copies import measure_distances, set_limits
from replication.attack.patient_privacy import (
    NETWORK_DRAWS,
    Embeddings,
    IdentityNetwork,
    PatientFindings,
    add_patient_measures,
    attack_patients,
    list_named,
    score_by_network,
)
from replication.attack.proven import bound_method
from replication.attack.releases import Pooled, Releases
from replication.attack.replaced_privacy import Gallery, add_replaced_measures
from replication.attack.table2 import NOISE, Table2
from replication.attack.undo import WayBack
from replication.attack.unseen_patients import (
    add_unseen_measures,
    compare_unseen,
    count_within_halves,
    halve_patients,
)
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet

USED = "used_named"  # column of attackers.csv: whether the best reader names a patient used


class SiameseNetwork(Protocol):
    """The network that verifies pairs."""

    def train(
        self, privatized: np.ndarray, originals: np.ndarray, identity: np.ndarray, *, seed: int
    ) -> None:
        """Learn from (N, D) features of privatized images and of their originals."""

    def embed(self, features: np.ndarray) -> np.ndarray:
        """Return (N, E) embeddings of (N, D) features."""


@dataclass(frozen=True)
class Networks:
    """The networks of the attack, passed in so that nothing here needs TensorFlow."""

    static: IdentityNetwork
    siamese: SiameseNetwork


@dataclass(frozen=True)
class Known:
    """The original images that the attack is made on, and what is known of them.

    Args:
        train: of all patients.
        validation: other ones of theirs.
        test: N images.
        facts: the N rows of the preprocessed manifest.
        signs: of `preprocess.places.read_signs`, or None where the signs' places aren't known.
        twins: of the test images, or None where there are none.
    """

    train: EyeDataset
    validation: EyeDataset
    test: EyeDataset
    facts: pd.DataFrame
    signs: pd.DataFrame | None
    twins: Twins | None


class Table2Filling:
    """Table 2, and the tables beside it, as they are filled.

    Args:
        known: the eyes.
        networks: of the attack.
        predict_glaucoma: by the run's glaucoma network.
        predictions: of stage 06.
        seed: of the run.
    """

    def __init__(
        self,
        known: Known,
        networks: Networks,
        predict_glaucoma: Predict,
        predictions: pd.DataFrame,
        seed: int,
    ) -> None:
        self.table, self.grid, self.crowds = Table2(known.test.identity), [], []
        self.bounds: list[dict] = []
        self._known, self._networks, self._seed = known, networks, seed
        self._predict, self._predictions = predict_glaucoma, predictions
        self._train = networks.static.embed(known.train.images)
        self._patients = self._train.probabilities.shape[1]
        self._quality = ImageQuality(known.test, known.train)
        self._limits = set_limits(measure_distances(known.test.images, known.train))
        originals, self._validation, test = (
            self.release(own, [PrivatizedSet(BASELINE, 0, own.images, None)])
            for own in (known.train, known.validation, known.test)
        )
        self._gallery = Gallery(originals, self._patients)
        self._members, self._others = originals.shrunk, test.shrunk
        self._way_back = WayBack(originals, self._patients, networks.static)
        self._halves = halve_patients(known.train.identity, known.test.identity, seed=seed)
        self._crowd = Crowds(
            known.test.identity,
            known.validation.identity,
            np.arange(self._patients),
            seed=seed,
        )
        self._signs = None
        if known.signs is not None:
            self._signs = SignEvidence(known.test, known.facts, known.signs, seed=seed)

    def release(self, sources: EyeDataset, sets: Iterable[PrivatizedSet]) -> Releases:
        """Return draws of a method over some originals as what an attacker holds."""
        return Releases.of_sets(sets, sources, self._patients)

    def add_method(
        self,
        learned: Releases,
        validation: Releases,
        drawn: list[PrivatizedSet],
        twins: tuple[list[PrivatizedSet], ...],
    ) -> pd.DataFrame:
        """Add one method's measures to the table; return whom each attacker names.

        Args:
            learned: of the training images.
            validation: of the validation images.
            drawn: draws of the test images.
            twins: draws of the test images with twins, and of those changed elsewhere; empty where
                there are no twins.
        """
        known, method, sets = self._known, drawn[0].method, drawn[:NETWORK_DRAWS]
        releases = learned, validation, self.release(known.test, drawn)
        embedded = [self._networks.static.embed(one.images) for one in sets]
        named = self._attack_patients(method, releases, embedded)
        if method == NOISE:
            return named
        self.bounds += bound_method(drawn, known.test)
        add_verdict_measures(self.table, method, self._predictions, test=known.test)
        if self._signs:
            self._signs.add_measures(self.table, sets)
        if twins:
            add_twin_measures(
                self.table,
                sets,
                *twins,
                originals=known.test,
                twins=known.twins,
                predictions=self._predictions,
                predict=self._predict,
            )
        self._quality.add_measures(self.table, sets)
        if method != BASELINE:
            candidates = {"members": self._members, "others": self._others}
            add_release_membership(self.table, method, validation, **candidates)
            grid, used_named = add_replaced_measures(
                self.table,
                sets,
                embedded,
                releases,
                test=known.test,
                train=known.train,
                gallery=self._gallery,
                limits=self._limits,
            )
            self.grid += [{"method": method, "victim": "replaced", **row} for row in grid]
            if used_named is not None:
                named[USED] = used_named[: len(named)].astype(float)
        return named

    def _attack_patients(
        self, method: str, releases: tuple[Releases, ...], embedded: list[Embeddings]
    ) -> pd.DataFrame:
        """Add what the attackers on the patient find; return whom each names."""
        known, static = self._known, self._networks.static
        learned = static.embed(releases[0].first(1).images)
        validation = [static.embed(releases[1].first(NETWORK_DRAWS).images)]
        scores = score_by_network(learned, known.train.identity, validation, embedded)
        scores |= self._way_back.score(*releases, self._validation)
        findings = attack_patients(*releases, patients=self._patients, network_scores=scores)
        add_patient_measures(self.table, method, findings, test=known.test, train=known.train)
        self.grid += [
            {"method": method, "victim": "patient", **row} for row in findings.list_grid()
        ]
        self._add_crowds(method, findings)
        self._add_verification(method, releases, learned, embedded)
        return list_named(findings, method, known.test).assign(**{USED: np.nan})

    def _add_crowds(self, method: str, findings: PatientFindings) -> None:
        """Add how often the best attacker links a patient, or singles one out, in a crowd."""
        best = findings.choose()
        calibration = _take_group(best.chosen, 0)
        groups = range(min(NETWORK_DRAWS, int(best.named.number.max()) + 1))
        found = [self._crowd.measure(_take_group(best.named, one), calibration) for one in groups]
        add_crowd_measures(self.table, method, self._crowd, found)
        identity = self._known.test.identity
        self.crowds.append(
            list_crowds(method, self._crowd, found, identity=identity, seed=self._seed)
        )

    def _add_verification(
        self,
        method: str,
        releases: tuple[Releases, ...],
        learned: Embeddings,
        embedded: list[Embeddings],
    ) -> None:
        """Add how well patients of whom the attacker has learned nothing are verified.

        Releases are compared with originals, and with other images' releases: whose originals
        aren't known may be followed from one release to the next.
        """
        known, train = self._known, self._train
        test = releases[2].first(NETWORK_DRAWS)
        who = {"identity": test.identity, "original_identity": known.train.identity}
        shown, seen_before = test.shrunk, releases[1].first(1)
        learn = {
            "learned": releases[0].first(1).shrunk,
            "learned_identity": known.train.identity,
            "halves": self._halves,
        }
        lda = compare_unseen(shown, self._members, **learn, **who)
        others = {"identity": test.identity, "original_identity": seen_before.identity}
        alone = compare_unseen(shown, seen_before.shrunk, **learn, **others)
        pairs = count_within_halves(alone, halves=self._halves, **others)
        add_unseen_measures(self.table, method, "releases", pairs)
        evaluator = np.concatenate([one.embedding for one in embedded]) @ train.embedding.T
        features = np.concatenate([one.features for one in embedded])
        siamese = np.zeros_like(lda)
        for tested, seen in (self._halves, self._halves[::-1]):
            own = np.isin(known.train.identity, seen)
            self._networks.siamese.train(
                learned.features[own],
                train.features[own],
                known.train.identity[own],
                seed=self._seed,
            )
            rows = np.isin(test.identity, tested)
            siamese[rows] = (
                self._networks.siamese.embed(features[rows])
                @ self._networks.siamese.embed(train.features).T
            )
        for name, scores in {"lda": lda, "evaluator": evaluator, "siamese": siamese}.items():
            pairs = count_within_halves(scores, halves=self._halves, **who)
            add_unseen_measures(self.table, method, name, pairs)


def _take_group(pooled: Pooled, number: int) -> np.ndarray:
    """Return the (N, P) scores of one group of releases of every source, in the sources' order."""
    rows = np.flatnonzero(pooled.number == number)
    return pooled.scores[rows[np.argsort(pooled.source[rows])]]
