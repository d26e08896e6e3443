"""Check the explanations of a run's glaucoma network by the measures of `sanity_checks`.

Leaves, in the run's folder, `explanation_sanity.json`, the figures with the settings that made
them, and `explanation_sanity.md`. Like the pipeline it drives the stage of explanation; unlike a
stage, no later one reads what it leaves.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import Model

from replication.config import EvaluatorSettings, ExplanationSettings, PreprocessSettings
from replication.errors import SettingsError
from replication.explain.agreement import pair_with_others
from replication.explain.client import ExplanationWorker
from replication.explain.exchange import BATCH, RULES
from replication.records import EyeDataset, Neuron, RelevanceMaps, to_unit_range
from replication.results.finished_run import SANITY_FIGURES, SANITY_PAGE
from replication.store.arrays import load_preprocessed
from replication.store.files import write_json, write_text
from replication.store.run_folder import RunStore
from replication.store.run_record import (
    EVALUATORS,
    PREPROCESSED,
    find_own_name,
    read_run,
    read_settings,
)
from replication.studies import sanity_checks as sanity
from replication.studies import untrained_networks as untrained
from replication.studies.untrained_networks import Weights
from replication.system.progress import Track
from replication.system.provenance import find_commit
from replication.train.weights import load_weights

# Ours: bytes all over their range. None is 0 as a network's input, whose map by the plain rule is
# empty whatever the log-odds, since relevance is shared by input times weight.
GRAYS = tuple(range(16, 256, 32))
METHOD = ExplanationSettings.method


def check_explanations(store: RunStore, *, images: int, seed: int, track: Track) -> str:
    """Measure what the explanations of a run show; write figures and page, and return the page.

    Steps: explain all test originals by the network as it is, both neurons; draw a sample of them;
    explain it, by every rule, by the network with raised log-odds, along with images of one gray,
    and by each level of the cascade.

    Args:
        store: of a run whose glaucoma network is trained.
        images: in the sample; all test originals where there are fewer.
        seed: of the sample, its pairs and the untrained layers.
        track: opens the progress bar.

    Raises:
        StageNotRun: when the network is not trained.
        SettingsError: when it is the user's own.
        ExplanationError: when the network can't be explained.
    """
    run = read_run(store.root)
    if own := find_own_name(run):
        raise SettingsError(
            f"{store.root}: its glaucoma network is the user's, {own}; what is checked are maps of "
            "the network that a run trains"
        )
    channels = read_settings(store.root, run, "preprocess", PreprocessSettings).channels
    dataset, splits = load_preprocessed(store.folder(PREPROCESSED), channels)
    test, rng = dataset.take(splits.test), np.random.default_rng(seed)
    sample = test.take(np.sort(rng.choice(len(test), min(images, len(test)), replace=False)))
    partners = pair_with_others(sample.identity, sample.glaucoma, rng=rng)
    settings = _describe(store, run, sample=len(sample), test=len(test), seed=seed)
    evaluator = read_settings(store.root, run, "evaluator", EvaluatorSettings)
    shape = test.images.shape[1:]
    network = untrained.build_network(shape, evaluator, seed=settings["untrained_seed"])
    first_weights = untrained.get_weights(network)
    load_weights(network, store.folder(EVALUATORS["glaucoma"]) / "weights.h5")
    lifted = len(GRAYS) + (1 + len(untrained.LEVELS)) * len(sample)
    total = len(Neuron) * len(test) + len(RULES) * lifted
    with (
        store.scratch() as scratch,
        ExplanationWorker(scratch) as worker,
        track("explaining", total) as advance,
    ):
        explainer = _Explainer(network, evaluator, worker, scratch, advance)
        figures = _check_as_it_is(explainer, test)
        figures |= _check_lifted(explainer, sample.images, first_weights, partners)
    figures |= {"run": run, "settings": settings}
    page = sanity.to_markdown(figures)
    write_json(store.root / SANITY_FIGURES, figures)
    write_text(store.root / SANITY_PAGE, page)
    return page


def _describe(store: RunStore, run: dict, *, sample: int, test: int, seed: int) -> dict:
    """Return the settings that make the figures, in words where a number isn't enough."""
    return {
        "sample": f"{sample} of {test} test originals, drawn without replacement by numpy's "
        f"default_rng({seed})",
        "test_images": test,
        # Another than the run's, which gives the weights that its training started from.
        "untrained_seed": run["seed"] + 1 + seed,
        "lift": untrained.LIFT,
        "method": METHOD,
        "cells": sanity.CELLS,
        "cell_px": sanity.CELL_PX,
        "batch": BATCH,
        "network": store.digest(EVALUATORS["glaucoma"]),
        "commit": find_commit(),
        "cores": os.cpu_count(),
    }


