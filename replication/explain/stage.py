"""Stage 08: explain all test originals and all PPRL-VGAN sets (paper §2.3, Figure 5).

Leaves, in the stage's folder: `maps/<method>/draw-<n>/` with maps, explained classes and logits;
`relevance.csv`, one row per map; `sign_places.csv`, where the signs' places are known;
`figure5.png`, `figure5.pdf`; and `explanation.md` with `explanation.json`, the summary.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.explain.agreement import pair_with_others
from replication.explain.exchange import save_relevance
from replication.explain.figure5 import choose_example, draw_figure5
from replication.explain.map_table import (
    compare_with_originals,
    describe_maps,
    summarise_relevance,
    to_markdown,
)
from replication.explain.outputs import PAGE, PLACES, RELEVANCE, SUMMARY
from replication.explain.places import make_controls, measure_places
from replication.preprocess.places import mask_irises, mask_signs
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet, RelevanceMaps
from replication.store.files import write_json, write_text
from replication.store.tables import write_table

# `ExplanationWorker.explain` of one network: images, and their `predictions`, to their maps.
Explain = Callable[..., RelevanceMaps]


def explain_sets(
    test: EyeDataset,
    sets: Iterable[PrivatizedSet],
    *,
    explain: Explain,
    predictions: Mapping[tuple[str, int], np.ndarray],
    facts: pd.DataFrame,
    signs: pd.DataFrame | None,
    heading: str,
    folder: Path,
    private: bool,
) -> None:
    """Explain the originals and every set, measure the maps and write everything down.

    Args:
        test: the N original test images.
        sets: all draws of the methods to explain, N images each.
        explain: images to maps.
        predictions: the network's (N, 2) probabilities for each set, by method and draw.
        facts: the N rows of the preprocessed manifest.
        signs: of `preprocess.places.read_signs`, or None where the signs' places aren't known.
        heading: which data, which settings, what is explained.
        folder: of the stage.
        private: whether the images are of patients, which is marked in the figure.

    Raises:
        ExplanationError: as `explain` does.
        DataError: when the maps contradict themselves.
    """
    rng = np.random.default_rng(0)
    explain_set = partial(_explain, explain=explain, predictions=predictions, folder=folder)
    own = explain_set(PrivatizedSet(BASELINE, 0, test.images, None))
    explained = ((privatized, explain_set(privatized)) for privatized in sets)
    table, shown = _tabulate(test, own, explained, facts=facts, rng=rng)
    write_table(table, folder / RELEVANCE)
    found = None
    if signs is not None:
        masks = mask_signs(facts, signs, size_px=test.images.shape[1])
        controls = make_controls(test.images, rng=rng)
        found = measure_places(own.maps, masks, controls, test.identity, rng=rng)
        write_table(found, folder / PLACES)
    example = choose_example(table)
    if example.row is not None:
        draw_figure5(shown, example.row, folder, private=private)
    summary = summarise_relevance(table, found, rng=rng)
    write_json(folder / SUMMARY, summary)
    write_text(folder / PAGE, to_markdown(summary, heading=heading, example=example.text))


def _explain(
    privatized: PrivatizedSet, *, explain: Explain, predictions: Mapping, folder: Path
) -> RelevanceMaps:
    method, draw = privatized.method, privatized.draw
    relevance = explain(privatized.images, predictions=predictions[method, draw])
    kept = folder / "maps" / method / f"draw-{draw}"
    kept.mkdir(parents=True, exist_ok=True)
    save_relevance(kept, relevance)
    return relevance


def _tabulate(
    test: EyeDataset,
    own: RelevanceMaps,
    explained: Iterable[tuple[PrivatizedSet, RelevanceMaps]],
    *,
    facts: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, dict[str, tuple[np.ndarray, RelevanceMaps]]]:
    """Return all rows, and each method's first images with their maps, as Figure 5 shows them."""
    iris, upper = mask_irises(facts, size_px=test.images.shape[1])
    places = {"iris": iris, "upper": upper}
    others = pair_with_others(test.identity, test.glaucoma, rng=rng)
    tables = [describe_maps(own, test, method=BASELINE, draw=0, **places)]
    shown = {BASELINE: (test.images, own)}
    for privatized, relevance in explained:
        method, draw = privatized.method, privatized.draw
        described = describe_maps(relevance, test, method=method, draw=draw, **places)
        compared = compare_with_originals(relevance.maps, own.maps, others)
        tables.append(described.assign(**compared))
        shown.setdefault(method, (privatized.images, relevance))
    return pd.concat(tables, ignore_index=True), shown
