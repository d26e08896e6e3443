"""Explain images by cases of a run, and write the cards.

What is released lies in the run's folder, `cases/METHOD`, beside the stages; the ledger of what was
shown beside it (`replication.cases.ledger`).
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import pandas as pd

from replication.cases.card import JSON, PAGE, Card, render_card
from replication.cases.overview import TABLE, Listed, list_card, render_overview
from replication.cases.queries import Query, list_rows, read_queries
from replication.data.iris_by_hand import Circle
from replication.data.sources import Kind
from replication.errors import DataError, SettingsError
from replication.explain.one_image import read_frame
from replication.pipeline.case_answers import CaseAnswers
from replication.pipeline.case_releases import load_features, release
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import explaining
from replication.preprocess.frame import list_sizes
from replication.privatize.methods import METHODS, Method, find_method
from replication.results.finished_run import FinishedRun
from replication.store.arrays import find_white_level, load_manifest
from replication.store.files import new_folder, write_bytes, write_json, write_text
from replication.store.run_record import PREPROCESSED
from replication.store.tables import write_table
from replication.system.browser import print_page
from validation.claims.requirements_claim import PRIVACY

AT_ONCE = 64  # images: as many as the explanation worker takes at once


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


def explain_case(
    run: RunData,
    file: Path,
    *,
    eye: str,
    circle: Circle | None,
    patient: str | None,
    method: Method,
    count: int,
    folder: Path,
    browser: str | None = None,
) -> Card:
    """Explain one image by similar cases of a run, and write the card.

    Args:
        run: complete up to the networks that the method needs.
        file: image of a whole frame, its label strip on.
        eye: 'left' or 'right'.
        circle: of `read_frame`.
        patient: whose image it is, as the run's data name patients; None where unknown.
        method: by which the cases are privatized.
        count: cases of the predicted label, at most.
        folder: for `index.html` and `card.json`, which are written over.
        browser: by which `card.pdf` is printed, too (`system.browser.find_browser`); None for no PDF.

    Raises:
        DataError: when the file is no frame of the run's kind, patients are too few, or the gate
            refuses every case.
        ExplanationError: when the network can't be explained.
        SettingsError: when the ledger or the browser can't be used.
    """
    image = read_frame(file, given_as="IMAGE", eye=eye, circle=circle, **_find_frames(run))
    with _answering(run, method, count, images=2 + count) as answers:
        (card,) = answers.answer([Query(image, eye, patient)])
        folder.mkdir(parents=True, exist_ok=True)
        _write_card(card, folder / PAGE, folder / JSON, browser=browser)
    return card


def explain_cases(
    run: RunData,
    queries: Path,
    *,
    method: Method,
    count: int,
    folder: Path,
    browser: str | None = None,
) -> list[Listed]:
    """Explain a file's images by similar cases of a run: a card for each, and an overview.

    Leaves `index.html`, `cards.csv`, and for each row that can be answered its number as .html and
    .json (and .pdf); all of it or nothing. The ledger may then hold more than was shown, never less.

    Args:
        run, method, count, browser: as for `explain_case`.
        queries: of the images (`replication.cases.queries`).
        folder: for the cards; one that holds other files than cards is refused.

    Returns:
        What became of each row.

    Raises:
        DataError: as for `explain_case`, and when no row can be answered.
        ExplanationError, SettingsError: as for `explain_case`.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / TABLE).is_file():
        raise SettingsError(f"{folder}: holds other files than cards; give a new folder by --out")
    rows = list_rows(queries, run.profile.preprocess)
    _check_any([row.problem for row in rows])  # before cases are released, which takes a minute
    frames = read_queries(rows, **_find_frames(run), workers=run.workers)
    with (
        _answering(run, method, count, images=len(rows)) as answers,
        new_folder(folder) as partial_folder,
    ):
        listed, write = [], partial(_write_named, partial_folder, browser=browser)
        for batch in _take_batches(enumerate(frames, 1)):
            listed += _answer_batch(answers, batch, write, digits=len(str(len(rows))))
        _check_any([row.problem for row in listed])
        write_table(pd.DataFrame(listed), partial_folder / TABLE)
        page = render_overview(listed, synthetic=run.source.kind is Kind.SURROGATE)
        write_text(partial_folder / PAGE, page)
        if folder.exists():  # cards, or nothing
            shutil.rmtree(folder)
    return listed


def _check_any(problems: Sequence[str]) -> None:
    """Raise DataError where every row has a problem."""
    if all(problems):
        raise DataError(
            f"--queries: none of {len(problems)} rows can be answered; row 1: {problems[0]}"
        )


def _answer_batch(
    answers: CaseAnswers,
    batch: list[tuple[int, Query | str]],
    write: Callable[[str, Card], None],
    *,
    digits: int,
) -> Iterator[Listed]:
    """Write the cards of some rows, and yield what became of each."""
    queries = [query for _, query in batch if isinstance(query, Query)]
    cards = iter(answers.answer(queries) if queries else ())
    for number, query in batch:
        if isinstance(query, str):
            yield Listed(number, problem=query)
            continue
        card, name = next(cards), f"{number:0{digits}}"
        write(name, card)
        yield list_card(number, f"{name}.html", card)


def _take_batches(rows: Iterator[tuple[int, Query | str]]) -> Iterator[list]:
    while batch := list(islice(rows, AT_ONCE)):
        yield batch


def _write_named(folder: Path, name: str, card: Card, *, browser: str | None) -> None:
    _write_card(card, folder / f"{name}.html", folder / f"{name}.json", browser=browser)


def _write_card(card: Card, page: Path, plain: Path, *, browser: str | None) -> None:
    """Write the page, the same as JSON, and as PDF where there is a browser."""
    text = render_card(card)
    printed = print_page(browser, text) if browser else None
    write_json(plain, card.to_plain())
    if printed:
        write_bytes(plain.with_suffix(".pdf"), printed)
    write_text(page, text)


def _find_frames(run: RunData) -> dict:
    """Return what `read_frame` has to know of the run's frames."""
    known = load_manifest(run.store.folder(PREPROCESSED))
    return {
        "settings": run.profile.preprocess,
        "white": find_white_level(known),
        "sizes_px": list_sizes(known),
    }


@contextmanager
def _answering(run: RunData, method: Method, count: int, *, images: int) -> Iterator[CaseAnswers]:
    """Hold the run, and give what answers images by its cases."""
    released = release(run, method)
    if not released.passed.any():
        raise DataError(
            f"{method.name}: the gate refuses every case, so that none can be shown; take another "
            "--method"
        )
    features = load_features(run, method)
    with run.store.scratch() as scratch, explaining(run, scratch, images) as (worker, options):
        worker.start()  # while networks and cases are read
        explain = partial(worker.explain, **options)
        yield CaseAnswers(run, method, released, features, count=count, explain=explain)
