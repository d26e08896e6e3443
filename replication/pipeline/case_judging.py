"""Measure how good the cases of a run are, over all its test images: Table 3."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from replication.attack.sign_kinds import (
    count_pairs,
    list_shown_signs,
    plan_folds,
    read_kinds,
    view_signs,
)
from replication.cases.membership import query_cases, rank_controls
from replication.cases.released import ReleasedCases
from replication.cases.search import weigh_places
from replication.cases.table3 import (
    Answering,
    Asked,
    lay_out_table3,
    list_estimate,
    list_unmeasured,
    measure_cases,
)
from replication.errors import DataError, MethodRefused
from replication.evaluate.table1 import describe_refusals
from replication.pipeline.case_releases import (
    RELEASED,
    release,
    release_from,
    release_originals,
)
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import explaining
from replication.preprocess.places import find_sign_table, mark_kinds, read_signs
from replication.privatize.methods import BASELINE, Method
from replication.records import EyeDataset, judge_ill
from replication.store.arrays import load_manifest
from replication.store.files import write_text
from replication.store.run_record import PREPROCESSED, describe_split
from replication.store.tables import Section, write_table
from replication.store.words import put
from validation.statistics.intervals import CONFIDENCE
from validation.statistics.resampling import (
    Estimate,
    bootstrap_interval,
    estimate_mean,
    resample_ratios,
)

SHOWN = 3  # cases with the verdict's diagnosis, as `explain-case` shows unless asked for others
TABLE3 = "table3.md"
QUERIES = 1000  # of an attacker
REPLICATES = 1000  # ours: of the bootstrap of pairs of signs
ROLLED_PX = 1  # how far a photograph is moved to query with it once more


class CaseJudging:
    """The test images of a run and all that is known of them, to measure its methods' cases.

    Args:
        run: complete up to the networks that the methods need.
    """

    def __init__(self, run: RunData) -> None:
        self._run, self._network = run, run.load_evaluator("glaucoma")
        self._facts = load_manifest(run.store.folder(PREPROCESSED))
        table = find_sign_table(run.source.root)
        self._signs = None if table is None else read_signs(table)
        self._kinds = mark_kinds(self._facts, self._signs)
        known = run.splits.validation
        self._known = run.dataset.take(known), self._network.embed(run.dataset.images[known])
        self._verdicts = judge_ill(self._network.predict(run.train_set.images))
        queries = list_queries(run.test_set, self._known[0], QUERIES)
        with run.store.scratch() as folder, explaining(run, folder, len(queries)) as worker:
            self._queries = self._ask(queries, *worker)
        rows = np.arange(len(run.test_set))
        self._asked = replace(
            self._queries,
            test=run.test_set,
            verdict=self._queries.verdict[rows],
            features=self._queries.features[rows],
            weights=self._queries.weights[rows],
            kinds=self._kinds[run.splits.test],
        )

    def measure(
        self, released: ReleasedCases, release_half: Callable[[EyeDataset], ReleasedCases]
    ) -> pd.DataFrame:
        """Return all rows of one method, as `table3.measure_cases` has them.

        Args:
            released: its cases.
            release_half: the same of a part of the training images.
        """
        run = self._run
        rng, network = np.random.default_rng(run.seed), self._network
        kept = judge_ill(network.predict(released.images)) == self._verdicts
        answering = Answering(
            run.train_set,
            released,
            network.embed(released.images),
            kept,
            self._kinds[run.splits.known],
        )
        measured = measure_cases(self._asked, answering, count=SHOWN, rng=rng)
        others = [self._read_kinds(released, rng), self._read_members(release_half, rng)]
        return pd.concat([measured, pd.DataFrame(others)], ignore_index=True)

    def _ask(self, queries: EyeDataset, worker, options: dict) -> Asked:
        predictions = self._network.predict(queries.images)
        relevance = worker.explain(queries.images, predictions=predictions, **options)
        features = self._network.embed(queries.images)
        weights = weigh_places(relevance.maps, features.shape[1:3])
        no_kinds = np.zeros((len(queries), 0), dtype=bool)
        return Asked(queries, judge_ill(predictions), features, weights, *self._known, no_kinds)

    def _read_kinds(self, released: ReleasedCases, rng: np.random.Generator) -> dict:
        """Return how well a sign's kind is read in the pictures that passed."""
        passed = np.flatnonzero(released.passed)
        if self._signs is None or not len(passed):
            return list_unmeasured("kind_read")
        gallery, images = self._run.train_set, released.images[passed]
        facts = self._facts.iloc[self._run.splits.known[passed]]
        identity = gallery.identity[passed]
        shown = list_shown_signs(facts, self._signs, identity, size_px=images.shape[1])
        try:
            folds = plan_folds(shown, seed=self._run.seed)
            scores = read_kinds(view_signs(images, shown, identity), shown, folds)
        except DataError:  # too few kinds, or patients with them
            return list_unmeasured("kind_read")
        patients, cell = np.unique(identity), ("cases", "kind_read")
        pairs = count_pairs(scores, shown, folds, patients=patients)
        sizes = {"patients": len(patients), "images": len(np.unique(shown.image))}
        resamples = resample_ratios({cell: pairs}, **sizes, rng=rng, replicates=REPLICATES)
        ends = bootstrap_interval(lambda area: area, (cell,), resamples, confidence=CONFIDENCE)
        area = resamples.observed[cell].item()
        found = Estimate(area, *ends, sizes["images"], len(np.unique(shown.identity)))
        return list_estimate("kind_read", found)

    def _read_members(
        self, release_half: Callable[[EyeDataset], ReleasedCases], rng: np.random.Generator
    ) -> dict:
        """Return how well an attacker finds who is in the gallery, each half left out in turn.

        Networks and generators have learned all patients: what they add is not measured.
        """
        gallery, queries = self._run.train_set, self._queries
        half = halve_by_label(gallery, rng)
        number = np.arange(len(queries.test))
        tests = number < len(self._asked.test)
        chosen_by = ~tests & (number < len(self._asked.test) + len(self._known[0]))
        areas, values, patients = [], [], []
        for part in (0, 1):
            rows = np.flatnonzero(half[gallery.identity] == part)
            members = gallery.take(rows)
            try:
                released = release_half(members)
            except DataError:
                return list_unmeasured("member")
            features = self._network.embed(released.images)
            answering = Answering(members, released, features, *_know_nothing(len(rows)))
            scores = query_cases(queries, answering, count=SHOWN)
            member = half[queries.test.identity] == part
            ranked = rank_controls(scores, member, chosen_by, tests)
            areas.append({attack: area for attack, (area, _) in ranked.items()})
            values.append({attack: each for attack, (_, each) in ranked.items()})
            patients.append(queries.test.identity[tests & ~member])
        best = max(areas[0], key=lambda attack: sum(each[attack] for each in areas))
        counted = np.concatenate([each[best] for each in values])
        return list_estimate("member", estimate_mean(counted, np.concatenate(patients), rng=rng))


