"""Does the disease generalise: five glaucoma networks by patient, everybody tested by one of them.

Leaves, in the run's folder, `cross_validation.json`, the figures with the settings that made them,
and `cross_validation.csv`, one row per image: image_id, identity, glaucoma, fold and
glaucoma_probability, by the network that never met the patient. The networks lie under
`cross_validation`, one folder per fold: a measurement that was killed resumes where it was.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd

from replication.attack.verification import BINS, Area, PairCounts
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import train_evaluator
from replication.preprocess.folds import fold_by_patient
from replication.records import Splits
from replication.store.files import write_json
from replication.store.tables import write_table
from replication.studies.train_once import train_once
from validation.statistics.intervals import CONFIDENCE
from validation.statistics.patient_sums import (
    Ratio,
    Statistic,
    average_images,
    balance_accuracy,
    sum_rows,
)
from validation.statistics.resampling import bootstrap_interval, resample_ratios

FOLDER = "cross_validation"
FIGURES, PREDICTIONS = f"{FOLDER}.json", f"{FOLDER}.csv"
TASK = "glaucoma"


def cross_validate(run: RunData) -> dict[str, dict[str, float]]:
    """Train and test the five networks of a run's data; write and return what they reach.

    Returns:
        What `measure` returns.

    Raises:
        DataError: when the patients are too few for five folds.
    """
    dataset, seed = run.dataset, run.profile.split.seed
    folds = fold_by_patient(dataset.image_id, dataset.identity, dataset.glaucoma, seed=seed)
    names = ("image_id", "identity", "glaucoma")
    table = pd.DataFrame({name: getattr(dataset, name) for name in names})
    with run.store.locked():
        for fold, splits in enumerate(folds):
            table.loc[splits.test, "fold"] = fold
            table.loc[splits.test, "glaucoma_probability"] = _test_fold(run, splits, fold)
        table = table.astype({"fold": int})
        figures = measure(table, rng=np.random.default_rng(seed))
        write_table(table, run.store.root / PREDICTIONS)
        facts = {"folds": len(folds), "images": len(table), "patients": run.patients}
        facts |= {"seed": run.seed, "split_seed": seed, "settings": asdict(run.profile.by_patient)}
        write_json(run.store.root / FIGURES, facts | {"figures": figures})
    return figures


def measure(table: pd.DataFrame, *, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Measure how well images of unseen patients are classified.

    Args:
        table: one row per image, with identity, glaucoma and glaucoma_probability.
        rng: draws the patients.

    Returns:
        By name, value and the ends of its 95% interval over patients, all in [0, 1]: balanced
        accuracy, area under the ROC curve, F1, accuracy, and the accuracy of one answer for all.
    """
    statistics = {(FOLDER, name): each for name, each in list_statistics(table).items()}
    resamples = resample_ratios(
        statistics, patients=table["identity"].nunique(), images=len(table), rng=rng
    )
    figures = {}
    for cell, value in resamples.observed.items():
        low, high = bootstrap_interval(np.positive, (cell,), resamples, confidence=CONFIDENCE)
        figures[cell[1]] = {"value": value.item(), "low": low, "high": high}
    rate = float(table["glaucoma"].mean())
    return figures | {"one answer for all": {"value": max(rate, 1 - rate)}}


def list_statistics(table: pd.DataFrame) -> Mapping[str, Statistic]:
    """Return the figures as sums over patients, of the table that `measure` takes."""
    patients, truth = table["identity"].to_numpy(), table["glaucoma"].to_numpy(bool)
    probability = table["glaucoma_probability"].to_numpy()
    called = probability > 0.5
    hit, wrong = 2.0 * (truth & called), 1.0 * (truth != called)
    return {
        "balanced accuracy": balance_accuracy(truth == called, truth, patients),
        "AUC": Area(_count_ranks(probability, truth, patients)),
        "F1": Ratio(sum_rows(hit[:, None], patients), sum_rows((hit + wrong)[:, None], patients)),
        "accuracy": average_images(truth == called, patients),
    }


def _count_ranks(probability: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> PairCounts:
    """Count images by patient and bin of rising probability: "same" those with glaucoma."""
    names, rows = np.unique(patients, return_inverse=True)
    edges = np.quantile(probability, np.linspace(0, 1, BINS + 1)[1:-1])
    place = rows * BINS + np.searchsorted(edges, probability)
    size = len(names) * BINS
    ill, healthy = (
        np.bincount(place[kind], minlength=size).reshape(-1, BINS) for kind in (truth, ~truth)
    )
    return PairCounts(ill, healthy, np.zeros(BINS))


def _test_fold(run: RunData, splits: Splits, fold: int) -> np.ndarray:
    """Return the (M,) probabilities of glaucoma of the images that a fold tests."""
    arguments = {"settings": run.profile.by_patient}
    train = partial(train_evaluator, run, task=TASK, data=(run.dataset, splits), **arguments)
    folder = train_once(run, f"{FOLDER}/fold-{fold}", arguments, train)
    return run.load_evaluator(TASK, folder).predict(run.dataset.images[splits.test])[:, 1]
