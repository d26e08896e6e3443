"""Stage 07: how far the privacy of Table 1 can be believed, and whether the sign survives (Table 2).

Ours; the paper judges privacy by a network that has seen originals alone (§2.3). Leaves, in the
stage's folder: `table2.json` and `table2.csv`, one row per method and measure; `differences.csv`,
every two methods compared, paired; `attackers.csv`, whom each attacker names in each image;
`crowds.csv`, who is linked or singled out in crowds of all sizes; `table2.md`, the tables and their
summary; and, where signs' places are known, `plane.png` with `plane.pdf`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack.adequacy import are_good_enough, check_attackers
from replication.attack.evidence import Predict
from replication.attack.intervals import Table2Intervals
from replication.attack.outputs import JSON, PAGE, PLANE
from replication.attack.patient_privacy import BEST, COUNTS, NETWORK_DRAWS
from replication.attack.proven import hold_attackers, to_row
from replication.attack.table2 import NOISE, summarise_methods
from replication.attack.table2_filling import USED, Known, Networks, Table2Filling
from replication.attack.table2_text import to_markdown
from replication.figures.planes import draw_evidence_plane
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, to_unit_range
from replication.store.files import write_json, write_text
from replication.store.tables import to_records, write_table
from replication.store.words import put
from validation.claims.anonymity_claims import ANONYMITY_CLAIMS
from validation.claims.judge import judge_claims
from validation.claims.parts import Claim
from validation.claims.requirements_claim import judge_requirements
from validation.claims.table1_claims import CLAIMS

OF_VICTIMS = ("identity_accuracy", "replacement_accuracy")
MOST_DRAWS = max(COUNTS)  # of a method that draws, at most so many are learned from, and read
LEARNING_SEED = 2**32  # above all seeds of runs: what attackers learn from is drawn for them alone

# Privatize a data set: method, images, seed, draws.
Privatize = Callable[[str, EyeDataset, int, int], Iterator[PrivatizedSet]]


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
) -> tuple[Table2Filling, pd.DataFrame]:
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
        The table with those beside it, and whom each attacker names, of `list_named`.

    Raises:
        DataError: when the data are too few to attack.
    """
    attack = Table2Filling(known, networks, predict_glaucoma, predictions, seed)
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
    return attack, pd.concat(named, ignore_index=True)


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
    filled: Table2Filling,
    named: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    heading: str,
    seed: int,
) -> None:
    """Write Table 2 and what comes of it.

    Args:
        folder: of the stage.
        filled: Table 2 and the tables beside it.
        named: whom each attacker names, of `attack_sets`.
        predictions: of stage 06.
        heading: which data, which settings.
        seed: of the bootstrap.
    """
    intervals = Table2Intervals(filled.table, seed=seed)
    numbers = intervals.list_numbers()
    rows = [*to_records(numbers), *map(to_row, filled.bounds)]
    write_table(pd.DataFrame(rows), folder / "table2.csv")
    write_table(intervals.compare_methods(), folder / "differences.csv")
    write_table(named, folder / "attackers.csv")
    write_table(pd.concat(filled.crowds, ignore_index=True), folder / "crowds.csv")
    checks = check_attackers(rows, filled.grid)
    attack = {
        "heading": heading,
        "rows": rows,
        "grid": filled.grid,
        "attackers": checks,
        "proven": hold_attackers(filled.bounds, rows),
        "summary": to_records(summarise_methods(numbers, attacked=are_good_enough(checks))),
        "claims": judge_retrained(predictions, named),
        "requirements": [asdict(each) for each in judge_requirements(rows)],
    }
    write_json(folder / JSON, attack)
    write_text(folder / PAGE, put(to_markdown(attack, heading=heading)))
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
