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

from replication.attack.adequacy import are_good_enough, check_attackers
from replication.attack.evidence import (
    Predict,
    SignEvidence,
    Twins,
    add_twin_measures,
    add_verdict_measures,
)
from replication.attack.image_quality import RealEyes
from replication.attack.intervals import Table2Intervals
from replication.attack.membership import add_release_membership
from replication.attack.near_copies import measure_distances, set_limits
from replication.attack.outputs import JSON, PAGE, PLANE
from replication.attack.patient_privacy import (
    BEST,
    COUNTS,
    NETWORK_DRAWS,
    Embeddings,
    Networks,
    add_pair_measures,
    add_patient_measures,
    attack_patients,
    list_named,
    score_by_network,
    verify_pairs,
)
from replication.attack.recognisers import shrink_images
from replication.attack.releases import Releases
from replication.attack.replaced_privacy import Gallery, add_replaced_measures
from replication.attack.table2 import NOISE, Table2, summarise_methods
from replication.attack.table2_text import to_markdown
from replication.attack.undo import WayBack
from replication.figures.planes import draw_evidence_plane
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, to_bytes, to_unit_range
from replication.store.files import write_json, write_text
from replication.store.tables import to_records, write_table
from validation.claims.anonymity_claims import ANONYMITY_CLAIMS
from validation.claims.judge import judge_claims
from validation.claims.parts import Claim
from validation.claims.table1_claims import CLAIMS

USED = "used_named"  # column of attackers.csv: whether the best reader names a patient used
OF_VICTIMS = ("identity_accuracy", "replacement_accuracy")
MOST_DRAWS = max(COUNTS)  # of a method that draws, at most so many are learned from, and read
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
) -> tuple[Table2, pd.DataFrame, list[dict]]:
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
        The table; whom each attacker names, of `list_named`; and the grid of attackers by draws
        learned and releases read, one row each.

    Raises:
        DataError: when the data are too few to attack.
    """
    attack = _Attack(known, networks, predict_glaucoma, predictions, seed)
    named = []
    for method in (BASELINE, NOISE, *methods):
        read = list(_load_some(method, known.test, load))
        learned = [
            attack.release(dataset, privatize(method, dataset, LEARNING_SEED + seed, len(read)))
            for dataset in (known.train, known.validation)
        ]
        twins = ()
        if known.twins is not None and method != NOISE:
            twins = tuple(
                list(privatize(method, changed, seed, min(len(read), NETWORK_DRAWS)))
                for changed in (known.twins.test, known.twins.elsewhere)
            )
        named.append(attack.add_method(*learned, read, twins))
        on_method()
    return attack.table, pd.concat(named, ignore_index=True), attack.grid


def make_controls(
    method: str, dataset: EyeDataset, *, seed: int, draws: int
) -> Iterator[PrivatizedSet]:
    """Yield the originals as they are, or draws of noise, which shows nothing of anyone.

    Args:
        method: `BASELINE` or `NOISE`.
        dataset: N images.
        seed: of the noise.
        draws: of the noise.
    """
    if method == BASELINE:
        yield PrivatizedSet(method, 0, dataset.images, None)
        return
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw, len(dataset)])
        levels = rng.integers(0, 256, dataset.images.shape, dtype=np.uint8)
        yield PrivatizedSet(method, draw, to_unit_range(levels), None)


def write_attack(
    folder: Path,
    table: Table2,
    named: pd.DataFrame,
    grid: list[dict],
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
        grid: of `attack_sets`.
        predictions: of stage 06.
        heading: which data, which settings.
        seed: of the bootstrap.
    """
    intervals = Table2Intervals(table, seed=seed)
    numbers = intervals.list_numbers()
    write_table(numbers, folder / "table2.csv")
    write_table(intervals.compare_methods(), folder / "differences.csv")
    write_table(named, folder / "attackers.csv")
    rows = to_records(numbers)
    checks = check_attackers(rows, grid)
    attack = {
        "heading": heading,
        "rows": rows,
        "grid": grid,
        "attackers": checks,
        "summary": to_records(summarise_methods(numbers, attacked=are_good_enough(checks))),
        "claims": judge_retrained(predictions, named),
    }
    write_json(folder / JSON, attack)
    write_text(folder / PAGE, to_markdown(attack, heading=heading))
    plane = folder / PLANE
    draw_evidence_plane(attack["rows"], title=heading, files=[plane, plane.with_suffix(".pdf")])


