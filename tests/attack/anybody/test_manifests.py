"""Manifests of anybody's images: what is read, and one sentence with file and line of each fault."""

from unicodedata import normalize

import cv2
import numpy as np
import pytest
from planted_folder import plant_folder, read_manifest_rows, write_manifest

from replication.attack.anybody.attack import attack_images
from replication.attack.anybody.manifests import Kind, read_manifest
from replication.errors import DataError


@pytest.fixture
def manifests(tmp_path):
    return plant_folder(tmp_path, np.invert, patients=4, each=5)


def attack(originals, privatized, learn=None):
    return attack_images(
        read_manifest(originals, Kind.ORIGINALS),
        read_manifest(privatized, Kind.PRIVATIZED),
        None if learn is None else read_manifest(learn, Kind.LEARN),
    )


def change(file, line, **cells):
    """Change cells of the row on a line, or with None leave a column out."""
    header, rows = read_manifest_rows(file)
    for name, cell in cells.items():
        if name not in header:
            header, rows = [*header, name], [[*row, ""] for row in rows]
        rows[line - 2][header.index(name)] = cell
    return write_manifest(file, header, rows)


def test_columns_are_read(manifests):
    _, privatized = manifests
    change(privatized, 2, used="anna-1; anna-2", disease="", draw="3")
    header, rows = read_manifest_rows(privatized)
    for row in rows:
        row[header.index("draw")] = row[header.index("draw")] or "0"
    write_manifest(privatized, header, rows)
    images = read_manifest(privatized, Kind.PRIVATIZED)
    assert len(images) == 20 and images.size_px == (16, 16)
    assert images.used[0] == ("anna-1", "anna-2") and images.used[1] == ()
    assert images.disease[0] == -1 and images.disease[1] == 1
    assert images.draw[0] == 3
    assert images.source[4] == "originals/4.png"
    assert images.load(np.array([1])).shape == (1, 16, 16, 3)


def test_sources_may_be_image_ids(manifests):
    originals, privatized = manifests
    for file, column in ((originals, "image_id"), (privatized, "source")):
        for line in range(2, 22):
            change(file, line, **{column: f"eye {line}"})
    attack(originals, privatized)


def test_letters_may_be_whole_or_in_parts(manifests):
    originals, privatized = manifests
    whole, parts = (normalize(form, "Zoë") for form in ("NFC", "NFD"))
    (originals.parent / "originals/0.png").rename(originals.parent / f"{parts}.png")
    change(originals, 2, path=f"{whole}.png", patient_id=whole)
    for line in range(3, 7):
        change(originals, line, patient_id=parts)
    for line in range(2, 7):
        change(privatized, line, patient_id=parts, used=whole)
    change(privatized, 2, source=f"{parts}.png")
    attack(originals, privatized)


@pytest.mark.parametrize(
    ("line", "cells", "words"),
    [
        (5, {"source": ""}, "privatized.csv line 5: source is blank"),
        (5, {"source": "anna.png"}, "privatized.csv line 5: source '…' is no path or image_id of"),
        (
            5,
            {"patient_id": "anna-3"},
            "privatized.csv line 5: its patient_id is not that of its so",
        ),
        (6, {"path": "anna.png"}, "privatized.csv line 6: the image is no file"),
        (6, {"path": "../anna.png"}, "privatized.csv line 6: path leads out"),
        (7, {"path": "privatized/0.png"}, "privatized.csv line 7: an image stands twice"),
        (7, {"disease": "anna"}, "privatized.csv line 7: disease '…' is unknown, write 1 or 0"),
        (7, {"draw": "anna"}, "privatized.csv line 7: draw '…' is no number"),
        (7, {"draw": "9" * 5000}, "privatized.csv line 7: draw '…' is no number"),
        (7, {"draw": "1"}, "privatized.csv line 2: draw is blank"),
        (7, {"used": "anna-9"}, "privatized.csv line 7: used patient '…' has no original"),
    ],
)
def test_a_fault_in_a_row_is_one_sentence_with_its_line_and_no_name(manifests, line, cells, words):
    originals, privatized = manifests
    change(privatized, line, **cells)
    with pytest.raises(DataError) as caught:
        attack(originals, privatized)
    assert words in str(caught.value)
    assert "anna" not in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("size", "kind", "words"),
    [
        ((8, 16), np.uint8, "line 9: 16x8 px, the first image has 16x16"),
        ((16, 16), np.uint16, "line 9: another depth than the first image"),
        (None, None, "line 9: the image has no readable header"),
    ],
)
def test_an_image_of_another_size_or_depth_or_none_is_named_by_its_line(
    manifests, tmp_path, size, kind, words
):
    file = tmp_path / "privatized" / "7.png"
    if size is None:
        file.write_bytes(b"anna")
    else:
        cv2.imwrite(str(file), np.zeros(size, kind))
    with pytest.raises(DataError, match=words) as caught:
        attack(*manifests)
    assert "7.png" not in str(caught.value)
    assert "7.png" in caught.value.named or size is not None


