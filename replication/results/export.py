"""Take weights or privatized sets out of a run, with what they reveal of patients beside them.

What they reveal is the worst figure of the run's own attack (Table 2), for the patient and for those
whose likeness went in. Writes, in a new folder:

- README.md: what it is, how it was made, what it reveals, and what was exported before;
- weights: identity.h5, glaucoma.h5, encoder.h5, decoder.h5, legacy HDF5 arrays;
- or sets: <method>/draw-0/0001.png ..., pixels alone, and labels.csv beside them. The numbers
  follow no order of patients, and another one in each set.

Nothing there has a seed: whoever knows it makes the split and the draws again, and so finds out
which image is whose. And in the run's folder `exports.json`, one entry per export; it outlives --fresh.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.attack.near_copies import measure_distances
from replication.attack.table2 import MEASURES, Requirement, find_worst_leaks
from replication.attack.table2_text import READ_ME, write_cell
from replication.config import PreprocessSettings
from replication.data.sources import Kind
from replication.errors import SettingsError, StageNotRun
from replication.privatize.methods import METHODS, find_method
from replication.records import EyeDataset, PrivatizedSet, Splits, to_bytes
from replication.results.baseline import WEIGHTS
from replication.results.finished_run import FinishedRun
from replication.store.arrays import load_preprocessed, load_privatized
from replication.store.files import new_folder, read_json, write_json, write_text
from replication.store.numbers import NOT_MEASURED
from replication.store.run_folder import EXPORTS, digest_files
from replication.store.run_record import PREPROCESSED, privatized_unit, read_settings
from replication.store.tables import write_table

SAME = 0.5  # ours: gray levels below which rounding alone makes two images differ
README, LABELS = "README.md", "labels.csv"
MAY_SHARE = "--yes-i-may-share"
SEED = "seed"
UNMEASURED = "Inversion of the networks is not measured."


class Goods(StrEnum):
    """What can be taken out of a run."""

    WEIGHTS = "weights"
    SETS = "sets"
    CRATE = "crate"


GIVE_AWAY = {
    Goods.WEIGHTS: "weights can reveal what is printed above",
    Goods.SETS: "sets can reveal what is printed above",
    Goods.CRATE: "a hash confirms to whoever has a file that it is this one",
}


@dataclass(frozen=True)
class Leaks:
    """What one method's images reveal; distances are in gray levels of 255.

    Args:
        method: a name of `replication.privatize.methods.METHODS`.
        attacked: rows of Table 2, the worst of each victim; empty where it was not attacked.
        nearest: median root mean square distance to the nearest training image.
        nearest_original: the same of the test originals, which nobody learned from.
        copies: images that are a training image.
    """

    method: str
    attacked: Sequence[Mapping]
    nearest: float
    nearest_original: float
    copies: int

    def __str__(self) -> str:
        """Return the method, and a line for each thing that is known of it."""
        victims = {}
        for row in self.attacked:
            victims.setdefault(row["requirement"], []).append(_write(row))
        parts = [f"{victim}, at worst: {'; '.join(cells)}" for victim, cells in victims.items()]
        near = (
            f"the nearest training image is {self.nearest:.1f} gray levels away, the median (test "
            f"originals: {self.nearest_original:.1f}); {self.copies} are copies of one"
        )
        return "\n  - ".join([self.method, *(parts or ["not attacked"]), near])


def measure_run(run: FinishedRun, goods: Goods, methods: Sequence[str]) -> list[Leaks]:
    """Measure what a run's privatized sets reveal, by its attack and by the first draw's images.

    Args:
        run: whose sets are complete.
        goods: what is to be taken out.
        methods: names of those to measure; none: every method that the run has and that goes with
            the weights, the generator's.

    Raises:
        StageNotRun: when the run lacks a method or, on patients' data, the attack on it.
        MethodRefused: when a method released nothing of these data.
        SettingsError: when they are weights made from patients' data.
    """
    if goods is Goods.WEIGHTS and run.source.kind.private:
        raise SettingsError(
            f"{run.root}: weights made from patients' eyes are not exported, because what they "
            f"reveal is not known. {UNMEASURED}"
        )
    if goods is Goods.WEIGHTS and run.own:
        raise SettingsError(
            f"{run.root}: its glaucoma network is the user's, {run.own}, which isn't ours to export; "
            "take --what sets"
        )
    wanted = [find_method(name).name for name in dict.fromkeys(methods)] or [
        name for name, method in METHODS.items() if method.generator and name in run.released
    ]
    if not wanted:
        raise StageNotRun(f"{run.root}: no set of PPRL-VGAN to measure; `replicate` makes one")
    dataset, splits = _load(run)
    leaks = [
        measure_leaks(
            next(load_privatized(run.store.folder(privatized_unit(name)), name)),
            run.attack["rows"] if run.attack else [],
            training=dataset.take(splits.train),
            originals=dataset.images[splits.test],
        )
        for name in wanted
    ]
    # The paper's network alone, which never retrains, is no attack.
    unknown = [
        leak.method
        for leak in leaks
        if all(row["measure"] == "identity_static" for row in leak.attacked)
    ]
    if unknown and run.source.kind.private:
        raise StageNotRun(
            f"{run.root}: not attacked: {', '.join(unknown)}; what these images reveal of patients "
            "is not measured, and they are not exported before `attack` with this run's options"
        )
    return leaks


def measure_leaks(
    measured: PrivatizedSet,
    rows: Sequence[Mapping],
    *,
    training: EyeDataset,
    originals: np.ndarray,
) -> Leaks:
    """Measure one privatized set.

    Args:
        measured: the set.
        rows: of the run's Table 2, all methods'; none where it is not attacked.
        training: images that were learned from.
        originals: (N, H, W, C) test images.
    """
    nearest, nearest_original = (
        measure_distances(images, training).nearest for images in (measured.images, originals)
    )
    victims = (Requirement.PATIENT, Requirement.REPLACED)
    worst = [row for each in victims for row in find_worst_leaks(rows, measured.method, each)]
    return Leaks(
        measured.method,
        worst,
        nearest=float(np.median(nearest)),
        nearest_original=float(np.median(nearest_original)),
        copies=int((nearest < SAME).sum()),
    )


def describe_leaks(run: FinishedRun, goods: Goods, leaks: Sequence[Leaks]) -> str:
    """Return all that is known of what an export reveals, and what was exported before.

    Args:
        run: whose goods they are.
        goods: what is to be taken out.
        leaks: of `measure_run`.

    Raises:
        SettingsError: when the run's list of exports is not what `export_run` writes.
    """
    rows = run.attack["rows"] if run.attack else []
    cells = [_write(row) for row in rows if row["measure"].startswith("membership")]
    networks = (
        "A network can draw those whom it was trained on. Who was in training, by the loss: "
        f"{'; '.join(cells) or NOT_MEASURED}. {UNMEASURED}"
    )
    parts = [
        f"What images reveal to whoever attacks them best. {READ_ME}",
        "\n".join(f"- {leak}" for leak in leaks),
        *([networks] if goods is Goods.WEIGHTS else []),
        _sum_exports(run.root),
    ]
    return "\n\n".join(parts)


def export_run(
    run: FinishedRun,
    target: Path,
    goods: Goods,
    *,
    leaks: Sequence[Leaks],
    may_share: bool,
) -> None:
    """Write weights or privatized sets into a new folder, and note it in the run's.

    Args:
        run: complete.
        target: the folder; it appears only when complete.
        goods: what to take out.
        leaks: of `measure_run`; the sets of these methods are taken.
        may_share: whether the user has confirmed that these patients' data may be shared.

    Raises:
        SettingsError: when the folder exists, it is patients' data and the user has not confirmed
            that, another process works in the run, or its list of exports is not readable.
        StageNotRun: when the run is not complete.
    """
    require_sharing(run, target, goods, may_share=may_share)
    with run.store.locked(), new_folder(target) as partial:
        draws = {}
        if goods is Goods.WEIGHTS:
            for name, file in WEIGHTS.items():
                unit = Path(file).parent.as_posix()
                if not (run.root / unit).exists():  # of methods that the run hasn't
                    continue
                shutil.copyfile(run.store.folder(unit) / Path(file).name, partial / name)
        else:
            draws = {one.method: _write_set(run, one.method, partial / one.method) for one in leaks}
        write_text(partial / README, run.words.put(to_markdown(run, goods, leaks)))
        note_export(run, goods, draws=draws, sha256=digest_files(partial))


def require_sharing(run: FinishedRun, target: Path, goods: Goods, *, may_share: bool) -> None:
    """Raise SettingsError where a folder exists or patients' data may not be shared."""
    if run.source.kind.private and not may_share:
        raise SettingsError(
            f"{run.root}: made from patients' eyes, of which {GIVE_AWAY[goods]}; where you may share "
            f"that, confirm it by {MAY_SHARE}"
        )
    if target.exists():
        raise SettingsError(f"{target}: exists already; name a new folder")


