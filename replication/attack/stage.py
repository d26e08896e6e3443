"""Stage 07: how far the privacy of Table 1 can be believed, and whether the sign survives (Table 2).

Ours; the paper judges privacy by a network that has seen originals alone (§2.3). Leaves, in the
stage's folder: `table2.json` and `table2.csv`, one row per method and measure; `differences.csv`,
every two methods compared, paired; `attackers.csv`, whom each attacker names in each image;
`table2.md`, the tables and their summary; and, where signs' places are known, `plane.png` with
`plane.pdf`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack.evidence import (
    Predict,
    SignEvidence,
    Twins,
    add_twin_measures,
    add_verdict_measures,
)
from replication.attack.image_quality import RealEyes
from replication.attack.intervals import Table2Intervals
from replication.attack.near_copies import measure_distances, set_limits
from replication.attack.outputs import JSON, PAGE, PLANE
from replication.attack.patient_privacy import (
    BEST,
    Embeddings,
    Networks,
    PatientAttack,
    add_patient_measures,
)
from replication.attack.replaced_privacy import add_replaced_measures
from replication.attack.table2 import NOISE, Table2, summarise_methods
from replication.attack.table2_text import to_markdown
from replication.figures.planes import draw_evidence_plane
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, to_unit_range
from replication.store.files import write_json, write_text
from replication.store.tables import to_records, write_table
from validation.claims.judge import judge_claims
from validation.claims.parts import Claim

DRAWS = 3  # of each method's: patients differ more than draws do
LEARNING_SEED = 2**32  # above all seeds of runs: what attackers learn from is drawn for them alone

# Privatize a data set: method, images, seed, draws.
Privatize = Callable[[str, EyeDataset, int, int], Iterator[PrivatizedSet]]


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


def attack_sets(
    methods: Sequence[str],
    known: Known,
    *,
    privatize: Privatize,
    load: Callable[[str], Iterator[PrivatizedSet]],
    networks: Networks,
    predict_glaucoma: Predict,
    predictions: pd.DataFrame,
    seed: int,
    on_method: Callable[[], None] = lambda: None,
) -> tuple[Table2, pd.DataFrame]:
    """Attack every method, the originals and noise.

    Args:
        methods: names of privatizers.
        known: the eyes.
        privatize: any data set by a method.
        load: the test images as stage 05 privatized them, one draw after the other.
        networks: of the attack.
        predict_glaucoma: by the run's glaucoma network.
        predictions: of stage 06.
        seed: of the run.
        on_method: called after each of the methods, originals and noise.

    Returns:
        The table, and whom each attacker names: method, draw, image_id, identity, then one column
        per attacker.

    Raises:
        DataError: when the data are too few to attack.
    """
    attack = _Attack(known, networks, predict_glaucoma, predictions, seed)
    named = []
    for method in (BASELINE, NOISE, *methods):
        sets = list(_load_some(method, known.test, load))
        learned = [
            next(privatize(method, dataset, LEARNING_SEED + seed, 1)).images
            for dataset in (known.train, known.validation)
        ]
        twins = ()
        if known.twins is not None and method != NOISE:
            twins = tuple(
                list(privatize(method, changed, seed, len(sets)))
                for changed in (known.twins.test, known.twins.elsewhere)
            )
        named.append(attack.add_method(sets, learned, twins))
        on_method()
    return attack.table, pd.concat(named, ignore_index=True)


def make_controls(method: str, dataset: EyeDataset, *, seed: int) -> PrivatizedSet:
    """Return the originals as they are, or noise, which shows nothing of anyone.

    Args:
        method: `BASELINE` or `NOISE`.
        dataset: N images.
        seed: of the noise.
    """
    images = dataset.images
    if method == NOISE:
        rng = np.random.default_rng([seed, len(dataset)])
        images = to_unit_range(rng.integers(0, 256, images.shape, dtype=np.uint8))
    return PrivatizedSet(method, 0, images, None)


def write_attack(
    folder: Path,
    table: Table2,
    named: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    heading: str,
    seed: int,
) -> None:
    """Write Table 2 and what comes of it.

    Args:
        folder: of the stage.
        table: all entries.
        named: whom each attacker names, of `attack_sets`.
        predictions: of stage 06.
        heading: which data, which settings.
        seed: of the bootstrap.
    """
    intervals = Table2Intervals(table, seed=seed)
    numbers = intervals.list_numbers()
    write_table(numbers, folder / "table2.csv")
    write_table(intervals.compare_methods(), folder / "differences.csv")
    write_table(named, folder / "attackers.csv")
    attack = {
        "heading": heading,
        "rows": to_records(numbers),
        "summary": to_records(summarise_methods(numbers)),
        "claims": judge_retrained(predictions, named),
    }
    write_json(folder / JSON, attack)
    write_text(folder / PAGE, to_markdown(attack, heading=heading))
    plane = folder / PLANE
    draw_evidence_plane(attack["rows"], title=heading, files=[plane, plane.with_suffix(".pdf")])


def judge_retrained(predictions: pd.DataFrame, named: pd.DataFrame) -> list[dict[str, str]]:
    """Judge the claims that rest on identity accuracy by both attackers.

    The paper's numbers are of a network that has seen originals alone. Here the best attacker's
    predictions take the place of that network's, and `validation.claims.judge` judges as before.

    Args:
        predictions: of stage 06.
        named: of `attack_sets`: whom each attacker names.

    Returns:
        Rows with name, quotation, and the findings: static, and of the best retrained attacker.
    """
    keys = ["method", "draw", "image_id"]
    # Of a method that draws, fewer draws are attacked than are predicted.
    attacked = predictions.merge(named[[*keys, BEST]], on=keys, validate="1:1")
    attacked["predicted_identity"] = attacked.pop(BEST)
    return [
        {
            "name": static.claim.name,
            "quotation": static.claim.quotation,
            "static": static.finding.stored,
            "retrained": retrained.finding.stored,
        }
        for static, retrained in zip(judge_claims(predictions), judge_claims(attacked), strict=True)
        if _rests_on_identity(static.claim)
    ]


def _rests_on_identity(claim: Claim) -> bool:
    options = (option for part in claim.parts for option in part.either)
    return any(metric == "identity_accuracy" for option in options for _, metric in option.cells)


def _load_some(method: str, test: EyeDataset, load: Callable) -> Iterable[PrivatizedSet]:
    if method in (BASELINE, NOISE):
        return [make_controls(method, test, seed=0)]
    return islice(load(method), DRAWS)


class _Attack:
    """Table 2 as it is filled, method by method."""

    def __init__(
        self,
        known: Known,
        networks: Networks,
        predict_glaucoma: Predict,
        predictions: pd.DataFrame,
        seed: int,
    ) -> None:
        self.table = Table2(known.test.identity)
        self._known, self._networks, self._seed = known, networks, seed
        self._predict, self._predictions = predict_glaucoma, predictions
        self._train = networks.static.embed(known.train.images)
        test = networks.static.embed(known.test.images)
        self._real = RealEyes(known.test, test, known.train, self._train)
        self._limits = set_limits(measure_distances(known.test.images, known.train))
        self._signs = None
        if known.signs is not None:
            self._signs = SignEvidence(known.test, known.facts, known.signs, seed=seed)

    def add_method(
        self,
        sets: list[PrivatizedSet],
        learned: list[np.ndarray],
        twins: tuple[list[PrivatizedSet], ...],
    ) -> pd.DataFrame:
        """Add one method's measures to the table; return whom each attacker names.

        Args:
            sets: draws of the test images.
            learned: the training and the validation images, privatized.
            twins: as `sets`, of the images with twins, and of those changed elsewhere; empty where
                there are no twins.
        """
        known, method = self._known, sets[0].method
        embedded = [self._networks.static.embed(drawn.images) for drawn in sets]
        named = self._name_patients(sets, embedded, learned)
        if method == NOISE:
            return named
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
                predict=self._predict,
            )
        self._real.add_measures(self.table, sets, embedded)
        if method != BASELINE:
            replaced = {"test": known.test, "train": known.train, "limits": self._limits}
            add_replaced_measures(self.table, sets, embedded, **replaced)
        return named

    def _name_patients(
        self, sets: list[PrivatizedSet], embedded: list[Embeddings], learned: list[np.ndarray]
    ) -> pd.DataFrame:
        known, method, test = self._known, sets[0].method, self._known.test
        attack = PatientAttack(
            known.train,
            self._train,
            learned[0],
            validation=learned[1],
            validation_identity=known.validation.identity,
            networks=self._networks,
            seed=self._seed,
        )
        named = [attack.name_patients(*pair) for pair in zip(sets, embedded, strict=True)]
        pairs = [attack.verify(drawn, test.identity) for drawn in embedded]
        add_patient_measures(
            self.table,
            method,
            named,
            {name: sum((drawn[name] for drawn in pairs[1:]), pairs[0][name]) for name in pairs[0]},
            test=test,
            train=known.train,
        )
        truth = {"image_id": test.image_id, "identity": test.identity}
        return pd.concat(
            [
                pd.DataFrame({"method": method, "draw": drawn.draw, **truth}).join(found)
                for drawn, found in zip(sets, named, strict=True)
            ],
            ignore_index=True,
        )
