"""Explain an image by cases of a run: release and gate them once, then search, explain and show.

What is released lies in the run's folder, `cases/METHOD`, beside the stages; the ledger of what was
shown beside it (`replication.cases.ledger`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack.adequacy import are_good_enough
from replication.attack.near_copies import measure_distances, set_limits
from replication.attack.stage import LEARNING_SEED
from replication.attack.table2 import (
    MEASURES,
    PRIVACY,
    Requirement,
    find_worst_leaks,
)
from replication.cases.answer import choose_cases
from replication.cases.card import JSON, PAGE, Card, Case, Risk, Shown, render_card
from replication.cases.gate import Gate, Refusal, release_cases
from replication.cases.ledger import Entry, Ledger, code_case, hash_picture
from replication.cases.released import ReleasedCases, load_cases, save_cases
from replication.cases.search import Similar, compare, show_similar, weigh_places
from replication.cases.table3 import Answering, Asked, lay_out_table3, measure_cases
from replication.data.sources import Kind
from replication.errors import DataError, SettingsError
from replication.explain.one_image import read_frame
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import explaining, list_needed
from replication.preprocess.frame import list_sizes
from replication.privatize.blocks import drop_zeros
from replication.privatize.methods import BASELINE, METHODS, Method, find_method
from replication.records import (
    CLASS_OF_GLAUCOMA,
    EyeDataset,
    PrivatizedSet,
    RelevanceMaps,
    judge_ill,
    to_bytes,
)
from replication.results.finished_run import FinishedRun
from replication.store.arrays import find_white_level, load_manifest
from replication.store.files import write_json, write_text
from replication.store.run_folder import LEDGER
from replication.store.run_record import EVALUATORS, PREPROCESSED, describe_split
from replication.store.tables import Section, write_table
from validation.statistics.channel import bound_channel

RELEASED = "cases"  # the folder of released pictures, one folder in it per method
SHOWN = 3  # cases with the verdict's diagnosis, unless asked for otherwise
TABLE3 = "table3.md"
DRAWS = 3  # ours: how often a picture that is refused is drawn
VICTIMS = {Requirement.PATIENT: "The patient", Requirement.REPLACED: "Others whose images went in"}


def explain_case(
    run: RunData,
    file: Path,
    *,
    eye: str,
    patient: str | None,
    method: Method,
    count: int,
    folder: Path,
) -> Card:
    """Explain one image by similar cases of a run, and write the card.

    Args:
        run: complete up to the networks that the method needs.
        file: image of a whole frame, its label strip on.
        eye: 'left' or 'right'.
        patient: whose image it is, as the run's data name patients; None where unknown.
        method: by which the cases are privatized.
        count: cases of the predicted label, at most.
        folder: for `index.html` and `card.json`, which are written over.

    Raises:
        DataError: when the file is no frame of the run's kind, patients are too few, or the gate
            refuses every case.
        ExplanationError: when the network can't be explained.
        SettingsError: when the ledger can't be used.
    """
    known = load_manifest(run.store.folder(PREPROCESSED))
    image = read_frame(
        file,
        given_as="IMAGE",
        eye=eye,
        settings=run.profile.preprocess,
        white=find_white_level(known),
        sizes_px=list_sizes(known),
    )
    own, own_words = _find_patient(run, known, image, patient)
    released = release(run, method)
    if not released.passed.any():
        raise DataError(
            f"{method.name}: the gate refuses every case, so that none can be shown; take another "
            "--method"
        )
    gallery, network = run.train_set, run.load_evaluator("glaucoma")
    with run.store.scratch() as scratch, explaining(run, scratch, 2 + count) as (worker, options):
        ledger = Ledger(run.store.root / LEDGER, run.store.secret_digest)
        explain = partial(worker.explain, **options)
        predictions = network.predict(image)
        relevance = explain(image, predictions=predictions)
        shown = _show(image, predictions, relevance)[0]
        features, searched = network.embed(image)[0], network.embed(released.images)
        weights = weigh_places(relevance.maps, features.shape[:2])[0]
        similar = _search(run, network, features, searched, weights, released, shown.verdict)
        codes = [code_case(run.store.secret, name) for name in gallery.image_id]
        hashes = [hash_picture(picture) for picture in released.images]
        choose = partial(
            choose_cases,
            similar,
            released,
            identity=gallery.identity,
            allows=lambda row: ledger.allows(codes[row], hashes[row]),
        )
        others = gallery.identity != own
        alike = choose(others & (gallery.glaucoma == shown.verdict), count=count)
        counter = choose(others & (gallery.glaucoma != shown.verdict), count=1, beside=alike.rows)
        rows = [*alike.rows, *counter.rows]
        cases = []
        if rows:
            images = released.images[rows]
            predictions = network.predict(images)
            maps = explain(images, predictions=predictions)
            cases = [
                Case(
                    each,
                    bool(gallery.glaucoma[row]),
                    show_similar(features, searched[row], weights),
                    float(similar.distance[row]),
                    float(similar.percentile[row]),
                    int(released.alike[row]),
                    hashes[row],
                )
                for row, each in zip(rows, _show(images, predictions, maps), strict=True)
            ]
        card = Card(
            query=shown,
            eye=eye,
            own_patient=own_words,
            method=method,
            alike=method.alike,
            cases=cases[: len(alike.rows)],
            counter=cases[len(alike.rows) :],
            refused=alike.refused + counter.refused,
            redrawn=int((released.draw[rows] > 0).sum()),
            risks=list(list_risks(run, method)),
            bound=_find_bound(released, gallery),
            synthetic=run.source.kind is Kind.SURROGATE,
            network=run.own.name if run.own else None,
        )
        entries = [
            Entry(
                run.store.secret_digest,
                codes[row],
                method.name,
                int(released.draw[row]),
                hashes[row],
            )
            for row in rows
        ]
        folder.mkdir(parents=True, exist_ok=True)
        ledger.record(entries)
        write_json(folder / JSON, card.to_plain())
        write_text(folder / PAGE, render_card(card))
    return card


def judge_cases(run: RunData, methods: Sequence[Method]) -> Section:
    """Measure how good the cases of methods are over all test images, and write Table 3.

    Args:
        run: complete up to the networks that the methods need.
        methods: by which cases are privatized; the originals stand above them.
    """
    gallery, validation = run.train_set, run.dataset.take(run.splits.validation)
    network, test = run.load_evaluator("glaucoma"), run.test_set
    released = {BASELINE: _release_originals(run)}
    released |= {method.name: release(run, method) for method in methods}
    predictions = network.predict(test.images)
    with run.store.scratch() as scratch, explaining(run, scratch, len(test)) as (worker, options):
        relevance = worker.explain(test.images, predictions=predictions, **options)
    features = network.embed(test.images)
    asked = Asked(
        test,
        judge_ill(predictions),
        features,
        weigh_places(relevance.maps, features.shape[1:3]),
        validation,
        network.embed(validation.images),
    )
    verdicts, measured = judge_ill(network.predict(gallery.images)), {}
    with run.track("judging cases", len(released)) as advance:
        for name, cases in released.items():
            kept = judge_ill(network.predict(cases.images)) == verdicts
            answering = Answering(gallery, cases, network.embed(cases.images), kept)
            rng = np.random.default_rng(run.seed)
            measured[name] = measure_cases(asked, answering, count=SHOWN, rng=rng)
            advance()
    heading = f"Table 3 on {run.source.title}: {len(test)} test images."
    table = lay_out_table3(measured, heading=heading + describe_split(run.split_record))
    rows = pd.concat([each.assign(method=name) for name, each in measured.items()])
    write_table(rows, run.store.root / RELEASED / "table3.csv")
    write_text(run.store.root / RELEASED / TABLE3, table.to_markdown() + "\n")
    return table


def release(run: RunData, method: Method) -> ReleasedCases:
    """Return the form in which each training image may be shown; made and gated once, then kept."""
    unit = f"{RELEASED}/{method.name}"
    needs = tuple(dict.fromkeys((EVALUATORS["identity"], *list_needed(method))))
    draws = DRAWS if method.is_drawn else 1
    key = {
        "settings": run.drawing_record | {"draws": draws, "alike": method.alike},
        "inputs": {need: run.store.digest(need) for need in needs},
    }
    with run.store.locked():
        if not run.store.is_complete(unit, key):
            with run.store.writing(unit, key) as folder, run.track("gating", draws) as advance:
                sets = _draw_cases(run, method, draws, advance)
                save_cases(folder, release_cases(sets, _open_gate(run, method), run.train_set))
        return load_cases(run.store.folder(unit))


def choose_method(run: RunData) -> Method:
    """Return the method whose worst figure in the run's Table 2 is best.

    Raises:
        SettingsError: when no method's privacy was measured.
    """
    attack = FinishedRun(run.store).attack
    shares: dict[str, dict[str, float]] = {}
    for row in attack["summary"] if attack else ():
        if row["share"] is not None and row["method"] in METHODS:
            shares.setdefault(row["method"], {})[row["requirement"]] = row["share"]
    worst = {name: min(own.values()) for name, own in shares.items() if PRIVACY in own}
    if not worst:
        raise SettingsError(
            "--method: no method's privacy counts as measured in this run (07_attacked/table2.md); "
            f"give one of {', '.join(METHODS)}"
        )
    return find_method(max(worst, key=worst.get))


def _release_originals(run: RunData) -> ReleasedCases:
    """Return the training images as they are, as if they might be shown: what Table 3 compares with."""
    count = len(run.train_set)
    nothing = np.full(count, Refusal.NONE, dtype=np.str_)
    return ReleasedCases(
        run.train_set.images, np.zeros(count, int), nothing, np.ones(count, int), np.arange(count)
    )


def _draw_cases(
    run: RunData, method: Method, draws: int, advance: Callable[[], None]
) -> Iterator[PrivatizedSet]:
    for drawn in run.privatize(method, run.train_set, seed=run.drawing_seed, draws=draws):
        yield drawn
        advance()


def _open_gate(run: RunData, method: Method) -> Gate:
    seed = LEARNING_SEED + run.seed
    learned = next(run.privatize(method, run.train_set, seed=seed, draws=1))
    predict = run.load_evaluator("identity").predict
    return Gate(
        run.train_set,
        learned,
        name_statically=lambda images: predict(images).argmax(axis=1),
        limits=set_limits(measure_distances(run.test_set.images, run.train_set)),
        alike=method.alike,
    )


def _find_patient(
    run: RunData, known: pd.DataFrame, image: np.ndarray, patient: str | None
) -> tuple[int | None, str]:
    """Return the class of the image's patient in the run, None without one, and what is known.

    A patient who isn't given is found where the run has the same image, byte for byte.
    """
    if patient is not None:
        numbered = run.source.kind is not Kind.MANIFEST
        spell = drop_zeros if numbered else str
        same = known["patient_id"].map(spell) == spell(patient)
        if same.any():
            return int(known["identity"][same].iloc[0]), "given; none of their images is shown"
        return None, "given; not among the cases' patients"
    equal = (to_bytes(run.dataset.images) == to_bytes(image)).all(axis=(1, 2, 3))
    if equal.any():
        own = int(run.dataset.identity[equal][0])
        return own, "found by the same image; none of their images is shown"
    return None, "not given: if theirs is among the cases, it may be shown"


def _search(run, network, features, searched, weights, released, verdict) -> Similar:
    """Return how similar each case is to an image of these features, by the weights of its places."""
    gallery, validation = run.train_set, run.dataset.take(run.splits.validation)
    return compare(
        features,
        searched,
        network.embed(validation.images),
        weights,
        same_patient=validation.identity[:, None] == gallery.identity,
        own_label=validation.glaucoma == verdict,
        label=gallery.glaucoma,
        passed=released.passed,
    )


def _show(images: np.ndarray, predictions: np.ndarray, relevance: RelevanceMaps) -> list[Shown]:
    probability = predictions[:, CLASS_OF_GLAUCOMA]
    return [
        Shown(image, float(p), each)
        for image, p, each in zip(images, probability, relevance.maps, strict=True)
    ]


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


def _find_bound(released: ReleasedCases, gallery: EyeDataset) -> float | None:
    """Return the share of what may be shown that anyone can name at most, None without a proof."""
    passed = released.passed
    share = bound_channel(gallery.identity[passed], released.code[passed]).at_most
    return share if share < 1 else None
