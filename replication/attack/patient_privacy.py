"""Privacy of the patient: whom attackers who retrain recognise in one method's privatized images.

The paper's identity network is one attacker among them, "static": it has seen originals alone.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from replication.attack.recognisers import fit_recognisers
from replication.attack.table2 import Table2
from replication.attack.verification import Area, EqualErrorRate, PairCounts, count_pairs
from replication.records import EyeDataset, PrivatizedSet

STATIC, CNN, BEST = "static", "cnn", "best"


@dataclass(frozen=True)
class Embeddings:
    """The outputs of the identity network for N images."""

    blocks: np.ndarray  # (N, S, S, F) activations of its second convolutional block
    features: np.ndarray  # (N, D) activations of its last convolutional block
    embedding: np.ndarray  # (N, E) activations before the softmax, of length one
    probabilities: np.ndarray  # (N, patients)


class IdentityNetwork(Protocol):
    """The run's identity network, as it is."""

    def embed(self, images: np.ndarray) -> Embeddings:
        """Return its outputs for (N, H, W, C) images in [-1, 1]."""


class RetrainedNetwork(Protocol):
    """The run's identity network, the blocks behind its second one retrained."""

    def retrain(self, blocks: np.ndarray, identity: np.ndarray, *, seed: int) -> None:
        """Begin with the run's network and learn images of known patients."""

    def recognise(self, blocks: np.ndarray) -> np.ndarray:
        """Return (N, patients) probabilities by `Embeddings.blocks` of N images."""


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
    retrained: RetrainedNetwork
    siamese: SiameseNetwork


class PatientAttack:
    """Attackers that have learned one method's privatized training images.

    Args:
        train: the originals of known patients.
        embedded: them, by the run's identity network.
        privatized: (N, H, W, C) the same, privatized.
        validation: other images of theirs, privatized, on which the best attacker is chosen.
        validation_identity: of whom these are.
        networks: of the attack.
        seed: of their training.

    Raises:
        DataError: as `fit_recognisers`.
    """

    def __init__(
        self,
        train: EyeDataset,
        embedded: Embeddings,
        privatized: np.ndarray,
        *,
        validation: np.ndarray,
        validation_identity: np.ndarray,
        networks: Networks,
        seed: int,
    ) -> None:
        self._networks = networks
        self._train = train
        self._recognisers = fit_recognisers(privatized, train.identity)
        learned = networks.static.embed(privatized)
        networks.retrained.retrain(learned.blocks, train.identity, seed=seed)
        networks.siamese.train(learned.features, embedded.features, train.identity, seed=seed)
        self._originals = self._list_embeddings(embedded)
        named = self._name_patients(validation, networks.static.embed(validation))
        rates = {name: (found == validation_identity).mean() for name, found in named.items()}
        self.best = max(rates, key=rates.get)

    def name_patients(self, privatized: PrivatizedSet, embedded: Embeddings) -> pd.DataFrame:
        """Return whom each attacker names in each image of one privatized set.

        N rows: static, lda_image, lda_crop, nearest, cnn, and best, chosen on validation images;
        `embedded` are the images by the run's identity network.
        """
        named = self._name_patients(privatized.images, embedded)
        return pd.DataFrame(
            {STATIC: embedded.probabilities.argmax(axis=1), **named, BEST: named[self.best]}
        )

    def verify(self, embedded: Embeddings, identity: np.ndarray) -> dict[str, PairCounts]:
        """Compare N privatized images with the originals of the patients among them.

        Not of all patients: where the tested ones are others than most of the known (a split by
        patient), an original's patient alone would give the answer, and noise wouldn't be at chance.

        Args:
            embedded: the images, by the run's identity network.
            identity: (N,) of whom they are.

        Returns:
            By "evaluator" and "siamese", whose embedding it is.
        """
        tested = np.isin(self._train.identity, identity)
        return {
            name: count_pairs(
                embedding,
                self._originals[name][tested],
                identity=identity,
                original_identity=self._train.identity[tested],
            )
            for name, embedding in self._list_embeddings(embedded).items()
        }

    def _name_patients(self, images: np.ndarray, embedded: Embeddings) -> dict[str, np.ndarray]:
        named = {name: one.predict(images) for name, one in self._recognisers.items()}
        named[CNN] = self._networks.retrained.recognise(embedded.blocks).argmax(axis=1)
        return named

    def _list_embeddings(self, embedded: Embeddings) -> dict[str, np.ndarray]:
        siamese = self._networks.siamese.embed(embedded.features)
        return {"evaluator": embedded.embedding, "siamese": siamese}


def add_patient_measures(
    table: Table2,
    method: str,
    named: list[pd.DataFrame],
    pairs: dict[str, PairCounts],
    *,
    test: EyeDataset,
    train: EyeDataset,
) -> None:
    """Add what attackers find in one method's images to Table 2.

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
        # Chance level for an attacker who knows the pathology: the patients with an image of it.
        sharing = len(np.unique(train.identity[train.glaucoma == label]))
        table.add_mean(method, f"identity_best_{words}", own, chance=1 / max(sharing, 1))
    for name, counted in pairs.items():
        table.add(method, f"{name}_auc", Area(counted), chance=0.5)
        table.add(method, f"{name}_eer", EqualErrorRate(counted), chance=0.5)
