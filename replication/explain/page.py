"""The summary of all relevance maps as Markdown."""

from collections.abc import Callable, Iterable, Mapping

from replication.explain.agreement import MEASURES
from replication.store.numbers import NOT_MEASURED, write_interval, write_or_absent
from replication.store.tables import lay_out_table

SHARE_NAMES = {
    "in_iris": "in the iris",
    "iris_area": "even map",
    "in_upper_half": "in its upper half",
    "upper_half_area": "even map",
    "upper_of_iris": "upper half / iris",
}


def to_markdown(summary: Mapping, *, heading: str, example: str) -> str:
    """Write a page of tables.

    Args:
        summary: of `summarise_relevance`.
        heading: which data, which settings, what is explained.
        example: which images Figure 5 shows, and by which rule, or why there is none.
    """
    lines = [heading, "", *_tell_maps(summary["maps"]), "", *_tell_agreement(summary["agreement"])]
    lines += ["", *_tell_iris(summary["iris"]), "", *_tell_signs(summary["signs"])]
    return "\n".join([*lines, "", f"**Figure 5.** {example}", ""])


def _tell_maps(rows: Iterable[Mapping]) -> list[str]:
    return [
        "**Maps.** An empty map is one of a class whose logit isn't positive; it enters no mean.",
        "",
        *lay_out_table(
            ("set", "maps", "empty", "explain glaucoma", "correlation of sum and logit"),
            (
                (
                    row["method"],
                    row["maps"],
                    row["empty"],
                    row["explains_glaucoma"],
                    _number(row["sum_follows_logit"]),
                )
                for row in rows
            ),
            words=1,
        ),
    ]


def _tell_agreement(rows: Iterable[Mapping]) -> list[str]:
    """One row per comparison, one column per measure."""
    compared = _gather(rows, ("eyes", "comparison"), "measure", _compare)
    return [
        "**Agreement of maps of privatized images and originals.** Means over images, one / the "
        + "other, then their paired difference with its 95% interval by bootstrap over patients.",
        "",
        *lay_out_table(
            ("eyes", "compared", *(name.replace("_", " ") for name in MEASURES), "images"),
            (
                (*key, *(cells.get(name, NOT_MEASURED) for name in MEASURES), cells["images"])
                for key, cells in compared.items()
            ),
            words=2,
        ),
    ]


def _tell_iris(rows: Iterable[Mapping]) -> list[str]:
    """One row per set, one column per share."""
    shares = _gather(rows, ("eyes", "method"), "share", lambda row: _interval(row, "share"))
    return [
        "**Place in the iris.** Shares of a map's relevance, and of the image that an even map "
        + "would have; means over images, 95% intervals by bootstrap over patients.",
        "",
        *lay_out_table(
            ("eyes", "set", *SHARE_NAMES.values(), "images"),
            (
                (*key, *(cells[name] for name in SHARE_NAMES), cells["images"])
                for key, cells in shares.items()
            ),
            words=2,
        ),
    ]


def _gather(
    rows: Iterable[Mapping], keys: tuple[str, ...], name: str, write: Callable[[Mapping], str]
) -> dict[tuple, dict[str, object]]:
    """Return, by the keys' values, the cells of all rows by their names, and how many images."""
    gathered: dict[tuple, dict[str, object]] = {}
    for row in rows:
        cells = gathered.setdefault(tuple(row[key] for key in keys), {})
        cells |= {row[name]: write(row), "images": row["images"]}
    return gathered


def _compare(row: Mapping) -> str:
    first, second = (_number(row[f"{part}_mean"]) for part in ("first", "second"))
    return f"{first} / {second}; {_interval(row, 'difference')}"


def _tell_signs(rows: list[Mapping]) -> list[str]:
    if not rows:
        return ["**Known signs.** Their places are not known on this data."]
    first = rows[0]
    heading = (
        f"**Known signs.** Originals of eyes with drawn signs: {first['images']} images of "
        f"{first['patients']} patients, {first['empty']} empty maps left out; the signs take "
        f"{_number(first['area'])} of an image. Lead: relevance minus control, paired."
    )
    return [
        heading,
        "",
        *lay_out_table(
            ("measure", "map", "mean", "lead of relevance"),
            (
                (
                    row["measure"],
                    row["map"],
                    _interval({f"m_{k}": row[k] for k in ("mean", "low", "high")}, "m"),
                    "" if row["map"] == first["map"] else _interval(row, "lead"),
                )
                for row in rows
            ),
            words=2,
        ),
    ]


def _interval(row: Mapping, part: str) -> str:
    mean, low, high = (row[f"{part}_{end}"] for end in ("mean", "low", "high"))
    if low is None:
        return _number(mean) if mean is None else f"{mean:.3f} (too few patients)"
    return write_interval(mean, low, high, _number)


def _number(value: float | None) -> str:
    return write_or_absent(value, "{:.3f}".format)