def test_releases_may_share_an_image_id_and_what_is_learned_may_have_blank_sources(
    manifests, tmp_path
):
    originals, privatized = manifests
    header, rows = read_manifest_rows(privatized)
    path, source = header.index("path"), header.index("source")
    for row in rows:
        row[source] = "" if row[path].endswith("0.png") else row[source]
    some = [row for row in rows if not int(row[path][11:-4]) % 5]
    rest = [row for row in rows if int(row[path][11:-4]) % 5 and row[source]]
    learn = write_manifest(
        tmp_path / "learn.csv",
        [*header, "image_id"],
        [[*row, "one"] for row in rest if int(row[path][11:-4]) % 5 < 4]
        + [[*row, "one"] for row in some if not row[source]],
    )
    read = [row for row in rest if int(row[path][11:-4]) % 5 == 4]
    write_manifest(privatized, [*header, "image_id"], [[*row, "one"] for row in read])
    assert attack(originals, privatized, learn).facts["read"] == len(read)


def test_one_image_each_is_refused(tmp_path):
    manifests = plant_folder(tmp_path, np.invert, patients=6, each=1)
    with pytest.raises(DataError, match="privatized.csv: each patient has one image"):
        attack(*manifests)


def test_of_images_to_learn_from_two_of_some_patient_are_needed(manifests, tmp_path):
    originals, privatized = manifests
    header, rows = read_manifest_rows(privatized)
    first = [row for number, row in enumerate(rows) if not number % 5]
    second = [row for number, row in enumerate(rows) if number % 5 == 1]
    learn = write_manifest(tmp_path / "learn.csv", header, first)
    write_manifest(privatized, header, second)
    with pytest.raises(DataError, match="learn.csv: each patient has one image; .* are chosen on"):
        attack(originals, privatized, learn)
    write_manifest(privatized, header, first + second)
    with pytest.raises(DataError, match="privatized.csv: .* so that some patients have three"):
        attack(originals, privatized)


def test_one_patient_is_refused(tmp_path):
    manifests = plant_folder(tmp_path, np.invert, patients=1, each=6)
    with pytest.raises(DataError, match="originals.csv: all images are of one patient"):
        attack(*manifests)


def test_releases_of_one_image_are_not_learned_from_and_read(manifests):
    originals, privatized = manifests
    with pytest.raises(DataError, match=r"privatized.csv line 2: releases of its source are read"):
        attack(originals, privatized, privatized)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the columns path,patient_id,source, no path found"),
        ("path;patient_id;source\n", "this file has ';': save it again with ','"),
        ("path,patient_id\na,b\n", "no source found"),
        ("path,patient_id,source,path\n", "the column path stands twice"),
        ("path,patient_id,source\n", "no rows under the header"),
        ("path,patient_id,source\na,b,c,d\n", "line 2: 4 cells under 3 columns"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, text, words):
    file = tmp_path / "privatized.csv"
    file.write_text(text)
    with pytest.raises(DataError, match="privatized.csv") as caught:
        read_manifest(file, Kind.PRIVATIZED)
    assert words in str(caught.value)


def test_a_missing_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a.csv: no such file, give a CSV of path,patient_id"):
        read_manifest(tmp_path / "a.csv", Kind.ORIGINALS)
