"""Which patient ids may be one person's."""

import unicodedata

import pytest

from replication.data.patient_ids import fold_id, group_ids, spell_ids

WHOLE, PARTS = (unicodedata.normalize(form, "Ren\u00e9-1") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", "007"),
        ("P4", "p4"),
        (WHOLE, PARTS),
        ("P 4", "P\u00a04"),
        ("P4", "P\u200b4"),
        ("P\uff14", "P4"),
        ("visit-01-P04", "VISIT-1-p4"),
        ("Stra\u00dfe", "STRASSE"),
        ("0", "000"),
    ],
)
def test_one_id_written_in_two_ways(one: str, other: str) -> None:
    assert fold_id(one) == fold_id(other)


@pytest.mark.parametrize(
    ("one", "other"), [("7", "70"), ("P4", "P-4"), ("1.05", "1.5"), ("a", "\u00e4"), ("7", "17")]
)
def test_ids_of_two_people(one: str, other: str) -> None:
    assert fold_id(one) != fold_id(other)


def test_groups_are_sorted_and_single_ids_are_none() -> None:
    assert group_ids(["p4", "9", "7", "P4", "007", "7"]) == [("007", "7"), ("P4", "p4")]
    assert spell_ids(("007", "7")) == "'007' = '7'"


def test_what_looks_the_same_is_spelled_so_that_it_differs() -> None:
    assert spell_ids((WHOLE, PARTS)) == r"'Ren\xe9-1' = 'Rene\u0301-1'"
