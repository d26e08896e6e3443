"""Table 1's rows: which there are, what one holds, and how draws are averaged."""

import numpy as np
import pytest
from fake_eyes import random_eyes

from replication.errors import DataError
from replication.privatize import METHODS
from replication.records import TABLE1_METRICS, Table1Row
from replication.table1 import ROWS, Table1, average_draws, build_table, evaluate_set
from validation.paper import read_paper_percent

SOURCE = random_eyes([0, 1, 2, 3], [False, False, True, True], seed=0, prefix="test", size_px=1)


def full_row(title, value=0.5):
    return Table1Row(title.method, True, **dict.fromkeys(title.metrics(), value))


def test_there_are_14_rows_and_51_numbers_the_paper_s():
    assert [title.method for title in ROWS] == ["original", *METHODS]
    ours = {(title.method, metric) for title in ROWS for metric in title.metrics()}
    assert len(ROWS) == 14
    assert len(ours) == 51
    assert ours == set(read_paper_percent())


def test_a_set_is_judged_by_its_four_numbers():
    row = evaluate_set(
        "k-same-3",
        np.array([0, 2, 2, 0]),
        np.array([False, True, True, True]),
        source=SOURCE,
        used_identities=np.array([[1, 2], [2, 3], [1, 3], [0, 1]]),
    )
    assert row == Table1Row("k-same-3", True, 0.5, 0.5, 0.75, 0.8)


def test_without_used_identities_replacement_does_not_apply():
    row = evaluate_set(
        "original", SOURCE.identity, SOURCE.glaucoma, source=SOURCE, used_identities=None
    )
    assert row == Table1Row("original", True, 1.0, None, 1.0, 1.0)


def test_draws_are_averaged_number_by_number():
    rows = [Table1Row("k-same-3", True, *numbers) for numbers in ((0, 0.2, 0.4, 0.6), (1, 0, 0, 0))]
    mean = average_draws(rows)
    assert [getattr(mean, name) for name in TABLE1_METRICS] == pytest.approx([0.5, 0.1, 0.2, 0.3])


def test_the_mean_of_one_draw_is_the_draw():
    row = full_row(ROWS[6])
    assert average_draws([row]) == row


def test_draws_of_several_methods_or_none_are_refused():
    for rows in ([], [full_row(ROWS[0]), full_row(ROWS[1])]):
        with pytest.raises(DataError, match="rows of one method"):
            average_draws(rows)


def test_a_table_is_put_in_order_and_what_was_not_run_is_marked():
    table = build_table([full_row(ROWS[9]), full_row(ROWS[0])])
    assert [row.method for row in table.rows] == [title.method for title in ROWS]
    assert [row.method for row in table.rows if row.measured] == ["original", ROWS[9].method]


def test_strange_and_double_rows_are_refused():
    with pytest.raises(DataError, match="blur-4"):
        build_table([Table1Row("blur-4", True, 0, None, 0, 0)])
    with pytest.raises(DataError, match="twice"):
        build_table([full_row(ROWS[0]), full_row(ROWS[0])])


@pytest.mark.parametrize(
    "planted",
    [
        Table1Row("original", True, 0.9, None, 0.9, None),
        Table1Row("original", True, 0.9, 0.1, 0.9, 0.9),
        Table1Row("original", False, 0.9, None, 0.9, 0.9),
        Table1Row("blur-3", True, 0.9, None, 0.9, 0.9),
    ],
)
def test_a_row_with_other_numbers_than_the_paper_s_or_out_of_order_is_refused(planted):
    others = [full_row(title) for title in ROWS[1:]]
    with pytest.raises(DataError, match="Table 1"):
        Table1((planted, *others))
