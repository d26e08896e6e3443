"""The doctor: everything found, nothing raised."""

import shutil
from pathlib import Path

import pytest
from drawn_eyes import FILES, ROWS, write_annotations, write_image, write_manifest, write_warsaw

from replication.data.doctor import examine
from replication.data.survey import Finding


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_warsaw(tmp_path / "warsaw")


def test_the_figures_of_a_good_folder(root: Path) -> None:
    write_image(root / "images-NIR/0002left/0002_L_CA_1.png", seed=50)
    report = examine(root)
    found = dict(report.counts)
    assert not report.errors
    assert found["images"].startswith("5 ")
    assert found["patients"].startswith("3 ")
    assert found["images with glaucoma"].startswith("2, 40.0%")
    assert found["eyes"] == 4
    assert found["eyes with glaucoma"] == 2
    assert found["patients with both eyes"] == 1
    assert found["images per patient, min / median / max"] == "1 / 1 / 3"
    assert found["patients with one image"] == 2
    assert found["image sizes"] == "8x16 (5)"
    assert found["images of other cameras, left out"] == 1
    [odd] = report.remarks
    assert odd.kind is Finding.ODD
    assert odd.named == "'0002', '0003': one image, used in training only"


def test_twins_are_counted_where_there_are_any(root: Path) -> None:
    assert "twins found" not in dict(examine(root).counts)
    write_image(root / FILES[2].replace("images-NIR", "twins-NIR"), seed=70)
    assert dict(examine(root).counts)["twins found"] == "1 of 2 images with glaucoma"


def test_all_that_is_wrong_is_reported_at_once(root: Path) -> None:
    write_annotations(root, (*ROWS[:3], "9;healthy;"))
    shutil.copy(root / FILES[0], root / "images-NIR/0002left/0002_L_IG_77.png")
    write_image(root / FILES[3], seed=60, width_px=20)
    (root / "images-NIR/0001left/Thumbs.db").touch()
    (root / "images-NIR/notes").mkdir()
    report = examine(root)
    assert report.errors
    lines = "\n".join(remark.named for remark in report.remarks)
    for part in (
        "no row for the patient of '0003right'",
        "no folder for the patient of row '9'",
        "have the same content",
        "mixed sizes",
        "'images-NIR/0001left/Thumbs.db' left out",
        "'images-NIR/notes' left out",
    ):
        assert lines.count(part) == 1
    assert len(report.errors) == 4
    assert dict(report.counts)["images without a label"] == 1


def test_images_are_counted_without_annotations(root: Path) -> None:
    (root / "medical-description-v2-1.csv").unlink()
    report = examine(root)
    assert [error.kind for error in report.errors] == [Finding.MISSING]
    found = dict(report.counts)
    assert found["images"].startswith("5 ")
    assert found["images without a label"] == 5


@pytest.mark.parametrize("name", ["absent", "absent.csv", "x" * 5000, "nul\0"])
def test_nothing_there_is_reported_and_not_raised(tmp_path: Path, name: str) -> None:
    report = examine(tmp_path / name)
    assert report.errors
    assert report.counts == ()
    assert len(report.errors) == 1


def test_a_manifest_is_examined_too(tmp_path: Path) -> None:
    report = examine(write_manifest(tmp_path))
    assert not report.errors
    assert dict(report.counts)["rows"] == 3
    assert dict(report.counts)["images with glaucoma"].startswith("1, 33.3%")


def test_a_manifest_of_bad_rows_only(tmp_path: Path) -> None:
    rows = ["path,patient_id,eye,glaucoma", "gone.png,a,left,no", "eyes/1.png,a,up,no"]
    report = examine(write_manifest(tmp_path, rows))
    assert [error.kind for error in report.errors] == [Finding.MISSING, Finding.WRONG]
