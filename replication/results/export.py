"""Take weights or privatized sets out of a run, with what they can tell of patients beside them.

Leaves, in a new folder:

- README.md: what it is, the settings that made it, and what it can tell (`replication.results.export`);
- weights: identity.h5, glaucoma.h5, encoder.h5, decoder.h5, legacy HDF5 arrays;
- or sets: <method>/draw-0/0001.png ..., pixels alone, and labels.csv beside them. The numbers
  follow no order of patients, and another one in each set.

What privatized images can tell of patients, measured before they or their generator are shared.

Three figures per method: how often the identity network names the patient, how often it names
somebody whose likeness went in, and how near the images are to those that were learned from.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.config import PreprocessSettings
from replication.errors import SettingsError, StageNotRun
from replication.evaluate.outputs import read_predictions
from replication.privatize.methods import METHODS, find_method
from replication.records import EyeDataset, PrivatizedSet, Splits, to_bytes
from replication.results.baseline import WEIGHTS
from replication.store.arrays import load_preprocessed, load_privatized
from replication.store.files import new_folder, write_text
from replication.store.run_folder import RunStore
from replication.store.run_record import PREPROCESSED, privatized_unit, read_run, read_settings
from replication.store.tables import write_table

GRAY_LEVELS = 127.5  # of 255, per unit of an image in [-1, 1]
SAME = 0.5  # ours: gray levels below which rounding alone tells two images apart


@dataclass(frozen=True)
class Leaks:
    """What one method's images tell; accuracies are fractions, distances in gray levels of 255.

    Args:
        method: a name of `replication.privatize.methods.METHODS`.
        identity: share of images in which the identity network names the patient.
        identity_chance: the same for a network that guesses.
        replacement: share in which it names one whose likeness went in; None where there is none.
        replacement_chance: the same for a guess.
        nearest: median root mean square distance to the nearest training image.
        nearest_original: the same of the test originals, which nobody learned from.
        copies: images that are a training image.
    """

    method: str
    identity: float
    identity_chance: float
    replacement: float | None
    replacement_chance: float | None
    nearest: float
    nearest_original: float
    copies: int

    def __str__(self) -> str:
        """Return one sentence."""
        replacement = (
            "nobody else's likeness went in"
            if self.replacement is None
            else f"one whose likeness went in {100 * self.replacement:.1f}% "
            f"(guessing: {100 * self.replacement_chance:.1f}%)"
        )
        return (
            f"{self.method}: the identity network names the patient in {100 * self.identity:.1f}% "
            f"of the images (guessing: {100 * self.identity_chance:.1f}%), {replacement}; the "
            f"nearest training image is {self.nearest:.1f} gray levels away, the median (test "
            f"originals: {self.nearest_original:.1f}), {self.copies} are copies of one"
        )


def measure_leaks(
    judged: PrivatizedSet,
    predictions: pd.DataFrame,
    *,
    training: np.ndarray,
    originals: np.ndarray,
    identities: int,
) -> Leaks:
    """Measure one privatized set.

    Args:
        judged: the set, of whose method all draws are in the predictions.
        predictions: of `replication.evaluate.stage.evaluate_sets`.
        training: (M, H, W, C) images that were learned from, float32 in [-1, 1].
        originals: (N, H, W, C) test images.
        identities: number of patients.
    """
    seen = predictions[predictions["method"] == judged.method]
    used = judged.used_identities
    nearest = find_nearest(judged.images, training)
    return Leaks(
        judged.method,
        identity=float((seen["predicted_identity"] == seen["identity"]).mean()),
        identity_chance=1 / identities,
        replacement=None if used is None else float(seen["replacement_shown"].astype(bool).mean()),
        replacement_chance=None if used is None else min(1.0, used.shape[1] / identities),
        nearest=float(np.median(nearest)),
        nearest_original=float(np.median(find_nearest(originals, training))),
        copies=int((nearest < SAME).sum()),
    )


def find_nearest(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return each image's root mean square distance to the nearest of the others.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        others: (M, H, W, C) float32 in [-1, 1].

    Returns:
        (N,) gray levels of 255.
    """
    flat, flat_others = (array.reshape(len(array), -1) for array in (images, others))
    nearest = [np.square(flat_others - image).mean(axis=1).min() for image in flat]
    return GRAY_LEVELS * np.sqrt(np.array(nearest))


README, LABELS = "README.md", "labels.csv"
SURROGATE = "surrogate"
MAY_SHARE = "--yes-i-may-share"


