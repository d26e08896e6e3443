"""The numbers that the paper prints (Table 1), as its digits."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_paper_percent() -> dict[tuple[str, str], str]:
    """Return the 51 printed numbers in percent, as printed, by method and metric."""
    text = files("validation").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    return {(row["method"], row["metric"]): row["paper_percent"] for row in _rows(text)}


def read_seed_deviation() -> dict[tuple[str, str], float]:
    """Return each number's standard deviation over training seeds, a fraction, where measured."""
    text = files("validation").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    return {
        (row["method"], row["metric"]): float(row["seed_points"]) / 100
        for row in _rows(text)
        if row.get("seed_points")
    }


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
