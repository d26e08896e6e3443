"""Stage 08: explain all test originals and draws of all PPRL-VGAN sets (paper §2.3, Figure 5).

Leaves, in the stage's folder: `maps/<method>/draw-<n>/` with maps, explained classes and logits;
`relevance.csv`, one row per map; `rules.csv`, one row per rule of Deep Taylor; `sign_places.csv`,
where the signs' places are known; `figure5.png`, `figure5.pdf`; and `explanation.md` with
`explanation.json`, the summary.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, tee
from pathlib import Path

import numpy as np
import pandas as pd

from replication.explain.agreement import MapPatterns, pair_with_others
from replication.explain.exchange import RULES, save_relevance
from replication.explain.figure5 import TITLES, choose_example, draw_figure5
from replication.explain.map_table import (
    compare_with_originals,
    describe_maps,
    summarise_relevance,
    to_markdown,
)
from replication.explain.outputs import PAGE, PLACES, RELEVANCE, RULE_TABLE, SUMMARY
from replication.explain.places import make_controls, measure_places
from replication.explain.rules import measure_rules
from replication.preprocess.places import mask_irises, mask_signs
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, RelevanceMaps
from replication.store.files import write_json, write_text
from replication.store.tables import write_table
from replication.store.words import put

DRAWS = 3  # of each method's, as many as are attacked: patients differ more than draws do

# `ExplanationWorker.explain_each` of one network: sets of images with their predictions, to their
# maps; by another `method` where one is given.
Explain = Callable[..., Iterator[RelevanceMaps]]
Predictions = Mapping[tuple[str, int], np.ndarray]
Shown = dict[str, tuple[np.ndarray, RelevanceMaps]]


def explain_sets(
    test: EyeDataset,
    sets: Iterable[PrivatizedSet],
    *,
    explain: Explain,
    method: str,
    predictions: Predictions,
    facts: pd.DataFrame,
    on_irises: bool = True,
    signs: pd.DataFrame | None,
    heading: str,
    folder: Path,
    private: bool,
) -> None:
    """Explain the originals and every set, measure the maps and write everything down.

    Args:
        test: the N original test images.
        sets: draws of the methods to explain, N images each.
        explain: images to maps.
        method: the rule by which `explain` explains; by the others it explains the originals, and
            the images of Figure 5.
        predictions: the network's (N, 2) probabilities for each set, by method and draw.
        facts: the N rows of the preprocessed manifest.
        on_irises: whether images are centred on irises; else no place in one is measured.
        signs: of `preprocess.places.read_signs`, or None where the signs' places aren't known.
        heading: which data, which settings, what is explained.
        folder: of the stage.
        private: whether the images are of patients, which is marked in the figure.

    Raises:
        ExplanationError: as `explain` does.
        DataError: when the maps contradict themselves.
    """
    rng = np.random.default_rng(0)
    originals = PrivatizedSet(BASELINE, 0, test.images, None)
    explained = _explain(chain([originals], sets), explain, predictions, folder)
    irises = mask_irises(facts, size_px=test.images.shape[1]) if on_irises else None
    table, shown = _tabulate(test, explained, irises=irises, rng=rng)
    write_table(table, folder / RELEVANCE)
    own, masks, found = shown[BASELINE][1], None, None
    if signs is not None:
        masks = mask_signs(facts, signs, size_px=test.images.shape[1])
        controls = make_controls(test.images, rng=rng)
        found = measure_places(own.maps, masks, controls, test.identity, rng=rng)
        write_table(found, folder / PLACES)
    others, request = (
        [name for name in RULES if name != method],
        (test.images, predictions[BASELINE, 0]),
    )
    by_rule = {method: own} | {name: next(explain([request], method=name)) for name in others}
    rules = measure_rules(by_rule, test, masks, rng=rng)
    write_table(rules, folder / RULE_TABLE)
    example = choose_example(table)
    if example.row is not None:
        request = _gather_example(shown, predictions, example.row)
        beside = {
            RULES[name].words: next(explain([request], method=name, on_image=lambda: None))
            for name in others
        }
        draw_figure5(shown, example.row, folder, beside=beside, private=private)
    summary = summarise_relevance(table, found, rules, rng=rng)
    write_json(folder / SUMMARY, summary)
    page = to_markdown(summary, heading=heading, example=example.text)
    write_text(folder / PAGE, put(page))


def _explain(
    sets: Iterable[PrivatizedSet], explain: Explain, predictions: Predictions, folder: Path
) -> Iterator[tuple[PrivatizedSet, RelevanceMaps]]:
    """Yield each set with its maps, which are kept in the folder."""
    sets, requested = tee(sets)
    requests = ((each.images, predictions[each.method, each.draw]) for each in requested)
    for privatized, relevance in zip(sets, explain(requests), strict=True):
        kept = folder / "maps" / privatized.method / f"draw-{privatized.draw}"
        kept.mkdir(parents=True, exist_ok=True)
        save_relevance(kept, relevance)
        yield privatized, relevance


def _gather_example(
    shown: Shown, predictions: Predictions, row: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return Figure 5's images and their predictions."""
    images = np.stack([shown[name][0][row] for name in TITLES])
    return images, np.stack([predictions[name, 0][row] for name in TITLES])


def _tabulate(
    test: EyeDataset,
    explained: Iterable[tuple[PrivatizedSet, RelevanceMaps]],
    *,
    irises: tuple[np.ndarray, np.ndarray] | None,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, Shown]:
    """Return all rows, and each method's first images with their maps, as Figure 5 shows them.

    The originals come first: the others are compared with them.
    """
    rows_of_others = pair_with_others(test.identity, test.glaucoma, rng=rng)
    tables, shown = [], {}
    for privatized, relevance in explained:
        method, draw = privatized.method, privatized.draw
        described = describe_maps(relevance, test, method=method, draw=draw, irises=irises)
        if method == BASELINE:
            originals = MapPatterns(relevance.maps)
            others = originals.take(rows_of_others)
        else:
            described = described.assign(
                **compare_with_originals(relevance.maps, originals, others)
            )
        tables.append(described)
        shown.setdefault(method, (privatized.images, relevance))
    return pd.concat(tables, ignore_index=True), shown
