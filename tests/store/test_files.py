import errno
import os

import pytest

from replication.errors import DataError, DiskError
from replication.store.files import describe_disk_fault, describe_os_error
from replication.store.run_folder import RunStore


def make(number, place="a/b.npy"):
    return OSError(number, os.strerror(number), place)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space is left on the disk; make room"),
        (errno.EDQUOT, "no space is left on the disk; make room"),
        (errno.EROFS, "may not be written or read (Read-only file system); allow it"),
        (errno.EACCES, "may not be written or read (Permission denied); allow it"),
        (errno.ENOENT, "is not there, or was removed; put it back"),
        (errno.EIO, "Input/output error; mend this"),
    ],
)
def test_what_the_system_refused_is_one_sentence_with_the_place(number, words):
    said = describe_os_error(make(number))
    assert said.startswith(f"a/b.npy: {words}")
    assert said.endswith("run the same command again: it resumes from what is complete")


def test_a_full_disk_is_seen_behind_other_errors(tmp_path):
    try:
        try:
            raise make(errno.ENOSPC)
        except OSError as error:
            raise ValueError("unable to flush") from error
    except ValueError as error:
        assert f"{tmp_path}: no space is left" in describe_disk_fault(error, tmp_path)


def test_what_has_nothing_to_do_with_the_disk_stays_what_it_is(tmp_path):
    assert describe_disk_fault(ValueError("sum"), tmp_path) is None
    store = RunStore(tmp_path / "run")
    store.open({"seed": 0})
    with pytest.raises(DataError, match="^one image is missing$"), store.writing("01", {}):
        try:
            raise make(errno.ENOENT, "images-NIR/0042left/0042_L_IG_1.png")
        except OSError as error:
            raise DataError("one image is missing") from error


def test_a_stage_whose_folder_is_gone_says_so(tmp_path):
    store = RunStore(tmp_path / "run")
    store.open({"seed": 0})
    with pytest.raises(DiskError, match="was removed"), store.writing("01", {}) as folder:
        (folder / "stage-key.json").unlink()
        folder.rmdir()
