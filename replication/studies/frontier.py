"""What a disease code can hold, and what it can give away, for every k: the frontier of the two.

Ours. No image is drawn: whoever sees a release knows at most its code, so that what the code itself
says of the disease, and of the patient, is the most that any release can. Codes are learned from
training images, and read from test images by the verdict of the run's glaucoma network.

- Proven: how often a patient is named at most, from the codes' counts (`validation.statistics.channel`).
- Named by the code's reader, who answers with the training patient who has most images of the code.
- Kind: whether a code says which kind of sign an ill image has. Each code's score for a kind is the
  share of its training patients who have that kind; the area under the ROC curve over the ill test
  images, chance 0.5, is averaged over the kinds. Only where the data name their signs.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from replication.errors import SettingsError
from replication.figures.frontier import draw_frontier
from replication.pipeline.run_data import RunData
from replication.preprocess.places import (
    find_iris_axes,
    find_sign_table,
    mark_kinds,
    read_signs,
)
from replication.records import EyeDataset, judge_ill
from replication.store.arrays import load_manifest
from replication.store.files import write_text
from replication.store.numbers import write_or_absent, write_percent
from replication.store.run_record import PREPROCESSED
from replication.store.tables import lay_out_table, write_table
from replication.train.disease_code import DiseaseCode
from validation.statistics.channel import bound_channel

MOST_SHARED = 20
NAME = "frontier"
PICTURE = f"images/{NAME}.png"
COMMAND = "cli.py measure-frontier"
HEADINGS = {
    "k": "k",
    "codes": "codes",
    "proven": "proven, all",
    "proven_sick": "proven, ill",
    "proven_equal_sick": "proven, ill, patients equal",
    "read": "code's reader, all",
    "read_sick": "code's reader, ill",
    "kind_auc": "kind",
}


def measure_frontier(run: RunData) -> pd.DataFrame:
    """Measure one row for each k from 1 to 20 that enough patients share.

    Args:
        run: complete up to its glaucoma network.

    Returns:
        Columns: k; codes, on this level; proven, proven_sick and proven_equal_sick, at most named,
        of all and of ill test images, and of these with every patient counting the same; read and
        read_sick, named by the code's reader; kind_auc, NaN where no signs are known.

    Raises:
        DataError: when the code would say nothing (`DiseaseCode.learn`).
        SettingsError: when the images aren't centred on irises.
    """
    if not run.profile.preprocess.on_irises:
        raise SettingsError(
            f"measure-frontier: a code unwraps irises, and --centring {run.profile.preprocess.centring} "
            "finds none"
        )
    train, test = (run.dataset.take(rows) for rows in (run.splits.train, run.splits.test))
    facts = load_manifest(run.store.folder(PREPROCESSED))
    axes = find_iris_axes(facts.iloc[run.splits.train], size_px=test.images.shape[1])
    code, _ = DiseaseCode.learn(train, axes, tuple(range(1, MOST_SHARED + 1)))
    ill = judge_ill(run.load_evaluator("glaucoma").predict(test.images))
    table = find_sign_table(run.source.root)
    kinds = mark_kinds(facts, None if table is None else read_signs(table))
    rows = []
    for k in np.unique(code.level):
        read = code.read(test.images, test.identity, ill, k=int(k))
        rows.append(
            {"k": int(k), "codes": int((code.level == k).sum())}
            | _measure_privacy(read, test, _guess_patients(code, train, int(k)))
            | {"kind_auc": _measure_kinds(read, test, code, run, kinds)}
        )
    return pd.DataFrame(rows)


def _guess_patients(code: DiseaseCode, train: EyeDataset, k: int) -> dict[int, int]:
    """Return the training patient with most images of each code; the lowest of equal ones."""
    level = list(code.levels).index(k)
    own = np.where(train.glaucoma, code.of_patient[level, train.identity], 0)
    return {
        int(each): int(np.bincount(train.identity[own == each]).argmax()) for each in np.unique(own)
    }


def _measure_privacy(read: np.ndarray, test: EyeDataset, guess: dict[int, int]) -> dict[str, float]:
    right = np.array([guess[int(each)] for each in read]) == test.identity
    every, sick = (
        bound_channel(test.identity, read, mask)
        for mask in (np.ones(len(test), bool), test.glaucoma)
    )
    return {
        "proven": every.at_most,
        "proven_sick": sick.at_most,
        "proven_equal_sick": sick.at_most_equal,
        "read": float(right.mean()),
        "read_sick": float(right[test.glaucoma].mean()),
    }


def _measure_kinds(
    read: np.ndarray,
    test: EyeDataset,
    code: DiseaseCode,
    run: RunData,
    kinds: np.ndarray,
) -> float:
    if not kinds.shape[1]:
        return np.nan
    return float(np.mean(list(_list_areas(read, test, code, run, kinds))))


def _list_areas(
    read: np.ndarray, test: EyeDataset, code: DiseaseCode, run: RunData, kinds: np.ndarray
) -> Iterator[float]:
    """Yield the area under the curve of each kind that some ill test images have and others haven't."""
    identity, train = run.dataset.identity, np.zeros(len(run.dataset), bool)
    train[run.splits.train] = True
    shown = kinds[run.splits.test][test.glaucoma]
    for kind in range(kinds.shape[1]):
        share = {0: 0.0}
        for each in np.unique(read[read > 0]):
            behind = code.list_behind(int(each))
            share[int(each)] = float(
                np.mean([kinds[train & (identity == who), kind].any() for who in behind])
            )
        if 0 < shown[:, kind].sum() < len(shown):
            scores = [share[int(each)] for each in read[test.glaucoma]]
            yield float(roc_auc_score(shown[:, kind], scores))


def write_frontier(rows: pd.DataFrame, folder: Path, *, heading: str) -> str:
    """Write `frontier.csv`, `frontier.md` and, where kinds of signs are known, `images/frontier.png`.

    Args:
        rows: of `measure_frontier`.
        folder: to write into.
        heading: which data, which settings.

    Returns:
        The page.
    """
    write_table(rows, folder / f"{NAME}.csv")
    pictured = rows["kind_auc"].notna().any()
    if pictured:
        (folder / PICTURE).parent.mkdir(exist_ok=True)
        draw_frontier(rows, [folder / PICTURE])
    percent = [column for column in HEADINGS if column not in ("k", "codes", "kind_auc")]
    cells = [
        (
            f"{row['k']:.0f}",
            f"{row['codes']:.0f}",
            *(write_percent(row[column], 1) for column in percent),
            write_or_absent(row["kind_auc"], "{:.3f}".format),
        )
        for row in rows.to_dict("records")
    ]
    lines = [
        "# Frontier of the evidence code",
        "",
        f"Written by `{COMMAND}`. {heading}",
        "",
        (
            "What a code shows, whoever draws it: nobody who sees a release knows more than its code "
            "([evidence code](evidence-code.md)). Percent of test images whose patient is named; "
            "kind: area under the curve, chance 0.5."
        ),
        "",
        *([f"![What a code shows, for every k]({PICTURE})", ""] if pictured else []),
        *lay_out_table(list(HEADINGS.values()), cells, words=0),
        "",
    ]
    page = "\n".join(lines)
    write_text(folder / f"{NAME}.md", page)
    return page
