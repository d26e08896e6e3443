"""Forks: the paper's claims under each choice that the paper leaves open and that needs no training.

Ours is one of the choices. Each other one (`replication.studies.open_choices`) privatizes a run's test
images anew by the run's own networks, or counts its predictions anew, and the claims about Table 1
are judged again by the same bootstrap: one choice is another at a time, all others are ours. Leaves
`forks.json` and `forks.md` in the run's folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from replication.evaluate.stage import Evaluator, evaluate_sets
from replication.evaluate.table1 import EVALUATED
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS
from replication.records import PrivatizedSet
from replication.results.finished_run import FinishedRun
from replication.results.forks import FIGURES, PAGE
from replication.store.files import write_json, write_text
from replication.store.run_record import EVALUATORS
from replication.studies.forks_page import to_markdown
from replication.studies.open_choices import FORKS, Fork, Sums
from replication.system.provenance import find_commit
from validation.claims.judge import Judgement, judge_claim
from validation.claims.parts import Claim
from validation.claims.table1_claims import CLAIMS
from validation.statistics.intervals import Cell
from validation.statistics.resampling import Resamples, resample_ratios


def measure_forks(run: RunData) -> str:
    """Judge the claims about Table 1 under every fork; write figures and page, return the page.

    Args:
        run: evaluated. Of forks that none of its methods takes nothing is measured.

    Raises:
        StageNotRun: when the run isn't evaluated.
        DataError: when a fork leaves a query without patients to take.
    """
    networks = {f"{task}_network": run.load_evaluator(task) for task in EVALUATORS}
    forks = [replace(fork, methods=_keep(fork.methods, run.released)) for fork in FORKS]
    forks = [fork for fork in forks if fork.methods]
    with run.store.locked():
        finished = FinishedRun(run.store)
        found = {}
        with run.track("measuring forks", len(forks)) as advance:
            for fork in forks:
                found[fork.name] = fork.count(_predict(run, fork, networks, finished.predictions))
                advance()
        figures = judge_forks(forks, finished.resamples, found)
        figures |= {
            "run": finished.run,
            "test_images": finished.resamples.images,
            "evaluated": run.store.digest(EVALUATED),
            "commit": find_commit(),
        }
        page = to_markdown(figures)
        write_json(run.store.root / FIGURES, figures)
        write_text(run.store.root / PAGE, page)
    return page


def judge_forks(
    forks: Sequence[Fork], ours: Resamples, found: Mapping[str, Sums], *, seed: int = 0
) -> dict:
    """Judge every claim as it is and under every fork that moves a number it speaks of.

    Args:
        forks: with the methods that were run.
        ours: the run's numbers, resampled.
        found: by fork, the sums of the numbers that it moves.
        seed: of the bootstrap, that of `ours`, so that the same patients are drawn.

    Returns:
        `forks`: name, question, ours, other and, by method, the numbers under it; `claims`: name,
        the finding of ours, and by fork the finding; parts have margin and interval, fractions.
    """
    drawn = {fork.name: _move(ours, found[fork.name], seed=seed) for fork in forks}
    claims = [
        {
            "name": claim.name,
            "ours": _record(judge_claim(claim, ours)),
            "under": {
                fork.name: _record(judge_claim(claim, drawn[fork.name]))
                for fork in forks
                if _find_cells(claim) & found[fork.name].keys()
            },
        }
        for claim in CLAIMS
    ]
    return {"forks": [_describe(fork, drawn[fork.name]) for fork in forks], "claims": claims}


def _move(ours: Resamples, sums: Sums, *, seed: int) -> Resamples:
    """Return ours with these numbers in the place of its own, by the same draws of patients."""
    patients = len(next(iter(sums.values())).top)
    rng = np.random.default_rng(seed)
    moved = resample_ratios(sums, patients=patients, images=ours.images, rng=rng)
    return Resamples(
        {**ours.ratios, **moved.ratios},
        ours.images,
        {**ours.observed, **moved.observed},
        {**ours.replicates, **moved.replicates},
        {**ours.without_one, **moved.without_one},
    )


def _predict(
    run: RunData, fork: Fork, networks: Mapping[str, Evaluator], predictions: pd.DataFrame
) -> pd.DataFrame:
    """Return the predictions of the fork's methods, of images made anew where it changes them."""
    if fork.change is not None:
        sets = _privatize(run, fork)
        _, predictions = evaluate_sets(run.test_set, sets, **networks)
    return predictions[predictions["method"].isin(fork.methods)]


def _privatize(run: RunData, fork: Fork) -> Iterator[PrivatizedSet]:
    for name in fork.methods:
        method = METHODS[name]
        others = fork.change(method, run.find_generator(method))
        drawn = {"seed": run.drawing_seed, "draws": run.draws}
        yield from run.privatize(method, run.test_set, **drawn, **others)


def _keep(methods: tuple[str, ...], run: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in methods if name in run)


def _find_cells(claim: Claim) -> set[Cell]:
    return {cell for part in claim.parts for option in part.either for cell in option.cells}


def _record(judged: Judgement) -> dict:
    return {"finding": judged.finding.value, "parts": [asdict(part) for part in judged.parts]}


def _describe(fork: Fork, drawn: Resamples) -> dict:
    words = {key: getattr(fork, key) for key in ("name", "question", "ours", "other")}
    numbers = {name: {} for name in fork.methods}
    for (method, metric), number in drawn.observed.items():
        if method in numbers:
            numbers[method][metric] = number.item()
    return words | {"numbers": numbers}