@dataclass(frozen=True)
class _Explainer:
    """Explains images by a glaucoma network with the weights that it has at the time."""

    network: Model
    settings: EvaluatorSettings
    worker: ExplanationWorker
    scratch: Path
    on_image: Callable[[], None]

    def explain(
        self, images: np.ndarray, neuron: Neuron, *, name: str, method: str = METHOD
    ) -> tuple[RelevanceMaps, list[float]]:
        """Return the maps, and the seconds after which each was reported.

        Weights of another name are another network: the worker keeps the last one.
        """
        weights = self.scratch / f"{name}.h5"
        self.network.save_weights(str(weights))
        predictions = self.network.predict(images, batch_size=BATCH, verbose=0)
        seconds, start = [], time.perf_counter()

        def count() -> None:
            seconds.append(time.perf_counter() - start)
            self.on_image()

        relevance = self.worker.explain(
            images,
            weights=weights,
            settings=self.settings,
            predictions=predictions,
            neuron=neuron,
            method=method,
            on_image=count,
        )
        return relevance, seconds

    def explain_lifted(
        self, images: np.ndarray, weights: Weights, *, name: str
    ) -> dict[str, np.ndarray]:
        """Return by rule (N, S, S) maps of glaucoma, its log-odds raised to be positive."""
        untrained.set_weights(self.network, untrained.lift_log_odds(weights))
        return {
            method: self.explain(images, Neuron.GLAUCOMA, name=name, method=method)[0].maps
            for method in RULES
        }


def _check_as_it_is(explainer: _Explainer, test: EyeDataset) -> dict:
    explained = {
        each.value: explainer.explain(test.images, each, name="as it is") for each in Neuron
    }
    _, seconds = next(iter(explained.values()))  # of the first request, which starts the worker
    predicted = untrained.predict_outputs(explainer.network, test.images).max(axis=1)
    return {
        "logit": {name: sanity.correlate_with_logit(maps) for name, (maps, _) in explained.items()},
        "own_output": {
            "with_glaucoma": int(test.glaucoma.sum()),
            "not_positive": int((predicted[test.glaucoma] <= 0).sum()),
        },
        "speed": sanity.measure_speed(seconds, batch=BATCH),
    }


def _check_lifted(
    explainer: _Explainer, images: np.ndarray, first_weights: Weights, partners: np.ndarray
) -> dict:
    trained = untrained.get_weights(explainer.network)
    levels = np.array(GRAYS)[:, None, None, None]
    gray = to_unit_range(np.broadcast_to(levels, (len(GRAYS), *images.shape[1:])))
    maps = explainer.explain_lifted(np.concatenate([images, gray]), trained, name="trained")
    unlearned = {
        level: explainer.explain_lifted(images, weights, name=level)
        for level, weights in untrained.cascade(trained, first_weights).items()
    }
    rules = {}
    for method, found in maps.items():
        eyes, grays = found[: len(images)], dict(zip(GRAYS, found[len(images) :], strict=True))
        levels_of_rule = {level: by_rule[method] for level, by_rule in unlearned.items()}
        rules[method] = {
            "randomisation": sanity.check_randomisation(eyes, levels_of_rule, partners),
            "structure": sanity.check_structure(eyes, grays),
        }
    return rules[METHOD] | {"rules": rules}
