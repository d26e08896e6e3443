"""Do relevance maps depend on what the network has learned? Measures, findings and their page.

- Randomisation: do maps fall apart when the network's layers are made untrained again (Adebayo et
  al., "Sanity Checks for Saliency Maps", NeurIPS 2018)? Rules of Deep Taylor's kind are known not
  to depend on upper layers (Sixt, Granz and Landgraf, "When Explanations Lie: Why Many Modified BP
  Attributions Fail", ICML 2020).
- Log-odds: is there more relevance where they are higher?
- Structure: has the map of an image of one gray less structure than an eye's?
- Speed, which has no criterion.

An empty map has no place of relevance: it is counted and enters no figure.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.stats import pearsonr, spearmanr

from replication.errors import DataError
from replication.explain.agreement import MEASURES, check_maps, has_pattern, measure_agreement
from replication.records import RelevanceMaps
from replication.store.numbers import write_or_absent
from replication.store.run_record import describe_split
from replication.store.tables import Section
from validation.claims.judge import Finding

DESTROYED = (
    "with nothing trained left, the median rank correlation with the trained network's maps is not "
    "above that of two different images' maps"
)
EVEN = "every gray's variation is below the median of the eyes"

CELL_PX = 8  # ours
CELLS = 4  # ours: the middle half of 64 px; nearer the border, padding makes structure


def check_randomisation(
    trained: np.ndarray, levels: Mapping[str, np.ndarray], partners: np.ndarray
) -> dict:
    """Compare the maps of a trained network with those of ever less trained ones.

    Args:
        trained: (N, S, S) float32, not negative.
        levels: maps of the same images by name of the level; nothing trained is left in the last.
        partners: (N,) rows, for each image another one, -1 where it has none.

    Returns:
        `levels`, rows of `compare_maps` with the level's name; `other_images`, the same of each
        image's map and its partner's, both of the trained network; `criterion` and `finding`.
    """
    rows = [{"level": name} | compare_maps(trained, maps) for name, maps in levels.items()]
    paired = partners >= 0
    other_images = compare_maps(trained[paired], trained[partners[paired]])
    correlations = [row["rank_correlation"] for row in rows]
    return {
        "levels": rows,
        "other_images": other_images,
        "criterion": DESTROYED,
        "finding": judge_randomisation(correlations, other_images["rank_correlation"]),
    }


def compare_maps(trained: np.ndarray, others: np.ndarray) -> dict[str, float | None]:
    """Return the median agreement of maps, row by row.

    Args:
        trained: (N, S, S) float32, not negative.
        others: of the same shape.

    Returns:
        The medians of `MEASURES` (None without a pair to compare), `compared`: of how many pairs,
        and `empty`: how many of the others have one value throughout.
    """
    agreement = measure_agreement(trained, others)
    medians = {name: _number(agreement[name].median()) for name in MEASURES}
    compared = has_pattern(trained) & has_pattern(others)
    return medians | {"compared": int(compared.sum()), "empty": int((~has_pattern(others)).sum())}


def judge_randomisation(levels: list[float | None], other_images: float | None) -> Finding:
    """Return whether randomisation destroys the map (`DESTROYED`), given rank correlations."""
    left = levels[-1]
    if left is None or other_images is None:
        return Finding.NOT_MEASURED
    return Finding.HOLDS if left <= other_images else Finding.FAILS


def correlate_with_logit(relevance: RelevanceMaps) -> dict[str, float | None]:
    """Correlate the relevance of whole maps with the logits that they explain.

    Returns:
        `pearson` and `spearman` over the maps that aren't empty (None where they are fewer than two
        or all alike), `maps` that went in and `empty` ones, and the `smallest` relevance of all
        pixels.
    """
    shown = ~relevance.empty
    sums = relevance.maps[shown].sum(axis=(1, 2), dtype=np.float64)
    logit = relevance.logit[shown].astype(np.float64)
    enough = len(sums) > 1 and np.ptp(sums) > 0 and np.ptp(logit) > 0
    return {
        "pearson": float(pearsonr(sums, logit)[0]) if enough else None,
        "spearman": float(spearmanr(sums, logit)[0]) if enough else None,
        "maps": int(shown.sum()),
        "empty": int((~shown).sum()),
        "smallest": float(relevance.maps.min()),
    }


def check_structure(eyes: np.ndarray, grays: Mapping[int, np.ndarray]) -> dict:
    """Compare the maps of eyes with those of images of one gray.

    Args:
        eyes: (N, S, S) float32, not negative.
        grays: (S, S) map by gray, a byte.

    Returns:
        `eyes`, the median of `measure_structure`, of how many `compared` maps, and how many are
        `empty` in the middle; `grays`, rows of gray and variation, the same measure; `criterion`
        and `finding`.
    """
    found = measure_structure(eyes)
    measured = found[~np.isnan(found)]
    median = float(np.median(measured)) if len(measured) else None
    variation = [_number(value) for value in measure_structure(np.stack(list(grays.values())))]
    return {
        "eyes": median,
        "compared": len(measured),
        "empty": len(eyes) - len(measured),
        "grays": [{"gray": g, "variation": v} for g, v in zip(grays, variation, strict=True)],
        "criterion": EVEN,
        "finding": judge_structure(median, variation),
    }


def measure_structure(maps: np.ndarray) -> np.ndarray:
    """Return how uneven relevance is over the inner cells of each map.

    Args:
        maps: (N, S, S), not negative, S at least CELLS x CELL_PX.

    Returns:
        (N,) standard deviation over mean of the relevance of CELLS x CELLS cells in the middle, 0
        where all have the same; NaN where none has any.

    Raises:
        DataError: when the maps are smaller, negative or not finite.
    """
    check_maps(maps)
    side = CELLS * CELL_PX
    start = (maps.shape[1] - side) // 2
    if start < 0:
        raise DataError(f"relevance maps: expected {side} pixels a side or more, got {maps.shape}")
    inner = maps[:, start : start + side, start : start + side].astype(np.float64)
    cells = inner.reshape(-1, CELLS, CELL_PX, CELLS, CELL_PX).sum(axis=(2, 4))
    std, mean = cells.std(axis=(1, 2)), cells.mean(axis=(1, 2))
    return np.divide(std, mean, out=np.full(len(maps), np.nan), where=mean > 0)


def judge_structure(eyes: float | None, grays: list[float | None]) -> Finding:
    """Return whether images of one gray have less structure than eyes (`EVEN`)."""
    if eyes is None or None in grays:
        return Finding.NOT_MEASURED
    return Finding.HOLDS if max(grays) < eyes else Finding.FAILS


def measure_speed(seconds: list[float], *, batch: int) -> dict[str, float | None]:
    """Separate a worker's start from its work, by the seconds from its start to each image.

    Returns:
        `start_seconds`, to the first batch, and `images_per_second` from then to the last one;
        None where there is but one batch.
    """
    later = len(seconds) - batch
    pace = later / (seconds[-1] - seconds[batch - 1]) if later > 0 else None
    return {"start_seconds": seconds[0], "images_per_second": pace}


def _number(value: float) -> float | None:
    """Return a figure, None where there is none, as JSON can hold it."""
    return None if np.isnan(value) else float(value)


def to_markdown(figures: Mapping) -> str:
    """Write the page of `explanation_sanity.json`, without headings; None was not measured."""
    run, settings = figures["run"], figures["settings"]
    heading = (
        f"Checks of `{settings['method']}` of the glaucoma network. Data: {run['source']['kind']} "
        f"`{run['source']['name']}`. Profile {run['profile']['name']}, seed {run['seed']}. Sample: "
        f"{settings['sample']}." + describe_split(run)
    )
    describe = {
        "randomisation": _describe_randomisation,
        "logit": _describe_logit,
        "own_output": _describe_own_output,
        "structure": _describe_structure,
        "speed": _describe_speed,
    }
    parts = [write(figures[name], settings).to_markdown() for name, write in describe.items()]
    parts += [_describe_rules(figures["rules"]).to_markdown()]
    return "\n\n".join([heading, *parts]) + "\n"


def _describe_randomisation(found: Mapping, settings: Mapping) -> Section:
    others = {"level": "two different images"} | found["other_images"]
    note = (
        "**Parameter randomisation.** Layers replaced by untrained ones, from the last to the "
        "first, each row with those above it; medians over the sample of the agreement with the "
        "trained network's maps of the same images. Glaucoma neuron; its bias in the last layer is "
        f"raised by {settings['lift']:g}, which doesn't change a map's pattern, "
        "so that no map is empty for the sign of its log-odds. Maps that are empty all the same, since an "
        "untrained last layer may weigh no active unit positively, are counted and left out. For "
        "comparison, the trained network's maps of two patients with the same pathology."
    )
    forms = dict.fromkeys(MEASURES, ".3f") | {"compared": "d", "empty": "d"}
    rows = [(row["level"], *_write_all(row, forms)) for row in (*found["levels"], others)]
    measures = (name.replace("_", " ") for name in MEASURES)
    verdict = _describe_finding("Randomisation destroys the map", found)
    return Section(note, ("replaced down to", *measures, "pairs", "empty"), rows, last=verdict)


def _describe_logit(found: Mapping, settings: Mapping) -> Section:
    note = (
        "**Relevance and log-odds.** Correlation of a map's sum with its log-odds, over the maps of "
        f"all {settings['test_images']} test originals that aren't empty; no bias raised."
    )
    headings = ("neuron", "Pearson", "Spearman", "maps", "empty", "smallest relevance")
    forms = {"pearson": ".3f", "spearman": ".3f", "maps": "d", "empty": "d", "smallest": "g"}
    rows = [(neuron, *_write_all(row, forms)) for neuron, row in found.items()]
    return Section(note, headings, rows)


def _describe_own_output(found: Mapping, settings: Mapping) -> Section:
    return Section(
        "**Log-odds and outputs.** Were a map to explain the predicted class's own output before the "
        f"softmax, {found['not_positive']} of the {found['with_glaucoma']} test originals with "
        "glaucoma would have none, since that output isn't positive."
    )


def _describe_structure(found: Mapping, settings: Mapping) -> Section:
    side, cell = settings["cells"], settings["cell_px"]
    note = (
        f"**Images of one gray.** Variation (std / mean) of relevance over the {side}x{side} "
        f"inner cells of {cell} px; network and neuron as under randomisation, nothing replaced. "
        "No gray is exactly 0 as a network's input: its map by the plain rule is empty whatever the "
        "log-odds, since relevance is shared by input times weight."
    )
    images = {f"eyes (median of {found['compared']}; {found['empty']} empty)": found["eyes"]}
    images |= {f"gray {row['gray']}": row["variation"] for row in found["grays"]}
    rows = [(image, _write(value, ".2f")) for image, value in images.items()]
    verdict = _describe_finding("An image of one gray has less structure than an eye", found)
    return Section(note, ("image", "variation"), rows, last=verdict)


def _describe_rules(found: Mapping[str, Mapping]) -> Section:
    note = (
        "**Rules.** The same two checks by each rule of Deep Taylor: rank correlation with the trained "
        "network's maps when nothing trained is left, and that of two different images' maps; "
        "variation of an eye's map, and the highest of a gray's."
    )
    rows = [_list_rule(method, **checks) for method, checks in found.items()]
    headings = ("rule", "nothing trained", "two images", "destroyed", "eyes", "grays", "less")
    return Section(note, headings, rows)


def _list_rule(method: str, *, randomisation: Mapping, structure: Mapping) -> tuple[str, ...]:
    grays = [row["variation"] for row in structure["grays"] if row["variation"] is not None]
    return (
        method,
        _write(randomisation["levels"][-1]["rank_correlation"], ".3f"),
        _write(randomisation["other_images"]["rank_correlation"], ".3f"),
        randomisation["finding"],
        _write(structure["eyes"], ".2f"),
        _write(max(grays, default=None), ".2f"),
        structure["finding"],
    )


def _describe_speed(found: Mapping, settings: Mapping) -> Section:
    start = f"seconds from a worker's start to its first {settings['batch']} maps"
    rows = [
        ("images a second, the analysis alone", _write(found["images_per_second"], ".0f")),
        (start, _write(found["start_seconds"], ".0f")),
    ]
    return Section(
        f"**Speed**, on {settings['cores']} cores; no criterion.", ("what", "figure"), rows
    )


def _describe_finding(claim: str, found: Mapping) -> str:
    return f"{claim}: **{found['finding']}**. Criterion: {found['criterion']}."


def _write_all(row: Mapping, forms: Mapping[str, str]) -> Iterator[str]:
    return (_write(row[name], form) for name, form in forms.items())


def _write(value: float | None, form: str) -> str:
    return write_or_absent(value, lambda number: format(number, form))
