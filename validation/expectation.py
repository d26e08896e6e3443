"""One statement about a table, and the commonest kinds of it; plain data.

Types and arguments are Great Expectations' own words, so that they can be looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Expectation:
    """One statement about a table that can fail.

    Args:
        name: unique over all suites, for messages and reports.
        type: Great Expectations' name of it, `expect_...`.
        meaning: what has to hold, in words.
        arguments: what that type takes.
    """

    name: str
    type: str
    meaning: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Expectations on one table.

    Args:
        name: of the suite.
        table: the name of its table.
        key: the column that names a row at fault.
        expectations: judged one by one.
    """

    name: str
    table: str
    key: str
    expectations: tuple[Expectation, ...]


def expect_each(name: str, column: str, values: tuple, meaning: str, **more: object) -> Expectation:
    """Expect every cell to be one of the values, or (`mostly`) a share of the cells to be."""
    arguments = {"column": column, "value_set": list(values), **more}
    return Expectation(name, "expect_column_values_to_be_in_set", meaning, arguments)


def expect_between(name: str, column: str, meaning: str, **limits: object) -> Expectation:
    """Expect every cell to be between the limits."""
    arguments = {"column": column, **limits}
    return Expectation(name, "expect_column_values_to_be_between", meaning, arguments)


def expect_unique(name: str, column: str, meaning: str) -> Expectation:
    """Expect no cell to come twice."""
    return Expectation(name, "expect_column_values_to_be_unique", meaning, {"column": column})


def expect_equal(name: str, column: str, other: str, meaning: str) -> Expectation:
    """Expect two columns to agree in every row; an empty cell agrees with nothing."""
    arguments = {"column_A": column, "column_B": other, "ignore_row_if": "neither"}
    return Expectation(name, "expect_column_pair_values_to_be_equal", meaning, arguments)
