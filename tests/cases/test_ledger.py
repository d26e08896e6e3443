"""The ledger: one form per case for ever, no patient in it, and nobody else's lines."""

import json
import re

import numpy as np
import pytest

from replication.cases.ledger import Entry, Ledger, code_case, hash_picture
from replication.errors import SettingsError

SHOWN = Entry("run", "a" * 16, "blur-9", 0, "11")


def test_a_case_that_was_shown_is_shown_in_this_form_alone(tmp_path):
    file = tmp_path / "ledger.jsonl"
    before = Ledger(file, "run")
    assert before.allows(SHOWN.case, "11") and before.allows(SHOWN.case, "22")
    before.record([SHOWN])
    after = Ledger(file, "run")
    assert after.allows(SHOWN.case, "11") and not after.allows(SHOWN.case, "22")
    assert after.allows("b" * 16, "22")


def test_what_is_shown_again_stands_once(tmp_path):
    file = tmp_path / "ledger.jsonl"
    Ledger(file, "run").record([SHOWN])
    Ledger(file, "run").record([SHOWN, Entry("run", "b" * 16, "blur-9", 1, "22")])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["case"] for line in lines] == ["a" * 16, "b" * 16]
    assert lines[1].keys() == {"run", "case", "method", "draw", "sha256"}


@pytest.mark.parametrize("line", ["{", "[1]", '{"case": "a"}', '{"run": "run", "who": "0003"}'])
def test_a_damaged_line_is_one_sentence(tmp_path, line):
    file = tmp_path / "ledger.jsonl"
    Ledger(file, "run").record([SHOWN])
    file.write_text(f"{file.read_text()}{line}\n")
    with pytest.raises(SettingsError, match=rf"^{re.escape(str(file))}: line 2 is no entry"):
        Ledger(file, "run")


def test_the_ledger_of_another_run_is_refused(tmp_path):
    file = tmp_path / "ledger.jsonl"
    Ledger(file, "another").record([SHOWN.__class__("another", *list(vars(SHOWN).values())[1:])])
    with pytest.raises(SettingsError, match="the ledger of another run"):
        Ledger(file, "run")


def test_codes_follow_from_secret_and_image_and_show_neither():
    codes = {code_case(secret, name) for secret in (1, 2) for name in ("0003_L_1", "0003_L_2")}
    assert len(codes) == 4 and code_case(1, "0003_L_1") in codes
    assert all(re.fullmatch("[0-9a-f]{16}", code) for code in codes)


def test_the_hash_is_that_of_the_bytes():
    image = np.zeros((4, 4, 3), np.float32)
    assert hash_picture(image) == hash_picture(image + np.float32(0.001))
    assert hash_picture(image) != hash_picture(image + np.float32(0.01))