class Goods(StrEnum):
    """What can be taken out of a run."""

    WEIGHTS = "weights"
    SETS = "sets"


def measure_run(store: RunStore, methods: Sequence[str]) -> list[Leaks]:
    """Measure what a run's privatized sets tell, the first draw's images and all predictions.

    Args:
        store: of a run whose evaluation is complete.
        methods: names of those to measure; none: every method that the run has and that goes with
            the weights, the generator's.

    Raises:
        StageNotRun: when the run lacks a method, or its evaluation.
    """
    wanted = methods or [
        name
        for name, method in METHODS.items()
        if method.needs_generator and (store.root / privatized_unit(name)).exists()
    ]
    if not wanted:
        raise StageNotRun(f"{store.root}: no set of PPRL-VGAN to measure; `replicate` makes one")
    dataset, splits = _load(store)
    predictions = read_predictions(store)
    leaks = []
    for name in wanted:
        find_method(name)
        judged = next(load_privatized(store.folder(privatized_unit(name)), name))
        leaks.append(
            measure_leaks(
                judged,
                predictions,
                training=dataset.images[splits.train],
                originals=dataset.images[splits.test],
                identities=int(dataset.identity.max()) + 1,
            )
        )
    return leaks


def export_run(
    store: RunStore,
    target: Path,
    goods: Goods,
    *,
    leaks: Sequence[Leaks],
    may_share: bool,
) -> None:
    """Write weights or privatized sets into a new folder.

    Args:
        store: of a complete run.
        target: the folder; it appears only when complete.
        goods: what to take out.
        leaks: of `measure_run`; the sets of these methods are taken.
        may_share: whether the user has said that these patients' data may be shared.

    Raises:
        SettingsError: when the folder exists, or it is patients' data and the user has not said so.
        StageNotRun: when the run is not complete.
    """
    run = read_run(store.root)
    if run["source"]["kind"] != SURROGATE and not may_share:
        raise SettingsError(
            f"{store.root}: made from patients' eyes, of which {goods.value} can tell what is said "
            f"above; where you may share that, say so by {MAY_SHARE}"
        )
    if target.exists():
        raise SettingsError(f"{target}: exists already; name a new folder")
    with new_folder(target) as partial:
        if goods is Goods.WEIGHTS:
            for name, file in WEIGHTS.items():
                unit = Path(file).parent.as_posix()
                shutil.copyfile(store.folder(unit) / Path(file).name, partial / name)
        else:
            for leak in leaks:
                _write_set(store, leak.method, partial / leak.method)
        write_text(partial / README, to_markdown(run, goods, leaks))


def to_markdown(run: dict, goods: Goods, leaks: Sequence[Leaks]) -> str:
    """Return the page that goes with what is shared; it names no file and no patient."""
    drawn = run["source"]["kind"] == SURROGATE
    whose = "synthetic eyes (the embedded surrogate, not Warsaw)" if drawn else "patients' eyes"
    settings = [
        f"- {stage}: {name} = {value}"
        for stage, part in sorted(run["profile"].items())
        if isinstance(part, dict)
        for name, value in sorted(part.items())
    ]
    lines = [
        f"# {goods.value.capitalize()} made from {whose}",
        "",
        "A network trained on patients can draw these patients. What was measured of it:",
        "",
        *(f"- {leak}" for leak in leaks),
        "",
        f"Profile {run['profile']['name']}, seed {run['seed']}, {run['draws']} draws:",
        "",
        *settings,
        "",
    ]
    return "\n".join(lines)


def _load(store: RunStore) -> tuple[EyeDataset, Splits]:
    shape = read_settings(store.root, read_run(store.root), "preprocess", PreprocessSettings)
    return load_preprocessed(store.folder(PREPROCESSED), shape.channels)


def _write_set(store: RunStore, method: str, folder: Path) -> None:
    dataset, splits = _load(store)
    glaucoma = dataset.glaucoma[splits.test]
    for drawn in load_privatized(store.folder(privatized_unit(method)), method):
        place = folder / f"draw-{drawn.draw}"
        place.mkdir(parents=True)
        # Not seeded, on purpose: whoever knew the seed could tell which image is whose.
        order = np.random.default_rng().permutation(len(drawn.images))
        names = [f"{number:04d}.png" for number in range(1, len(order) + 1)]
        for name, image in zip(names, to_bytes(drawn.images[order]), strict=True):
            _, png = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
            (place / name).write_bytes(png.tobytes())
        labels = pd.DataFrame({"file": names, "glaucoma": glaucoma[order]})
        write_table(labels, place / LABELS)