def note_export(run: FinishedRun, goods: Goods, *, draws: Mapping[str, int], sha256: str) -> None:
    """Add an export to the run's list, before its folder gets its name.

    What is stopped between is counted, not forgotten.
    """
    private = run.source.kind.private
    entry = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "what": goods,
        "draws": draws,
        "sha256": sha256,
        "confirmed": MAY_SHARE if private else "synthetic eyes, nothing to confirm",
    }
    write_json(run.root / EXPORTS, {"exports": [*_read_exports(run.root), entry]})


def to_markdown(run: FinishedRun, goods: Goods, leaks: Sequence[Leaks]) -> str:
    """Return the page that goes with what is shared; it names no file, no patient and no seed."""
    drawn = "synthetic eyes (the embedded surrogate, not Warsaw)"
    whose = "patients' eyes" if run.source.kind.private else drawn
    profile = run.run["profile"]
    settings = [
        f"- {stage}: {name} = {value}"
        for stage, part in sorted(profile.items())
        if isinstance(part, dict) and stage != Kind.SURROGATE
        for name, value in sorted(part.items())
        if name != SEED
    ]
    parts = [
        f"# {goods.value.capitalize()} made from {whose}",
        describe_leaks(run, goods, leaks),
        f"Profile {profile['name']}:",
        "\n".join(settings),
    ]
    return "\n\n".join(parts) + "\n"


