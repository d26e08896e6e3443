"""What kind the data are is read off the data, never off their place alone."""

import os
import shutil
from pathlib import Path

import pytest
from drawn_eyes import ANNOTATIONS, FILES, write_annotations, write_manifest, write_warsaw
from places import REAL_EYES

from replication.config import SurrogateSettings
from replication.data.sources import WARSAW, Kind, Source, find_source
from replication.errors import DataError
from replication.surrogate.synthesize import synthesize

SMALL = SurrogateSettings(patients=3, images=9, glaucoma_images=3)


def find(folder, manifest=None):
    return find_source(folder, manifest, SMALL, Path("artifacts"))


def test_without_data_it_is_the_surrogate():
    source = find(None)
    assert source.kind is Kind.SURROGATE
    assert "not Warsaw" in source.title


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "Warsaw"
    synthesize(folder, SMALL, seed=5, workers=1)
    return folder


def test_a_surrogate_is_one_wherever_it_lies_and_knows_its_counts(drawn):
    source = find(drawn)
    assert source.kind is Kind.SURROGATE
    assert (source.counts.images, source.counts.patients) == (9, 3)
    assert source.counts.glaucoma_images == 3


def put_in_an_image(root: Path) -> None:
    shutil.copy(
        next(root.rglob("*_IG_*.jpg")), root / "images-NIR" / "0001left" / "0001_L_IG_99.jpg"
    )


def put_in_a_link(root: Path) -> None:
    (root / "images-NIR" / "0004left").symlink_to(next(root.glob("images-NIR/*")))


def put_in_a_circle(root: Path) -> None:
    (root / "images-NIR" / "0004left").symlink_to(root)


def put_in_a_pipe(root: Path) -> None:
    os.mkfifo(root / "images-NIR" / "0001left" / "0001_L_IG_99.jpg")


def change_an_image(root: Path) -> None:
    one, other, *_ = root.rglob("*_IG_*.jpg")
    one.write_bytes(other.read_bytes())


def rename_an_image(root: Path) -> None:
    file = next(root.rglob("*_IG_*.jpg"))
    file.rename(file.with_name("0002_L_IG_99.jpg"))


def take_an_image(root: Path) -> None:
    next(root.rglob("*_IG_*.jpg")).unlink()


def change_a_diagnosis(root: Path) -> None:
    file = root / ANNOTATIONS
    file.write_text(file.read_text().replace("healthy", "cataract"))


def take_the_hash(root: Path) -> None:
    (root / "surrogate.json").write_text('{"seed": 5}')


@pytest.mark.parametrize(
    "change",
    [
        put_in_an_image,
        put_in_a_link,
        put_in_a_circle,
        put_in_a_pipe,
        change_an_image,
        rename_an_image,
        take_an_image,
        change_a_diagnosis,
        take_the_hash,
    ],
)
def test_a_surrogate_with_anything_of_others_in_it_is_none(tmp_path, drawn, change):
    root = find_source(None, None, SMALL, tmp_path).path
    shutil.copytree(drawn, root)
    assert find(root).kind is Kind.SURROGATE
    change(root)
    assert find(root).kind is Kind.FOLDER
    with pytest.raises(DataError, match="not as it was drawn; remove it"):
        find_source(None, None, SMALL, tmp_path)


@pytest.mark.parametrize(
    ("patients", "kind"), [(115, Kind.WARSAW), (114, Kind.FOLDER), (116, Kind.FOLDER)]
)
def test_warsaw_is_known_by_its_patients(tmp_path, patients, kind):
    rows = (
        "patient;left eye;right eye",
        *(f"{n};healthy;glaucoma" for n in range(1, patients + 1)),
    )
    source = find(write_annotations(tmp_path, rows).parent)
    assert source.kind is kind
    assert source.counts == (WARSAW if kind is Kind.WARSAW else None)
    lacking = "expected 1795 images of 115 patients, 425 with glaucoma, got 0 images of 0 patients"
    assert (lacking in str(source.survey().errors[-1])) is (kind is Kind.WARSAW)


def test_other_data_in_its_layout_is_not_warsaw(tmp_path):
    source = find(write_warsaw(tmp_path))
    assert (source.kind, source.counts) == (Kind.FOLDER, None)
    assert "not Warsaw" in source.title
    assert find(tmp_path / "nowhere").kind is Kind.FOLDER
    assert find(None, tmp_path / "mine.csv").kind is Kind.MANIFEST


@pytest.mark.parametrize(
    ("write", "kind", "path"),
    [(write_warsaw, Kind.FOLDER, FILES[0]), (write_manifest, Kind.MANIFEST, "eyes/0.png")],
)
def test_a_link_into_a_cache_is_an_image_and_a_link_to_nothing_is_named(
    tmp_path, write, kind, path
):
    source = Source(kind, write(tmp_path / "data"))
    before, root = source.read()
    kept, link = tmp_path / "cache" / "a0f3", root / path
    kept.parent.mkdir()
    link.rename(kept)
    link.symlink_to(kept)
    assert source.read()[0].equals(before)
    for target in (tmp_path / "gone", link):  # a circle, too
        link.unlink()
        link.symlink_to(target)
        assert (
            path in (error := source.survey().errors[0].named) and "is a link to no file" in error
        )
        with pytest.raises(DataError, match="is a link to no file"):
            source.read()


@pytest.mark.skipif(not REAL_EYES.is_dir(), reason="the real eyes are not here")
def test_the_real_eyes_are_not_warsaw():
    assert find(REAL_EYES).kind is Kind.FOLDER
