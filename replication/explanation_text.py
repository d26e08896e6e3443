"""The summary of all relevance maps as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from replication.table1_text import NOT_MEASURED

SHARE_NAMES = {
    "in_iris": "relevance in the iris",
    "iris_area": "the iris' part of the image",
    "in_upper_half": "relevance in the iris' upper half",
    "upper_half_area": "that half's part of the image",
    "upper_of_iris": "of the relevance in the iris, in its upper half",
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
        *_lay_out(
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
        ),
    ]


def _tell_agreement(rows: Iterable[Mapping]) -> list[str]:
    return [
        "**Agreement of maps of privatized images and originals.** Means over images, with 95% "
        + "intervals by bootstrap over patients; differences are paired.",
        "",
        *_lay_out(
            ("eyes", "compared", "measure", "first", "second", "difference", "images"),
            (
                (
                    row["eyes"],
                    row["comparison"],
                    row["measure"].replace("_", " "),
                    *(_interval(row, part) for part in ("first", "second", "difference")),
                    row["images"],
                )
                for row in rows
            ),
        ),
    ]


def _tell_iris(rows: Iterable[Mapping]) -> list[str]:
    return [
        "**Place in the iris.** Means over images, 95% intervals by bootstrap over patients.",
        "",
        *_lay_out(
            ("eyes", "set", "what", "share", "images"),
            (
                (
                    row["eyes"],
                    row["method"],
                    SHARE_NAMES[row["share"]],
                    _interval(row, "share"),
                    row["images"],
                )
                for row in rows
            ),
        ),
    ]


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
        *_lay_out(
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
        ),
    ]


def _lay_out(heads: Iterable[str], rows: Iterable[tuple]) -> list[str]:
    heads = list(heads)
    cells = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(map(str, row)) + " |" for row in cells]


def _interval(row: Mapping, part: str) -> str:
    mean, low, high = (row[f"{part}_{end}"] for end in ("mean", "low", "high"))
    if low is None:
        return _number(mean) if mean is None else f"{mean:.3f} (too few patients)"
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"
