"""What kind the data are is read off the data, never off their place alone."""

from pathlib import Path

import pytest
from drawn_eyes import write_annotations, write_warsaw
from places import REAL_EYES

from replication.config import SurrogateSettings
from replication.data.sources import WARSAW, Kind, find_source
from replication.surrogate.synthesize import synthesize

SMALL = SurrogateSettings(patients=3, images=9, glaucoma_images=3)


def find(folder, manifest=None):
    return find_source(folder, manifest, SMALL, Path("artifacts"))


def test_without_data_it_is_the_surrogate():
    source = find(None)
    assert source.kind is Kind.SURROGATE
    assert "not Warsaw" in source.title


def test_a_surrogate_is_one_wherever_it_lies_and_knows_its_counts(tmp_path):
    synthesize(tmp_path / "Warsaw", SMALL, seed=5, workers=1)
    source = find(tmp_path / "Warsaw")
    assert source.kind is Kind.SURROGATE
    assert (source.counts.images, source.counts.patients) == (9, 3)
    assert source.counts.glaucoma_images == 3


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


def test_other_data_in_its_layout_is_not_warsaw(tmp_path):
    source = find(write_warsaw(tmp_path))
    assert (source.kind, source.counts) == (Kind.FOLDER, None)
    assert "not Warsaw" in source.title
    assert find(tmp_path / "nowhere").kind is Kind.FOLDER
    assert find(None, tmp_path / "mine.csv").kind is Kind.MANIFEST


@pytest.mark.skipif(not REAL_EYES.is_dir(), reason="the real eyes are not here")
def test_the_real_eyes_are_not_warsaw():
    assert find(REAL_EYES).kind is Kind.FOLDER
