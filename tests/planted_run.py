"""A complete run whose every file is planted, with names and pixels that can be searched for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from planted_predictions import EVERY_CLAIM_HOLDS, Rates, plant_predictions
from planted_relevance import plant_relevance

from replication.evaluate.table1 import PoolSize, Table1Row, build_table, to_json
from replication.explain.exchange import save_relevance
from replication.records import TABLE1_METRICS, RelevanceMaps
from replication.store.files import write_json
from replication.store.run_folder import RunStore
from validation.statistics.patient_sums import sum_by_patient

POOLS = tuple(
    PoolSize("pprl-vgan-different-pathology", label, images, size, size)
    for label, images, size in ((False, 400, 7), (True, 200, 69))
)
FOLDER, PATIENT, FILE = "zz-clinic-folder", "QXPATIENT", "shot-of-eye"


def open_run(root: Path, *, kind: str = "surrogate", name: str = "eyes", **more) -> RunStore:
    """Open a run of profile cpu, without any stage."""
    store = RunStore(root)
    described = {"source": {"kind": kind, "name": name}, "profile": {"name": "cpu"}}
    store.open(described | {"seed": 0, "draws": 1, "split": "image"} | more)
    return store


def plant_evaluation(store: RunStore, predictions: pd.DataFrame) -> None:
    """Write the files of stage 06 but for its pages."""
    with store.writing("06_evaluated", {}) as folder:
        predictions.to_csv(folder / "predictions.csv", index=False)
        table = replace(tabulate(predictions), pools=POOLS)
        (folder / "table1.json").write_text(to_json(table))


def plant_whole_run(
    runs: Path, *, kind: str = "surrogate", rates: Mapping[str, Rates] = EVERY_CLAIM_HOLDS
) -> RunStore:
    """Write a run of a data folder called FOLDER; unless of other rates, every claim holds."""
    profile = {"name": "cpu", "split": {"seed": 0}, "vgan": {"steps": 7, "decay": 1e-6}}
    store = open_run(runs / f"{FOLDER}-cpu-seed-0", kind=kind, name=FOLDER, profile=profile)
    predictions = plant_predictions(rates)
    predictions["image_id"] = [
        f"{FOLDER}/{PATIENT}{identity}/{FILE}-{name}.bmp"
        for identity, name in zip(predictions["identity"], predictions["image_id"], strict=True)
    ]
    own = predictions[predictions["method"] == "original"]
    _plant_images(store, own, rates)
    _plant_validation(store, own["image_id"].iloc[0])
    _plant_trainings(store)
    plant_evaluation(store, predictions)
    _plant_maps(store)
    return store


def draw_eye(row: int) -> np.ndarray:
    """Return the (64, 64) uint8 image of one row: a pattern that no chart has."""
    noise = np.random.default_rng(row).integers(0, 256, (9, 9), dtype=np.uint8)
    return cv2.resize(noise, (64, 64), interpolation=cv2.INTER_CUBIC)


def tabulate(predictions: pd.DataFrame):
    """Return the table of planted predictions, by another way than the evaluation's."""
    numbers = {
        cell: ratio.weigh(np.ones((1, len(ratio.top)))).item()
        for cell, ratio in sum_by_patient(predictions).items()
    }
    methods = sorted({method for method, _ in numbers})
    return build_table(
        [Table1Row(m, True, *(numbers.get((m, name)) for name in TABLE1_METRICS)) for m in methods]
    )


def _plant_images(store: RunStore, own: pd.DataFrame, methods: Iterable[str]) -> None:
    images = np.stack([draw_eye(row) for row in range(len(own))])
    table = own[["image_id", "identity", "glaucoma"]].assign(
        path=own["image_id"],
        patient_id=[f"{PATIENT}{identity}" for identity in own["identity"]],
        subset="test",
    )
    with store.writing("01_preprocessed", {}) as folder:
        np.save(folder / "images.npy", images, allow_pickle=False)
        table.to_csv(folder / "manifest.csv", index=False)
    for method in methods:
        if method != "original":
            with store.writing(f"05_privatized/{method}", {}) as folder:
                colours = np.repeat(images[..., None], 3, axis=-1)
                np.save(folder / "draw-0.npy", colours, allow_pickle=False)


def _plant_validation(store: RunStore, at_fault: str) -> None:
    expectation = {
        "suite": "centering",
        "name": "iris-centred",
        "meaning": "nearly all irises are in the middle",
        "observed": 0.98,
        "at_fault": [at_fault],
        "success": True,
    }
    with store.writing("02_validated", {}) as folder:
        write_json(folder / "validation.json", {"expectations": [expectation]})
        (folder / "validation.md").write_text("# what was found\n")


def _plant_trainings(store: RunStore) -> None:
    epochs = pd.DataFrame(
        {"epoch": [1, 2, 3], "loss": [3, 2, 1], "val_loss": [3, 1, 2], "best": [True, True, False]}
    )
    steps = pd.DataFrame({"step": [25, 50]}).assign(
        generator_realism=[1.0, 2], generator_identity=[4.0, 1], generator_task=[0.5, 0.4]
    )
    coded = pd.DataFrame(
        {"step": [25, 50], "generator_identity": [0.1, 2], "generator_code": [1.0, 0.2]}
    )
    histories = {"03_evaluators/identity": epochs, "03_evaluators/glaucoma": epochs}
    kept = steps.assign(generator_iris=[30.0, 10])
    generators = {"04_code": coded, "04_pp-mir": kept, "04_vgan": steps}
    for unit, history in (histories | generators).items():
        with store.writing(unit, {}) as folder:
            history.to_csv(folder / "history.csv", index=False)


def _plant_maps(store: RunStore) -> None:
    relevance = plant_relevance()
    images = relevance["image_id"].nunique()
    maps = np.random.default_rng(0).random((images, 64, 64), dtype=np.float32)
    record = RelevanceMaps(maps, np.ones(images, int), np.ones(images, np.float32))
    with store.writing("08_explained", {}) as folder:
        (folder / "explanation.md").write_text("What came of the maps.\n")
        relevance.to_csv(folder / "relevance.csv", index=False)
        for method in relevance["method"].unique():
            (folder / "maps" / method / "draw-0").mkdir(parents=True)
            save_relevance(folder / "maps" / method / "draw-0", record)
