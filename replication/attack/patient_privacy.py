"""Privacy of the patient: whom attackers who retrain recognise in one method's privatized images.

The paper's identity network is one attacker among them, "static": it has seen originals alone. Each
attacker learns from one draw of the training images and from several, and reads one release of a
test image, several, and every image of a patient: a `Cell` each. Which cell is an attacker's figure,
and which attacker's the method's, is chosen on validation images.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from replication.attack.discriminants import ShrunkDiscriminants
from replication.attack.recognisers import Recogniser, fit_recognisers
from replication.attack.releases import Pooled, Releases, pool_by_patient, pool_by_source
from replication.attack.table2 import Table2
from replication.records import EyeDataset

STATIC, LDA_NETWORK, BEST = "static", "lda_network", "best"
COUNTS = (1, 3, 10)  # ours: draws to learn from, and releases to read
NETWORK_DRAWS = 3  # ours: releases that networks read; they learn from one draw


@dataclass(frozen=True)
class Embeddings:
    """The outputs of the identity network for N images."""

    blocks: np.ndarray  # (N, B) activations of its second convolutional block, 2 x 2 averaged
    features: np.ndarray  # (N, D) activations of its last convolutional block
    embedding: np.ndarray  # (N, E) activations before the softmax, of length one
    probabilities: np.ndarray  # (N, patients)


class IdentityNetwork(Protocol):
    """The run's identity network, as it is."""

    def embed(self, images: np.ndarray) -> Embeddings:
        """Return its outputs for (N, H, W, C) images in [-1, 1]."""


class Scores(NamedTuple):
    """What one attacker gives the validation and the test releases, (R, P) each, and its priors."""

    validation: np.ndarray
    test: np.ndarray
    log_priors: np.ndarray | float = 0.0


@dataclass(frozen=True)
class Cell:
    """One attacker, so many draws learned, so many releases read, and whom it names."""

    attacker: str
    learned: int
    read: int
    person: bool  # whether every image of a patient is read
    chosen: Pooled  # of the validation releases; the scores are the attacker's
    named: Pooled  # of the test releases

    @cached_property
    def validation(self) -> float:
        """The fraction of groups of validation releases whose patient is named."""
        return float((self.chosen.scores.argmax(axis=1) == self.chosen.identity).mean())

    @property
    def hits(self) -> np.ndarray:
        """(G,) bool, whether each group's patient is named."""
        return self.named.scores.argmax(axis=1) == self.named.identity


@dataclass(frozen=True)
class PatientFindings:
    """What the attackers on the patient find in one method's test releases."""

    cells: tuple[Cell, ...]

    def choose(self, attacker: str | None = None, *, person: bool = False) -> Cell:
        """Return the cell that does best on validation images; of equals the simplest.

        Args:
            attacker: whose; None for all that were chosen among, not the static network.
            person: whether every image of a patient is read, else releases of one image.
        """
        cells = [
            cell
            for cell in self.cells
            if cell.person == person
            and (cell.attacker == attacker if attacker else cell.attacker != STATIC)
        ]
        return max(cells, key=lambda cell: cell.validation)

    @property
    def attackers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(dict.fromkeys(cell.attacker for cell in self.cells))

    def list_grid(self) -> list[dict]:
        """Return the cells as rows: attacker, learned, read, images, validation and test rates."""
        return [
            {
                "attacker": cell.attacker,
                "learned": cell.learned,
                "read": cell.read,
                "images": "all of a patient" if cell.person else "one",
                "validation": cell.validation,
                "test": float(cell.hits.mean()),
            }
            for cell in self.cells
        ]


def attack_patients(
    learned: Releases,
    validation: Releases,
    test: Releases,
    *,
    patients: int,
    network_scores: dict[str, Scores] | None = None,
) -> PatientFindings:
    """Let every attacker learn, and read the test releases in every way.

    Args:
        learned: of known patients.
        validation: other images of theirs, on which the best are chosen.
        test: what is read.
        patients: P, the number of classes of identity.
        network_scores: by networks that were trained elsewhere, by name: their releases are the
            first NETWORK_DRAWS of each source.

    Raises:
        DataError: as `fit_recognisers`.
    """
    cells: list[Cell] = []
    some = validation.first(NETWORK_DRAWS), test.first(NETWORK_DRAWS)
    for attacker, scores in (network_scores or {}).items():
        cells += _read(attacker, 1, scores, *some)
    for count in list_counts(learned.draws):
        for name, one in fit_recognisers(learned.first(count), patients).items():
            scores = Scores(one.score(validation), one.score(test), one.log_priors)
            cells += _read(name, count, scores, validation, test)
    return PatientFindings(tuple(cells))


def list_counts(draws: int) -> tuple[int, ...]:
    """Return those of COUNTS that so many draws allow."""
    return tuple(count for count in COUNTS if count <= draws)


