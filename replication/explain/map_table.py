"""Relevance maps in numbers: one row per map, the summary of all of them, and its page.

The paper shows three maps (§3, Figure 5). What is claimed of maps, and what is printed about them,
comes from these rows and not from the maps.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from replication.explain.agreement import (
    MEASURES,
    MapPatterns,
    compare_agreements,
    name_parts,
)
from replication.explain.outputs import NO_IRISES
from replication.explain.places import tabulate_iris_fractions
from replication.explain.rules import describe_rules
from replication.privatize.methods import BASELINE
from replication.records import CLASS_OF_GLAUCOMA, EyeDataset, RelevanceMaps
from replication.store.numbers import NOT_MEASURED, write_interval, write_or_absent
from replication.store.tables import Section, to_records
from validation.claims.table1_claims import DIFFERENT, SAME
from validation.statistics.resampling import estimate_mean

OTHER = "other_"
COMPARED = (*MEASURES, *(OTHER + name for name in MEASURES))
# Of each fraction of relevance: the column's heading.
FRACTIONS = {
    "in_iris": "in the iris",
    "iris_area": "even map",
    "in_upper_half": "in its upper half",
    "upper_half_area": "even map",
    "upper_of_iris": "upper half / iris",
}


def describe_maps(
    relevance: RelevanceMaps,
    test: EyeDataset,
    *,
    method: str,
    draw: int,
    irises: tuple[np.ndarray, np.ndarray] | None,
) -> pd.DataFrame:
    """Return for each map whose it is, what it explains and where its relevance lies.

    Args:
        relevance: of the N test images, or of one draw of them privatized, in the same order.
        test: the N original test images.
        method: a privatizer's name, or that of the originals.
        draw: from 0.
        irises: two of (N, S, S) bool, of `preprocess.places.mask_irises`; privatizing moves nothing,
            so a privatized image has its original's. None of images that aren't centred on irises,
            whose fractions are NaN.

    Returns:
        N rows: method, draw, image_id, identity, glaucoma, explains_glaucoma (else the explained
        class is no glaucoma), logit, relevance_sum, empty, those of `tabulate_iris_fractions`, and
        NaN for each of COMPARED.
    """
    rows = pd.DataFrame(
        {
            "method": method,
            "draw": draw,
            "image_id": test.image_id,
            "identity": test.identity,
            "glaucoma": test.glaucoma,
            "explains_glaucoma": relevance.neuron == CLASS_OF_GLAUCOMA,
            "logit": relevance.logit,
            "relevance_sum": relevance.maps.sum(axis=(1, 2), dtype=np.float64),
            "empty": relevance.empty,
        }
    )
    if irises is None:
        fractions = pd.DataFrame(np.nan, rows.index, list(FRACTIONS))
    else:
        fractions = tabulate_iris_fractions(relevance.maps, *irises)
    return pd.concat([rows, fractions], axis=1).assign(**dict.fromkeys(COMPARED, np.nan))


def compare_with_originals(
    maps: np.ndarray, originals: MapPatterns, others: MapPatterns
) -> pd.DataFrame:
    """Measure how far privatized images' maps agree with originals' maps.

    Args:
        maps: (N, S, S) of the privatized images.
        originals: of their originals' maps.
        others: of another patient's original for each (`pair_with_others`), whose agreement is what
            the own one's has to beat.

    Returns:
        N rows with the columns COMPARED: MEASURES, and the same of the other originals, NaN where
        there is no other.
    """
    patterns = MapPatterns(maps)
    compared = [each.measure(patterns) for each in (originals, others)]
    return pd.concat(compared, axis=1).set_axis(list(COMPARED), axis=1)


def summarise_relevance(
    relevance: pd.DataFrame,
    signs: pd.DataFrame | None,
    rules: pd.DataFrame,
    *,
    rng: np.random.Generator,
) -> dict[str, list[dict]]:
    """Summarise the table of maps.

    Args:
        relevance: columns of `describe_maps`; one row per map.
        signs: of `measure_places`, or None where no sign's place is known.
        rules: of `measure_rules`.
        rng: draws the patients.

    Returns:
        Tables as lists of rows: "maps" (per method: maps, empty, explains_glaucoma,
        sum_follows_logit), "agreement", "iris", "signs" and "rules"; None where there is no number.
    """
    tables = {
        "maps": pd.DataFrame(_count_maps(relevance)),
        "agreement": pd.DataFrame(_compare_all(relevance, rng)),
        "iris": pd.DataFrame(_average_fractions(relevance, rng)),
        "signs": pd.DataFrame() if signs is None else signs,
        "rules": rules,
    }
    return {name: to_records(table) for name, table in tables.items()}


def _count_maps(relevance: pd.DataFrame) -> Iterator[dict]:
    for method, rows in relevance.groupby("method", sort=False):
        shown = rows[~rows["empty"]]
        yield {
            "method": method,
            "maps": len(rows),
            "empty": int(rows["empty"].sum()),
            "explains_glaucoma": int(rows["explains_glaucoma"].sum()),
            "sum_follows_logit": shown["relevance_sum"].corr(shown["logit"], min_periods=2),
        }


def _compare_all(relevance: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict]:
    """Compare agreements under both pathologies, and each with another patient's original."""
    for eyes, rows in _choose_eyes(relevance):
        sets = {method: rows[rows["method"] == method] for method in (SAME, DIFFERENT)}
        if any(table.empty for table in sets.values()):
            continue
        pairs = {"same against different pathology": (sets[SAME], sets[DIFFERENT])}
        for name, method in (("same", SAME), ("different", DIFFERENT)):
            own = sets[method]
            other = own.assign(**{measure: own[OTHER + measure] for measure in MEASURES})
            pairs[f"{name} pathology: own against another patient's original"] = (own, other)
        for comparison, (first, second) in pairs.items():
            for row in compare_agreements(first, second, rng=rng).to_dict("records"):
                yield {"eyes": eyes, "comparison": comparison, **row}


