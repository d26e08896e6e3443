"""Take weights or privatized sets out of a run, with what they reveal of patients beside them.

Measured before they are shared: how often the identity network names the patient, how often it
names somebody whose likeness went in, and how near the images are to those that were learned from.
Leaves, in a new folder:

- README.md: what it is, the settings that made it, and what it reveals;
- weights: identity.h5, glaucoma.h5, encoder.h5, decoder.h5, legacy HDF5 arrays;
- or sets: <method>/draw-0/0001.png ..., pixels alone, and labels.csv beside them. The numbers
  follow no order of patients, and another one in each set.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.attack.near_copies import measure_distances
from replication.config import PreprocessSettings
from replication.errors import SettingsError, StageNotRun
from replication.privatize.methods import METHODS, find_method
from replication.records import EyeDataset, PrivatizedSet, Splits, to_bytes
from replication.results.baseline import WEIGHTS
from replication.results.finished_run import FinishedRun
from replication.store.arrays import load_preprocessed, load_privatized
from replication.store.files import new_folder, write_text
from replication.store.run_folder import RunStore
from replication.store.run_record import PREPROCESSED, privatized_unit, read_run, read_settings
from replication.store.tables import write_table

SAME = 0.5  # ours: gray levels below which rounding alone makes two images differ
README, LABELS = "README.md", "labels.csv"
SURROGATE = "surrogate"
MAY_SHARE = "--yes-i-may-share"


class Goods(StrEnum):
    """What can be taken out of a run."""

    WEIGHTS = "weights"
    SETS = "sets"


@dataclass(frozen=True)
class Leaks:
    """What one method's images reveal; accuracies are fractions, distances in gray levels of 255.

    Args:
        method: a name of `replication.privatize.methods.METHODS`.
        identity: fraction of images in which the identity network names the patient.
        identity_chance: the same for a network that guesses.
        replacement: fraction in which it names one whose likeness went in; None where there is none.
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
            else f"one whose likeness went in {self.replacement:.1%} "
            f"(guessing: {self.replacement_chance:.1%})"
        )
        return (
            f"{self.method}: the identity network names the patient in {self.identity:.1%} "
            f"of the images (guessing: {self.identity_chance:.1%}), {replacement}; the "
            f"nearest training image is {self.nearest:.1f} gray levels away, the median (test "
            f"originals: {self.nearest_original:.1f}), {self.copies} are copies of one"
        )


def measure_run(store: RunStore, methods: Sequence[str]) -> list[Leaks]:
    """Measure what a run's privatized sets reveal, the first draw's images and all predictions.

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
    data = {"training": dataset.take(splits.train), "originals": dataset.images[splits.test]}
    data |= {"identities": int(dataset.identity.max()) + 1}
    predictions, leaks = FinishedRun(store).predictions, []
    for name in wanted:
        find_method(name)
        first = next(load_privatized(store.folder(privatized_unit(name)), name))
        leaks.append(measure_leaks(first, predictions, **data))
    return leaks


def measure_leaks(
    measured: PrivatizedSet,
    predictions: pd.DataFrame,
    *,
    training: EyeDataset,
    originals: np.ndarray,
    identities: int,
) -> Leaks:
    """Measure one privatized set.

    Args:
        measured: the set, of whose method all draws are in the predictions.
        predictions: of `replication.evaluate.stage.evaluate_sets`.
        training: images that were learned from.
        originals: (N, H, W, C) test images.
        identities: number of patients.
    """
    own = predictions[predictions["method"] == measured.method]
    used = measured.used_identities
    nearest, nearest_original = (
        measure_distances(images, training).nearest for images in (measured.images, originals)
    )
    return Leaks(
        measured.method,
        identity=float((own["predicted_identity"] == own["identity"]).mean()),
        identity_chance=1 / identities,
        replacement=None if used is None else float(own["replacement_shown"].astype(bool).mean()),
        replacement_chance=None if used is None else min(1.0, used.shape[1] / identities),
        nearest=float(np.median(nearest)),
        nearest_original=float(np.median(nearest_original)),
        copies=int((nearest < SAME).sum()),
    )


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
            f"{store.root}: made from patients' eyes, of which {goods.value} can reveal what is "
            f"printed above; where you may share that, confirm it by {MAY_SHARE}"
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


def _write_set(store: RunStore, method: str, folder: Path) -> None:
    dataset, splits = _load(store)
    glaucoma = dataset.glaucoma[splits.test]
    for drawn in load_privatized(store.folder(privatized_unit(method)), method):
        place = folder / f"draw-{drawn.draw}"
        place.mkdir(parents=True)
        # Not seeded, on purpose: whoever knew the seed could find out which image is whose.
        order = np.random.default_rng().permutation(len(drawn.images))
        names = [f"{number:04d}.png" for number in range(1, len(order) + 1)]
        for name, image in zip(names, to_bytes(drawn.images[order]), strict=True):
            _, png = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
            (place / name).write_bytes(png.tobytes())
        labels = pd.DataFrame({"file": names, "glaucoma": glaucoma[order]})
        write_table(labels, place / LABELS)


def _load(store: RunStore) -> tuple[EyeDataset, Splits]:
    shape = read_settings(store.root, read_run(store.root), "preprocess", PreprocessSettings)
    return load_preprocessed(store.folder(PREPROCESSED), shape.channels)


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
