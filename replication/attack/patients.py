"""Privacy of the patient: what attackers who retrain make of one method's privatized images.

The paper's identity network is one attacker among them, "static": it has seen originals alone.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from replication.attack.recognisers import fit_attackers
from replication.attack.table2 import Table2
from replication.attack.verification import Area, EqualErrorRate, PairCounts, count_pairs
from replication.records import EyeDataset, PrivatizedSet

STATIC, CNN, BEST = "static", "cnn", "best"


@dataclass(frozen=True)
class Seen:
    """What the identity network makes of N images.

    Args:
        features: (N, D) activations of its last convolutional block.
        embedding: (N, E) activations before the softmax, of length one.
        probabilities: (N, patients).
    """

    features: np.ndarray
    embedding: np.ndarray
    probabilities: np.ndarray


class StaticNetwork(Protocol):
    """The run's identity network."""

    def see(self, images: np.ndarray) -> Seen:
        """Return what it makes of (N, H, W, C) images in [-1, 1]."""


class RetrainedNetwork(StaticNetwork, Protocol):
    """The identity network that learns privatized images."""

    def retrain(self, images: np.ndarray, identity: np.ndarray, *, seed: int) -> None:
        """Begin with the run's network and learn images of known patients."""


class PairNetwork(Protocol):
    """The Siamese network."""

    def train(
        self, privatized: np.ndarray, originals: np.ndarray, identity: np.ndarray, *, seed: int
    ) -> None:
        """Learn from (N, D) features of privatized images and of their originals."""

    def embed(self, features: np.ndarray) -> np.ndarray:
        """Return (N, E) embeddings of (N, D) features."""


@dataclass(frozen=True)
class Networks:
    """The networks of the attack, handed in so that nothing here needs TensorFlow."""

    static: StaticNetwork
    retrained: RetrainedNetwork
    siamese: PairNetwork


class PatientAttack:
    """Attackers that have learned one method's privatized training images.

    Args:
        train: the originals of known patients.
        seen: what the run's identity network makes of them.
        privatized: (N, H, W, C) the same, privatized.
        validation: other images of theirs, privatized, on which the best attacker is chosen.
        validation_identity: of whom these are.
        networks: of the attack.
        seed: of their training.

    Raises:
        DataError: as `fit_attackers`.
    """

    def __init__(
        self,
        train: EyeDataset,
        seen: Seen,
        privatized: np.ndarray,
        *,
        validation: np.ndarray,
        validation_identity: np.ndarray,
        networks: Networks,
        seed: int,
    ) -> None:
        self._networks = networks
        self._train = train
        self._attackers = fit_attackers(privatized, train.identity)
        networks.retrained.retrain(privatized, train.identity, seed=seed)
        features = networks.static.see(privatized).features
        networks.siamese.train(features, seen.features, train.identity, seed=seed)
        self._originals = {
            "evaluator": seen.embedding,
            "siamese": networks.siamese.embed(seen.features),
        }
        named = self._name_patients(validation)
        shares = {name: (found == validation_identity).mean() for name, found in named.items()}
        self.best = max(shares, key=shares.get)

    def name_patients(self, judged: PrivatizedSet, seen: Seen) -> pd.DataFrame:
        """Return whom each attacker names in each image of one privatized set.

        Args:
            judged: N images.
            seen: what the run's identity network makes of them.

        Returns:
            N rows: static, lda_image, lda_crop, nearest, cnn, and best, chosen on validation
            images.
        """
        named = self._name_patients(judged.images)
        return pd.DataFrame(
            {STATIC: seen.probabilities.argmax(axis=1), **named, BEST: named[self.best]}
        )

    def verify(self, seen: Seen, identity: np.ndarray) -> dict[str, PairCounts]:
        """Hold N privatized images against the originals of the patients among them.

        Of all patients or none: where the tested ones are others than most of the known (a split
        by patient), an original's patient alone would tell, and noise would not be at chance.

        Args:
            seen: what the run's identity network makes of them.
            identity: (N,) of whom they are.

        Returns:
            By "evaluator" and "siamese", whose embedding it is.
        """
        privatized = {
            "evaluator": seen.embedding,
            "siamese": self._networks.siamese.embed(seen.features),
        }
        tested = np.isin(self._train.identity, identity)
        return {
            name: count_pairs(
                privatized[name],
                self._originals[name][tested],
                identity=identity,
                original_identity=self._train.identity[tested],
            )
            for name in privatized
        }

    def _name_patients(self, images: np.ndarray) -> dict[str, np.ndarray]:
        named = {name: attacker.predict(images) for name, attacker in self._attackers.items()}
        named[CNN] = self._networks.retrained.see(images).probabilities.argmax(axis=1)
        return named


def add_patient_figures(
    table: Table2,
    method: str,
    named: list[pd.DataFrame],
    pairs: dict[str, PairCounts],
    *,
    test: EyeDataset,
    train: EyeDataset,
) -> None:
    """Add what attackers make of one method to Table 2.

    Args:
        table: to add to.
        method: its name.
        named: of `PatientAttack.name_patients`, one per draw.
        pairs: of `PatientAttack.verify`, added over the draws.
        test: the N original test images.
        train: the original images of known patients.
    """
    hits = {
        name: np.column_stack([draw[name] == test.identity for draw in named]).astype(float)
        for name in named[0].columns
    }
    chance = 1 / len(np.unique(train.identity))
    for name, by_draw in hits.items():
        table.add_mean(method, f"identity_{name}", by_draw, chance=chance)
    for label, words in ((True, "with"), (False, "without")):
        own = np.where((test.glaucoma == label)[:, None], hits[BEST], np.nan)
        # Who sees the pathology guesses among the patients that have an image of it.
        sharing = len(np.unique(train.identity[train.glaucoma == label]))
        table.add_mean(method, f"identity_best_{words}", own, chance=1 / max(sharing, 1))
    for name, counted in pairs.items():
        table.add(method, f"{name}_auc", Area(counted), chance=0.5)
        table.add(method, f"{name}_eer", EqualErrorRate(counted), chance=0.5)
