"""A manifest of DICOM files has patients and sides of their headers, and nothing else of them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

pytest.importorskip("pydicom")

from dicom_files import SOURCE, write_dicom

from cli import cli
from replication.data.dicom_folder import write_manifest
from replication.data.manifest import survey_manifest
from replication.errors import DataError

STORED = np.random.default_rng(0).integers(0, 4096, (60, 80)).astype(np.uint16)


def write_some(folder: Path) -> Path:
    """Write images of three patients, in folders as a PACS exports them."""
    images = {
        "b/1": {"PatientID": "0060", "ImageLaterality": "R"},
        "b/2": {"PatientID": " 0060", "Laterality": "L"},
        "a/-3.dcm": {"PatientID": "7", "ImageLaterality": "L", "Laterality": "R"},
        "a/4.dcm": {"PatientID": None},
        "a/5.dcm": {"PatientID": "7", "ImageLaterality": "B"},
        "-6": {"PatientID": "-7"},
    }
    for number, (name, given) in enumerate(images.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_dicom(folder / name, np.roll(STORED, number), **given)
    return folder


def test_patients_and_sides_come_from_the_headers(tmp_path: Path) -> None:
    folder = write_some(tmp_path / "export")
    (folder / "README.txt").write_text("from the archive")
    target, _, passed_over = write_manifest(folder)
    assert passed_over == 1
    assert target == folder / "manifest.csv"
    assert target.read_text().splitlines() == [
        "path,patient_id,eye,glaucoma",
        "./-6,'-7,,",
        "a/-3.dcm,7,left,",
        "a/4.dcm,,,",
        "a/5.dcm,7,,",
        "b/1,0060,right,",
        "b/2,0060,left,",
    ]
    words = target.read_text()
    assert not [value for name, value in SOURCE.items() if len(value) > 3 and value in words]


def test_once_filled_in_it_is_a_manifest_as_any_other(tmp_path: Path) -> None:
    target, _, _ = write_manifest(write_some(tmp_path / "export"))
    blank = [remark.text for remark in survey_manifest(target).errors]
    assert any("is blank, fill it in" in text for text in blank)
    table = pd.read_csv(target, dtype=str, keep_default_na=False)
    table = table.replace({"patient_id": {"": "9"}, "eye": {"": "left"}})
    table.assign(glaucoma=table["patient_id"].eq("7")).to_csv(target, index=False)
    survey = survey_manifest(target)
    assert not survey.errors
    assert survey.table["path"].tolist() == ["-6", "a/-3.dcm", "a/4.dcm", "a/5.dcm", "b/1", "b/2"]


def test_the_index_of_a_medium_is_no_image(tmp_path: Path) -> None:
    folder = write_some(tmp_path / "export")
    write_dicom(folder / "DICOMDIR", STORED, Rows=None)
    assert len(write_manifest(folder)[1]) == 6


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = write_some(tmp_path / "export")
    os.mkfifo(folder / "pipe")
    done = CliRunner().invoke(cli, ["data", "manifest", str(folder)])
    assert done.exit_code == 0, done.output
    assert "Passed over: 1 other files" in done.output


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda f: (f / "old.png").write_bytes(b"\x89PNG"), "1 images of other kinds beside 6"),
        (lambda f: write_dicom(f / "c", STORED, NumberOfFrames=9), "1 of 7 .* holds 9 frames"),
        (lambda f: write_dicom(f / "c", STORED, Rows=None), "1 of 7 .* holds no pixels"),
        (lambda f: (f / "0060").symlink_to("gone"), "1 of 7 .* number 2 is a link to no file"),
        (lambda f: (f / "manifest.csv").write_text("path"), "manifest.csv: is there already"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, add, message: str
) -> None:
    folder = write_some(tmp_path / "export")
    add(folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with pytest.raises(DataError, match=message):
        write_manifest(folder)
    assert before == {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no DICOM file in it"):
        write_manifest(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        write_manifest(tmp_path / "gone")


def test_the_command_prints_counts_and_no_names(tmp_path: Path) -> None:
    folder = write_some(tmp_path / "export")
    done = CliRunner().invoke(cli, ["data", "manifest", str(folder)])
    assert done.exit_code == 0, done.output
    assert "6 images" in done.output
    assert "To fill in: 1 patient_id, 3 eye, 6 glaucoma" in done.output
    assert "0060" not in done.output
    assert (folder / "manifest.csv").stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(cli, ["data", "manifest", str(folder)])
    assert again.exit_code == 3
