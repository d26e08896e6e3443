"""The same again: one seed on one machine gives one table, bit for bit, however it is come by."""

import shutil

import pytest
from drawn_eyes import write_warsaw
from tiny_process import REPLICATE, finish, read_files, start

from replication.data.warsaw import survey_warsaw

COMPARED = ("01_preprocessed/manifest.csv", "06_evaluated/table1.json")
COMPARED += ("06_evaluated/predictions.csv", "07_attacked/table2.json")
COMPARED += ("07_attacked/attackers.csv",)


def copy_in_reverse(folder, target):
    """Copy a folder file by file from the last to the first, as a disk may list them."""
    for file in sorted((f for f in folder.rglob("*") if f.is_file()), reverse=True):
        place = target / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def test_the_order_of_files_on_the_disk_changes_no_manifest(tmp_path, figure):
    copy_in_reverse(write_warsaw(tmp_path / "eyes"), tmp_path / "copy")
    one, other = (survey_warsaw(tmp_path / name).table for name in ("eyes", "copy"))
    assert one.to_csv() == other.to_csv()
    figure("files made in the reverse order: the same manifest")


@pytest.mark.slow
def test_two_processes_any_workers_and_any_order_of_files_give_one_table(tmp_path, figure):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    finish(start(tmp_path / "one", REPLICATE, TINY_WORKERS="2"))
    wanted = read_files(tmp_path / "one", COMPARED)
    [drawn] = (tmp_path / "one/artifacts/surrogate").glob("[!.]*")  # a lock lies beside it
    copy_in_reverse(drawn, tmp_path / "other/artifacts/surrogate" / drawn.name)
    finish(start(tmp_path / "other", REPLICATE, TINY_WORKERS="1"))
    assert read_files(tmp_path / "other", COMPARED) == wanted
    figure(f"2 processes, 2 workers and 1, files copied in reverse: {len(COMPARED)} files equal")