def score_by_network(
    learned: Embeddings,
    identity: np.ndarray,
    validation: list[Embeddings],
    test: list[Embeddings],
) -> dict[str, Scores]:
    """Return what the identity network gives releases, as it is and with what its second block finds.

    Of privatized images of known patients, discriminant analysis learns the activations of that
    block: edges and their patterns, which are in privatized images too.

    Args:
        learned: the training images, privatized, by the network.
        identity: of whom these are.
        validation, test: draws of the images, by the network.
    """
    floor, draws = np.finfo(np.float32).tiny, (validation, test)
    probabilities = [np.concatenate([one.probabilities for one in own]) for own in draws]
    static = Scores(*(np.log(np.maximum(one, floor)) for one in probabilities))
    lda = ShrunkDiscriminants().fit(learned.blocks, identity)
    blocks = Recogniser(None, lda, probabilities[0].shape[1])
    found = [np.concatenate([blocks.score_features(one.blocks) for one in own]) for own in draws]
    return {STATIC: static, LDA_NETWORK: Scores(*found, blocks.log_priors)}


def add_patient_measures(
    table: Table2, method: str, findings: PatientFindings, *, test: EyeDataset, train: EyeDataset
) -> None:
    """Add what attackers find in one method's images to Table 2.

    Args:
        table: to add to.
        method: its name.
        findings: of its test releases, whose sources are the rows of `test`.
        test: the N original test images.
        train: the original images of known patients.
    """
    chance = 1 / len(np.unique(train.identity))
    for name in findings.attackers:
        hits = spread_hits(findings.choose(name), len(test))
        table.add_mean(method, f"identity_{name}", hits, chance=chance)
    best = spread_hits(findings.choose(), len(test))
    table.add_mean(method, "identity_best", best, chance=chance)
    for label, words in ((True, "with"), (False, "without")):
        own = np.where((test.glaucoma == label)[:, None], best, np.nan)
        # Chance level for an attacker who knows the pathology: the patients with an image of it.
        sharing = len(np.unique(train.identity[train.glaucoma == label]))
        table.add_mean(method, f"identity_best_{words}", own, chance=1 / max(sharing, 1))
    person = findings.choose(person=True)
    first = np.unique(test.identity, return_index=True)[1]
    of_patient = np.full(len(test), np.nan)
    of_patient[first] = person.hits[np.searchsorted(person.named.identity, test.identity[first])]
    table.add_mean(method, "identity_person", of_patient, chance=chance)


def spread_hits(cell: Cell, images: int) -> np.ndarray:
    """Return (N, G) hits in {0, 1} of a cell's groups by image and number, NaN where there is none."""
    groups = int(cell.named.number.max()) + 1
    hits = np.full((images, groups), np.nan)
    hits[cell.named.source, cell.named.number] = cell.hits
    return hits


def list_named(findings: PatientFindings, method: str, test: EyeDataset) -> pd.DataFrame:
    """Return whom each attacker names in each release of an image, by all that it reads at once.

    Columns: method, draw, image_id, identity, then one per attacker and `best`; -1 where an
    attacker's chosen cell reads more draws at once than are left.
    """
    chosen = {name: findings.choose(name) for name in findings.attackers}
    chosen[BEST] = findings.choose()
    named = {name: _spread_named(cell, len(test)) for name, cell in chosen.items()}
    draws = len(named[BEST])
    columns = {name: np.full((draws, len(test)), -1) for name in named}
    for name, by_draw in named.items():
        columns[name][: len(by_draw)] = by_draw[:draws]
    return pd.DataFrame(
        {
            "method": method,
            "draw": np.repeat(np.arange(draws), len(test)),
            "image_id": np.tile(test.image_id, draws),
            "identity": np.tile(test.identity, draws),
            **{name: by_draw.ravel() for name, by_draw in columns.items()},
        }
    )


def _spread_named(cell: Cell, images: int) -> np.ndarray:
    """Return (draws, N) whom a cell names by draw and image; -1 where it reads none."""
    groups = np.full((int(cell.named.number.max()) + 1, images), -1)
    groups[cell.named.number, cell.named.source] = cell.named.scores.argmax(axis=1)
    return np.repeat(groups, cell.read, axis=0)


def _read(
    attacker: str, learned: int, scores: Scores, validation: Releases, test: Releases
) -> Iterator[Cell]:
    """Yield an attacker's cells: by image and by patient, each by the releases read."""
    for pool in (pool_by_source, pool_by_patient):
        for read in list_counts(min(validation.draws, test.draws)):
            chosen, named = (
                pool(own, releases, read)
                for own, releases in ((scores.validation, validation), (scores.test, test))
            )
            chosen, named = (
                one._replace(scores=one.scores + scores.log_priors) for one in (chosen, named)
            )
            yield Cell(attacker, learned, read, pool is pool_by_patient, chosen, named)