def _write_set(run: FinishedRun, method: str, folder: Path) -> int:
    """Write all draws of a method; return how many."""
    dataset, splits = _load(run)
    glaucoma = dataset.glaucoma[splits.test]
    draws = 0
    for drawn in load_privatized(run.store.folder(privatized_unit(method)), method):
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
        draws += 1
    return draws


def _sum_exports(root: Path) -> str:
    """Return one or two sentences: what was exported from a run before."""
    entries = _read_exports(root)
    if not entries:
        return "Exports of this run before this one: none."
    kinds = Counter(Goods(entry["what"]) for entry in entries)
    draws = sum((Counter(entry["draws"]) for entry in entries), Counter())
    named = {Goods.WEIGHTS: "weights", Goods.CRATE: "crates, descriptions alone"}
    parts = [f"{words}: {kinds[what]}" for what, words in named.items() if kinds[what]]
    parts += [f"draws of {method}: {count}" for method, count in sorted(draws.items())]
    return (
        f"Exports of this run before this one: {len(entries)} ({', '.join(parts)}). Draws and "
        "methods compose: whoever has several recognises more than Table 2 measures of each."
    )


def _write(row: Mapping) -> str:
    return f"{MEASURES[row['measure']].heading} {write_cell(row)}"


def _read_exports(root: Path) -> list[dict]:
    file = root / EXPORTS
    if not file.exists():
        return []
    try:
        entries = read_json(file)["exports"]
        for entry in entries:
            Goods(entry["what"]), Counter(entry["draws"]).total()
    except (SettingsError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"{file}: not the list of what was exported; put a copy of it back"
        ) from error
    return entries


def _load(run: FinishedRun) -> tuple[EyeDataset, Splits]:
    shape = read_settings(run.root, run.run, "preprocess", PreprocessSettings)
    return load_preprocessed(run.store.folder(PREPROCESSED), shape.channels)