def _average_fractions(relevance: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict]:
    if relevance[list(FRACTIONS)].isna().all(axis=None) and not relevance["empty"].all():
        return  # the images aren't centred on irises
    for eyes, rows in _choose_eyes(relevance):
        for method in (BASELINE, SAME, DIFFERENT):
            own = rows[rows["method"] == method]
            by_image = own.groupby("image_id")[["identity", *FRACTIONS]].mean()
            for fraction in FRACTIONS if len(own) else ():
                patients = by_image["identity"].to_numpy()
                found = estimate_mean(by_image[fraction].to_numpy(), patients, rng=rng)
                yield {
                    "eyes": eyes,
                    "method": method,
                    "share": fraction,
                    **name_parts("share", found),
                    "images": found.images,
                    "patients": found.patients,
                }


def _choose_eyes(relevance: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all test images", relevance
    yield "test images of eyes with glaucoma", relevance[relevance["glaucoma"]]


def to_markdown(summary: Mapping, *, heading: str, example: str) -> str:
    """Write the page of tables.

    Args:
        summary: of `summarise_relevance`.
        heading: which data, which settings, what is explained.
        example: which images Figure 5 shows, and by which rule, or why there is none.
    """
    sections = (
        _describe_maps(summary["maps"]),
        _describe_agreement(summary["agreement"]),
        _describe_iris(summary["iris"]),
        _describe_signs(summary["signs"]),
        describe_rules(summary["rules"]),
        Section(f"**Figure 5.** {example}"),
    )
    return "\n\n".join([heading, *(section.to_markdown() for section in sections)]) + "\n"


def _describe_maps(rows: Iterable[Mapping]) -> Section:
    counts = ("method", "maps", "empty", "explains_glaucoma")
    return Section(
        "**Maps.** An empty map is one of a class whose log-odds aren't positive; it enters no mean.",
        ("set", "maps", "empty", "explain glaucoma", "correlation of sum and log-odds"),
        [(*(row[name] for name in counts), _write(row["sum_follows_logit"])) for row in rows],
    )


def _describe_agreement(rows: Iterable[Mapping]) -> Section:
    """One row per comparison, one column per measure."""
    compared = _gather(rows, ("eyes", "comparison"), "measure", _write_comparison)
    return Section(
        "**Agreement of maps of privatized images and originals.** Means over images, one / the "
        "other, then their paired difference with its 95% interval by bootstrap over patients.",
        ("eyes", "compared", *(name.replace("_", " ") for name in MEASURES), "images"),
        [
            (*key, *(cells.get(name, NOT_MEASURED) for name in MEASURES), cells["images"])
            for key, cells in compared.items()
        ],
        words=2,
    )


def _describe_iris(rows: list[Mapping]) -> Section:
    """One row per set, one column per fraction."""
    if not rows:
        return Section(f"**Place in the iris.** {NO_IRISES}")
    found = _gather(rows, ("eyes", "method"), "share", lambda row: _write_mean(row, "share_"))
    return Section(
        "**Place in the iris.** Shares of a map's relevance, and of the image that an even map "
        "would have; means over images, 95% intervals by bootstrap over patients.",
        ("eyes", "set", *FRACTIONS.values(), "images"),
        [
            (*key, *(cells[name] for name in FRACTIONS), cells["images"])
            for key, cells in found.items()
        ],
        words=2,
    )


def _describe_signs(rows: list[Mapping]) -> Section:
    if not rows:
        return Section("**Known signs.** Their places are not known on this data.")
    first = rows[0]
    return Section(
        f"**Known signs.** Originals of eyes with drawn signs: {first['images']} images of "
        f"{first['patients']} patients, {first['empty']} empty maps left out; the signs take "
        f"{_write(first['area'])} of an image. Lead: relevance minus control, paired.",
        ("measure", "map", "mean", "lead of relevance"),
        [
            (
                row["measure"],
                row["map"],
                _write_mean(row),
                "" if row["map"] == first["map"] else _write_mean(row, "lead_"),
            )
            for row in rows
        ],
        words=2,
    )


def _gather(
    rows: Iterable[Mapping], keys: tuple[str, ...], name: str, write: Callable[[Mapping], str]
) -> dict[tuple, dict[str, object]]:
    """Return, by the keys' values, the cells of all rows by their names, and how many images."""
    gathered: dict[tuple, dict[str, object]] = {}
    for row in rows:
        cells = gathered.setdefault(tuple(row[key] for key in keys), {})
        cells |= {row[name]: write(row), "images": row["images"]}
    return gathered


def _write_comparison(row: Mapping) -> str:
    first, second = (_write(row[f"{part}_mean"]) for part in ("first", "second"))
    return f"{first} / {second}; {_write_mean(row, 'difference_')}"


def _write_mean(row: Mapping, prefix: str = "") -> str:
    mean, low, high = (row[f"{prefix}{end}"] for end in ("mean", "low", "high"))
    if low is None:
        return _write(mean) if mean is None else f"{_write(mean)} (too few patients)"
    return write_interval(mean, low, high, _write)


def _write(value: float | None) -> str:
    return write_or_absent(value, "{:.3f}".format)