def judge_cases(run: RunData, methods: Sequence[Method]) -> Section:
    """Measure how good the cases of methods are over all test images, and write Table 3.

    Args:
        run: complete up to the networks that the methods need.
        methods: by which cases are privatized; the originals stand above them, and one that
            refuses these data is left out with its reason.

    Raises:
        MethodRefused: when all of them do.
    """
    released, refused = {}, {}
    for method in methods:
        try:
            released[method.name] = release(run, method)
        except MethodRefused as refusal:
            refused[method.name] = str(refusal)
    if not released:
        raise MethodRefused("; ".join(dict.fromkeys(refused.values())))
    judging, measured = CaseJudging(run), {}
    with run.track("judging cases", 1 + len(released)) as advance:
        originals = release_originals(run.train_set)
        measured[BASELINE] = judging.measure(originals, release_originals)
        advance()
        for method in filter(lambda one: one.name in released, methods):
            measured[method.name] = judging.measure(
                released[method.name], lambda half, method=method: release_from(run, method, half)
            )
            advance()
    heading = f"Table 3 on {run.source.title}: {len(run.test_set)} test images."
    heading = " ".join([heading + describe_split(run.described), *describe_refusals(refused)])
    table = lay_out_table3(measured, heading=heading)
    rows = pd.concat([each.assign(method=name) for name, each in measured.items()])
    write_table(rows, run.store.root / RELEASED / "table3.csv")
    write_text(run.store.root / RELEASED / TABLE3, put(f"{table.to_markdown()}\n"))
    return table


def list_queries(test: EyeDataset, others: EyeDataset, count: int) -> EyeDataset:
    """Return what an attacker queries with: these images, then the same moved, `count` or all once."""
    images = np.concatenate([test.images, others.images])
    identity = np.concatenate([test.identity, others.identity])
    glaucoma = np.concatenate([test.glaucoma, others.glaucoma])
    every = np.arange(max(count, len(images)))
    rows, rounds = every % len(images), every // len(images)
    moved = [
        np.roll(images[row], ROLLED_PX * by, axis=1) for row, by in zip(rows, rounds, strict=True)
    ]
    return EyeDataset(np.stack(moved), identity[rows], glaucoma[rows], every.astype(np.str_))


def halve_by_label(gallery: EyeDataset, rng: np.random.Generator) -> np.ndarray:
    """Return (P,) 0 or 1 for each patient: of the ill and of the others as many in each half."""
    half = np.zeros(int(gallery.identity.max()) + 1, np.intp)
    ill = np.isin(np.arange(len(half)), gallery.identity[gallery.glaucoma])
    for group in (ill, ~ill):
        patients = rng.permutation(np.flatnonzero(group))
        half[patients] = np.arange(len(patients)) % 2
    return half


def _know_nothing(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what an attacker's answers don't need: which verdicts are kept, and kinds."""
    return np.ones(count, dtype=bool), np.zeros((count, 0), dtype=bool)