def judge_retrained(predictions: pd.DataFrame, named: pd.DataFrame) -> list[dict[str, str]]:
    """Judge the claims that rest on whom an image names, by both attackers.

    The paper's numbers are of a network that has seen originals alone. Here the predictions of the
    best attackers on either victim take the place of that network's, and `validation.claims.judge`
    judges as before. So are those of k-anonymity, which no table of static numbers can bear out.

    Args:
        predictions: of stage 06.
        named: of `attack_sets`: whom each attacker names.

    Returns:
        Rows with name, quotation, and the findings: static, and of the best retrained attackers.
    """
    keys = ["method", "draw", "image_id"]
    # Of a method that draws, fewer draws may be attacked than are predicted.
    attacked = predictions.merge(named[[*keys, BEST, USED]], on=keys, validate="1:1")
    attacked["predicted_identity"] = attacked.pop(BEST)
    attacked["replacement_shown"] = attacked.pop(USED).astype(float)
    claims = (*filter(_rests_on_identity, CLAIMS), *ANONYMITY_CLAIMS)
    judged = (judge_claims(table, claims=claims) for table in (predictions, attacked))
    return [
        {
            "name": static.claim.name,
            "quotation": static.claim.quotation,
            "static": static.finding.stored,
            "retrained": retrained.finding.stored,
        }
        for static, retrained in zip(*judged, strict=True)
    ]


def _rests_on_identity(claim: Claim) -> bool:
    options = (option for part in claim.parts for option in part.either)
    return any(metric in OF_VICTIMS for option in options for _, metric in option.cells)


def _load_some(method: str, test: EyeDataset, load: Callable) -> Iterable[PrivatizedSet]:
    if method in (BASELINE, NOISE):
        return make_controls(method, test, seed=0, draws=MOST_DRAWS)
    return islice(load(method), MOST_DRAWS)


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
        self.table, self.grid = Table2(known.test.identity), []
        self._known, self._networks, self._seed = known, networks, seed
        self._predict, self._predictions = predict_glaucoma, predictions
        self._train = networks.static.embed(known.train.images)
        self._patients = self._train.probabilities.shape[1]
        test = networks.static.embed(known.test.images)
        self._real = RealEyes(known.test, test, known.train, self._train)
        self._limits = set_limits(measure_distances(known.test.images, known.train))
        levels = to_bytes(known.train.images)
        self._gallery = Gallery(levels, known.train.identity, self._patients)
        train, self._validation = (
            self.release(own, [PrivatizedSet(BASELINE, 0, own.images, None)])
            for own in (known.train, known.validation)
        )
        self._members = shrink_images(train)
        originals = PrivatizedSet(BASELINE, 0, known.test.images, None)
        self._others = shrink_images(self.release(known.test, [originals]))
        self._way_back = WayBack(train, self._patients, networks.static)
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
        known, networks = self._known, self._networks
        learned = networks.static.embed(releases[0].first(1).images)
        validation = [networks.static.embed(releases[1].first(NETWORK_DRAWS).images)]
        identity = known.train.identity
        scores = score_by_network(learned, identity, validation, embedded)
        scores |= self._way_back.score(*releases, self._validation)
        findings = attack_patients(*releases, patients=self._patients, network_scores=scores)
        add_patient_measures(self.table, method, findings, test=known.test, train=known.train)
        self.grid += [
            {"method": method, "victim": "patient", **row} for row in findings.list_grid()
        ]
        train = self._train
        networks.siamese.train(learned.features, train.features, identity, seed=self._seed)
        pairs = {
            "evaluator": ([one.embedding for one in embedded], train.embedding),
            "siamese": (
                [networks.siamese.embed(one.features) for one in embedded],
                networks.siamese.embed(train.features),
            ),
        }
        for name, (drawn, originals) in pairs.items():
            counted = [
                verify_pairs(one, originals, test=known.test, train=known.train) for one in drawn
            ]
            add_pair_measures(self.table, method, name, counted)
        return list_named(findings, method, known.test).assign(**{USED: np.nan})
