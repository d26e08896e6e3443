"""Answer images by cases of a run: search, explain, and lay out what a card shows.

Networks, cases and ledger are read once, for however many images.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property

import numpy as np

from replication.attack.adequacy import are_good_enough
from replication.attack.table2 import MEASURES, Requirement, find_worst_leaks
from replication.cases.answer import Choice, choose_cases
from replication.cases.card import Card, Case, Judged, Risk, Shown
from replication.cases.ledger import Entry, Ledger, code_case, hash_picture
from replication.cases.queries import Query
from replication.cases.released import ReleasedCases
from replication.cases.search import compare, show_similar, weigh_places
from replication.data.sources import Kind
from replication.data.survey import NO_SIDE
from replication.pipeline.run_data import RunData
from replication.privatize.blocks import drop_zeros
from replication.privatize.methods import Method
from replication.records import CLASS_OF_GLAUCOMA, EyeDataset, RelevanceMaps, to_bytes
from replication.results.finished_run import FinishedRun
from replication.store.arrays import load_manifest
from replication.store.run_folder import LEDGER
from replication.store.run_record import PREPROCESSED
from validation.statistics.channel import bound_channel

VICTIMS = {Requirement.PATIENT: "The patient", Requirement.REPLACED: "Others whose images went in"}


class CaseAnswers:
    """One method's cases of a run, ready to answer images.

    Args:
        run: complete up to the networks that the method needs.
        method: by which the cases are privatized.
        released: the cases (`case_releases.release`).
        features: of `case_releases.load_features`.
        count: cases of the predicted label, at most.
        explain: (N, S, S, C) images and their predictions to their maps (`ExplanationWorker`).

    Raises:
        SettingsError: when the ledger can't be used.
    """

    def __init__(
        self,
        run: RunData,
        method: Method,
        released: ReleasedCases,
        features: tuple[np.ndarray, np.ndarray],
        *,
        count: int,
        explain: Callable[..., RelevanceMaps],
    ) -> None:
        self._ledger = Ledger(run.store.root / LEDGER, run.store.secret_digest)
        self._run, self._method, self._count, self._explain = run, method, count, explain
        self._released = released
        self._network = run.load_evaluator("glaucoma")
        self._gallery = run.train_set
        self._known = run.dataset.take(run.splits.validation)
        self._same_patient = self._known.identity[:, None] == self._gallery.identity
        self._features, self._known_features = features
        self._risks = list(list_risks(run, method))
        self._bound = find_bound(self._released, self._gallery)
        self._pictures: dict[int, Shown] = {}
        self._without_sign: dict[int, Judged] = {}

    def answer(self, queries: Sequence[Query]) -> list[Card]:
        """Return the card of each image, and record in the ledger what they show.

        Raises:
            ExplanationError: when the network can't be explained.
        """
        images = np.concatenate([query.image for query in queries])
        shown, relevance = self._show(images)
        features = self._network.embed(images)
        weights = weigh_places(relevance.maps, features.shape[1:3])
        owns = [self._find_patient(query) for query in queries]
        found = [
            self._choose(*each, own)
            for *each, (own, _) in zip(shown, features, weights, owns, strict=True)
        ]
        rows = {row for _, alike, counter in found for row in (*alike.rows, *counter.rows)}
        self._add_pictures(sorted(rows))
        self._ledger.record(map(self._enter, sorted(rows)))
        each = zip(queries, shown, features, weights, owns, found, strict=True)
        return [self._lay_out(*one) for one in each]

    def _show(self, images: np.ndarray) -> tuple[list[Shown], RelevanceMaps]:
        predictions = self._network.predict(images)
        relevance = self._explain(images, predictions=predictions)
        probability = predictions[:, CLASS_OF_GLAUCOMA]
        each = zip(images, probability, relevance.maps, strict=True)
        return [Shown(image, float(p), own) for image, p, own in each], relevance

    def _choose(
        self, shown: Shown, features: np.ndarray, weights: np.ndarray, own: int | None
    ) -> tuple[dict[int, tuple[float, float]], Choice, Choice]:
        """Choose the cases and the counter-case, and return distance and percentile of their rows."""
        gallery = self._gallery
        similar = compare(
            features,
            self._features,
            self._known_features,
            weights,
            same_patient=self._same_patient,
            own_label=self._known.glaucoma == shown.verdict,
            label=gallery.glaucoma,
            passed=self._released.passed,
        )
        others, same = gallery.identity != own, gallery.glaucoma == shown.verdict
        given = {"identity": gallery.identity, "allows": self._allows}
        alike = choose_cases(similar, self._released, others & same, count=self._count, **given)
        counter = choose_cases(
            similar, self._released, others & ~same, count=1, beside=alike.rows, **given
        )
        rows = (*alike.rows, *counter.rows)
        near = {row: (float(similar.distance[row]), similar.find_percentile(row)) for row in rows}
        return near, alike, counter

    def _allows(self, row: int) -> bool:
        entry = self._enter(row)
        return self._ledger.allows(entry.case, entry.sha256)

    @cache  # noqa: B019 - of one command
    def _enter(self, row: int) -> Entry:
        store, released = self._run.store, self._released
        return Entry(
            store.secret_digest,
            code_case(store.secret, self._gallery.image_id[row]),
            self._method.name,
            int(released.draw[row]),
            hash_picture(released.images[row]),
        )

    def _add_pictures(self, rows: list[int]) -> None:
        """Explain the pictures of these cases that were not shown before."""
        if not (new := [row for row in rows if row not in self._pictures]):
            return
        shown, _ = self._show(self._released.images[new])
        self._pictures |= zip(new, shown, strict=True)
        drawn = [row for row in new if self._released.code[row]]  # code 0 has no sign
        if self._released.without_sign is not None and drawn:
            images = self._released.without_sign[drawn]
            probability = self._network.predict(images)[:, CLASS_OF_GLAUCOMA]
            each = zip(drawn, images, probability, strict=True)
            self._without_sign |= {row: Judged(image, float(p)) for row, image, p in each}

    def _lay_out(
        self,
        query: Query,
        shown: Shown,
        features: np.ndarray,
        weights: np.ndarray,
        own: tuple[int | None, str],
        found: tuple[dict[int, tuple[float, float]], Choice, Choice],
    ) -> Card:
        near, alike, counter = found
        cases = [
            Case(
                self._pictures[row],
                bool(self._gallery.glaucoma[row]),
                show_similar(features, self._features[row], weights),
                *near[row],
                int(self._released.alike[row]),
                self._enter(row).sha256,
                self._without_sign.get(row),
            )
            for row in (*alike.rows, *counter.rows)
        ]
        return Card(
            query=shown,
            eye=query.eye if self._run.profile.preprocess.mirroring else NO_SIDE,
            own_patient=own[1],
            method=self._method,
            alike=self._method.alike,
            cases=cases[: len(alike.rows)],
            counter=cases[len(alike.rows) :],
            refused=alike.refused + counter.refused,
            redrawn=int((self._released.draw[[*alike.rows, *counter.rows]] > 0).sum()),
            risks=self._risks,
            bound=self._bound,
            synthetic=self._run.source.kind is Kind.SURROGATE,
            network=self._run.own.name if self._run.own else None,
        )

    def _find_patient(self, query: Query) -> tuple[int | None, str]:
        """Return the class of an image's patient in the run, None without one, and what is known.

        A patient who isn't given is found where the run has the same image, byte for byte.
        """
        if query.patient is not None:
            own = self._classes.get(self._spell(query.patient))
            if own is None:
                return None, "given; not among the cases' patients"
            return own, "given; none of their images is shown"
        own = self._images.get(to_bytes(query.image[0, ..., 0]).tobytes())
        if own is not None:
            return own, "found by the same image; none of their images is shown"
        return None, "not given: if theirs is among the cases, it may be shown"

    def _spell(self, patient: str) -> str:
        numbered = self._run.source.kind is not Kind.MANIFEST
        return drop_zeros(patient) if numbered else patient

    @cached_property
    def _classes(self) -> dict[str, int]:
        """Classes of identity by the patients' ids."""
        known = load_manifest(self._run.store.folder(PREPROCESSED))
        return dict(zip(map(self._spell, known["patient_id"]), known["identity"], strict=True))

    @cached_property
    def _images(self) -> dict[bytes, int]:
        """Classes of identity by the bytes of the run's images."""
        levels, identity = to_bytes(self._run.dataset.images[..., 0]), self._run.dataset.identity
        return {each.tobytes(): int(own) for each, own in zip(levels, identity, strict=True)}


def list_risks(run: RunData, method: Method) -> Iterator[Risk]:
    """Yield the worst measured risks of both victims; none where they don't count as measured."""
    attack = FinishedRun(run.store).attack
    if attack is None or not are_good_enough(attack["attackers"]):
        return
    for victim, words in VICTIMS.items():
        for row in find_worst_leaks(attack["rows"], method.name, victim):
            measure = MEASURES[row["measure"]]
            figures = {name: row[name] for name in ("value", "low", "high", "chance")}
            yield Risk(words, measure.heading, **figures, fraction=measure.fraction)


def find_bound(released: ReleasedCases, gallery: EyeDataset) -> float | None:
    """Return the share of what may be shown that anyone can name at most, None without a proof."""
    passed = released.passed
    share = bound_channel(gallery.identity[passed], released.code[passed]).at_most
    return share if share < 1 else None
