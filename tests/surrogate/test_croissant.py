"""The surrogate's Croissant file, read back by the standard's own library."""

import csv
import json
import logging
from dataclasses import asdict
from pathlib import Path

import pytest

from replication.config import SurrogateSettings
from replication.surrogate.croissant import FIELDS, RESPONSIBLE
from replication.surrogate.plan import is_as_drawn
from replication.surrogate.synthesize import synthesize

SETTINGS = SurrogateSettings(patients=12, images=40, glaucoma_images=14)
# rdflib's own parser calls what rdflib has deprecated.
PARSER = "ignore:ConjunctiveGraph is deprecated:DeprecationWarning"
FLOATS = [f"{part}_{axis}" for part in ("iris", "pupil") for axis in "xyr"]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("surrogate") / "eyes"
    synthesize(folder, SETTINGS, seed=3, workers=1)
    return folder


def load(root: Path):
    return pytest.importorskip("mlcroissant").Dataset(root / "croissant.json")


def read_truth(root: Path) -> list[dict]:
    """Return what records should hold, by the rows of truth.csv alone, with their types."""
    with (root / "truth.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "images/file": row["file"].encode(),
            "images/patient": f"{int(row['patient']):04d}".encode(),
            "images/eye": row["eye"].encode(),
            "images/signs": row["signs"].encode() or None,
        }
        | {f"images/{name}": float(row[name]) for name in FLOATS}
        for row in rows
    ]


def check_records(root: Path, settings: SurrogateSettings, caplog) -> None:
    """Hold every record, with its types, against truth.csv, and the library's remarks against none."""
    with caplog.at_level(logging.WARNING):
        dataset = load(root)
        records = list(dataset.records("images"))
    assert dataset.metadata.ctx.issues.report() == "" and caplog.records == []
    expected = read_truth(root)
    assert records == expected
    assert [[type(value) for value in row.values()] for row in records] == [
        [type(row[name]) for name in records[0]] for row in expected
    ]
    assert len(records) == settings.images
    assert sum(row["images/signs"] is not None for row in records) == settings.glaucoma_images
    patients = {row["images/patient"] for row in records}
    assert patients == {f"{n:04d}".encode() for n in range(1, settings.patients + 1)}
    assert len({row["images/file"] for row in records}) == settings.images


@pytest.mark.filterwarnings(PARSER)
def test_records_are_those_of_the_table_with_zeros_and_types(root, caplog):
    check_records(root, SETTINGS, caplog)


@pytest.mark.slow
@pytest.mark.filterwarnings(PARSER)
def test_all_1795_records_of_the_surrogate_are_read_back(tmp_path, caplog):
    pytest.importorskip("mlcroissant")
    synthesize(tmp_path / "eyes", SurrogateSettings(), seed=0, workers=2)
    assert SurrogateSettings().images == 1795
    check_records(tmp_path / "eyes", SurrogateSettings(), caplog)


@pytest.mark.filterwarnings(PARSER)
def test_what_the_set_declares_is_read_back_word_for_word(root):
    metadata = load(root).metadata
    written = json.loads((root / "croissant.json").read_text(encoding="utf-8"))
    assert metadata.name == written["name"] and "Not the Warsaw" in metadata.description
    assert metadata.license == ["https://spdx.org/licenses/MIT"]
    assert len(RESPONSIBLE) == 9
    for name, words in RESPONSIBLE.items():
        own = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        assert getattr(metadata, own) == words, name
    [records] = metadata.record_sets
    assert [field.name for field in records.fields] == [*FIELDS]


@pytest.mark.filterwarnings(PARSER)
def test_a_table_that_was_changed_is_refused_by_its_hash(tmp_path):
    library = pytest.importorskip("mlcroissant")
    synthesize(tmp_path / "eyes", SETTINGS, seed=3, workers=1)
    with (tmp_path / "eyes/truth.csv").open("a", encoding="utf-8") as file:
        file.write("0099_L_IG_11.jpg,99,left,1,1,1,1,1,1,\n")
    with pytest.raises(library.GenerationError):
        list(load(tmp_path / "eyes").records("images"))


def test_the_description_says_what_was_drawn_and_belongs_to_the_set(root):
    written = json.loads((root / "croissant.json").read_text(encoding="utf-8"))
    for count in (*asdict(SETTINGS).values(), "seed 3"):
        assert str(count) in written["description"]
    frames = next(each for each in written["distribution"] if each["@id"] == "frames")
    assert len(list(root.glob(frames["includes"]))) == SETTINGS.images
    assert is_as_drawn(root)
    (root / "croissant.json").write_text("{}")
    try:
        assert not is_as_drawn(root)
    finally:
        (root / "croissant.json").write_text(json.dumps(written, indent=1) + "\n")
    assert is_as_drawn(root)


def test_the_same_seed_gives_the_same_description(root, tmp_path):
    synthesize(tmp_path / "again", SETTINGS, seed=3, workers=2)
    again, first = (folder / "croissant.json" for folder in (tmp_path / "again", root))
    assert again.read_bytes() == first.read_bytes()
