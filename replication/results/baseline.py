"""The reference weights of the cpu profile on the surrogate, and the table that they give.

`artifacts/baselines/surrogate-cpu/` holds them in git: a run from them needs no training and shows
whether the rest of the code still gives the same numbers. Leaves there, when kept from a run:

- identity.h5, glaucoma.h5, encoder.h5, decoder.h5, code-decoder.h5, pp-mir-encoder.h5, pp-mir-decoder.h5:
  weights, legacy HDF5;
- code.npz, code.json: the disease code;
- references.csv: the 51 numbers with the bands that rounding leaves (`validation.blessing.drift`);
- table1.md: the same beside the paper's;
- baseline.json: the commits, settings, versions and machine that made them.
"""

import hashlib
import shutil
from pathlib import Path

from replication.errors import SettingsError, StageNotRun
from replication.evaluate.table1 import EVALUATED, PAGE, PREDICTIONS
from replication.privatize.methods import ROWS
from replication.store.files import new_folder, read_json, write_json, write_text
from replication.store.run_folder import RunStore
from replication.store.run_record import find_own_name, is_by_patient, read_run
from replication.store.tables import read_table
from replication.system.provenance import ROOT
from validation.blessing.bands import Band
from validation.blessing.drift import derive_references, references_from_csv, references_to_csv

BASELINE = ROOT / "artifacts" / "baselines" / "surrogate-cpu"
WEIGHTS = {
    "identity.h5": "03_evaluators/identity/weights.h5",
    "glaucoma.h5": "03_evaluators/glaucoma/weights.h5",
    "encoder.h5": "04_vgan/encoder.h5",
    "decoder.h5": "04_vgan/decoder.h5",
    "pp-mir-encoder.h5": "04_pp-mir/encoder.h5",
    "pp-mir-decoder.h5": "04_pp-mir/decoder.h5",
    "code.npz": "04_code/code.npz",
    "code.json": "04_code/code.json",
    "code-decoder.h5": "04_code/decoder.h5",
}
ORIGIN, REFERENCES = "baseline.json", "references.csv"


def keep_baseline(store: RunStore, folder: Path = BASELINE) -> None:
    """Keep a complete run's weights and table as the baseline.

    A run from the baseline keeps what its weights give with the code of today: they stay, and with
    them which commits trained them.

    Args:
        store: of a run on the surrogate with the cpu profile.
        folder: the baseline's; replaced as a whole.

    Raises:
        StageNotRun: when the run is not complete.
        SettingsError: when it is another kind of run, from another baseline, or its code was not a
            commit.
    """
    run = read_run(store.root)
    if run["source"]["kind"] != "surrogate" or run["profile"]["name"] != "cpu":
        raise SettingsError(f"{store.root}: a baseline is a run of profile cpu on the surrogate")
    if is_by_patient(run):
        raise SettingsError(f"{store.root}: a baseline is a run with the split by image")
    if own := find_own_name(run):
        raise SettingsError(f"{store.root}: its glaucoma network is the user's, {own}")
    evaluated = store.folder(EVALUATED)
    files = {
        kept: store.folder(str(Path(file).parent)) / Path(file).name
        for kept, file in WEIGHTS.items()
    }
    made_by = {*(file.parent for file in files.values()), evaluated}
    records = {unit: r for unit, r in store.records().items() if store.root / unit in made_by}
    commits = {unit: record.get("commit") for unit, record in records.items()}
    if unnamed := sorted(unit for unit, commit in commits.items() if not commit):
        raise SettingsError(
            f"{store.root}: {', '.join(unnamed)} not made by a commit; commit the code, then run "
            "again with --fresh"
        )
    if taken := run.pop("baseline", None):
        if taken != describe_baseline(folder):
            raise SettingsError(f"{store.root}: its weights are not those of {folder}")
        trained = read_json(folder / ORIGIN)["commits"]
        commits |= trained | {EVALUATED: commits[EVALUATED]}
    with new_folder(folder) as partial:
        for kept, file in files.items():
            shutil.copyfile(file, partial / kept)
        shutil.copyfile(evaluated / PAGE, partial / PAGE)
        predictions = read_table(evaluated / PREDICTIONS, text=("image_id",))
        of_table1 = predictions["method"].isin([row.name for row in ROWS])
        references = derive_references(predictions[of_table1])
        write_text(partial / REFERENCES, references_to_csv(references))
        made = {name: records[EVALUATED][name] for name in ("versions", "machine")}
        made |= {"commits": commits, "run": run, "weights": _hash_weights(partial)}
        write_json(partial / ORIGIN, made)
        shutil.rmtree(folder, ignore_errors=True)


def describe_baseline(folder: Path = BASELINE) -> dict:
    """Return what identifies the baseline: the hashes of its weights.

    Raises:
        StageNotRun: when there is none.
        SettingsError: when its weights are not those that it was kept with.
    """
    if not (folder / ORIGIN).exists():
        raise StageNotRun(f"{folder}: no baseline; `make baseline` makes it in a clone")
    kept = read_json(folder / ORIGIN).get("weights")
    if kept != _hash_weights(folder):
        raise SettingsError(f"{folder}: weights differ from those kept; restore them with git")
    return kept


def copy_weights(unit: str, target: Path, folder: Path = BASELINE) -> None:
    """Put the baseline's weights of a stage where its training would leave them."""
    for kept, file in WEIGHTS.items():
        if str(Path(file).parent) == unit:
            shutil.copyfile(folder / kept, target / Path(file).name)


def holds_weights(unit: str, baseline: dict) -> bool:
    """Return whether a baseline (`describe_baseline`) has a training's weights."""
    return any(str(Path(WEIGHTS[kept]).parent) == unit for kept in baseline)


def read_references(folder: Path = BASELINE) -> tuple[Band, ...]:
    """Return the baseline's numbers with the bands that rounding leaves."""
    return references_from_csv((folder / REFERENCES).read_text(encoding="utf-8"))


def _hash_weights(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in WEIGHTS
        if (folder / name).exists()
    }
