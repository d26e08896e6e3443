"""A public report holds nothing of a patient; what is searched for here is found in a private one."""

import base64
import re
import tempfile
import zlib

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from planted_run import FILE, FOLDER, PATIENT, draw_eye, plant_whole_run

import cli as command_line

ALIKE = 0.8  # correlation
SCALE = (
    32 / 194
)  # eyes are 194 dots wide in a report's figures, and searched for at half their size


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return plant_whole_run(tmp_path_factory.mktemp("runs"), kind="folder").root


def make(folder, *options):
    result = CliRunner().invoke(command_line.cli, ["report", str(folder), *options])
    assert result.exit_code == 0, result.output
    return {file.name: file.read_bytes() for file in (folder / "08_report").iterdir()}


def unpack(files):
    """Return every byte of a report: files, what is base64 in the page, what is deflated in them."""
    page = files["index.html"]
    inside = [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", page)]
    whole = [*files.values(), *inside]
    for data in [*whole]:
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, flags=re.DOTALL):
            try:
                whole.append(zlib.decompress(stream))
            except zlib.error:
                whole.append(stream)
    return whole, inside


def find_names(files):
    whole, _ = unpack(files)
    text = b"\n".join(whole) + b"\n" + "\n".join(files).encode()
    wanted = (FOLDER, PATIENT, FILE, "eye-0", ".bmp", tempfile.gettempdir(), "manifest.csv")
    return {name for name in wanted if name.encode() in text}


def find_eyes(files):
    """Return how much the likest place in any picture resembles an eye, at the scales of a page."""
    _, inside = unpack(files)
    pictures = inside + [data for name, data in files.items() if name.endswith(".png")]
    likest = 0.0
    for data in pictures:
        gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        small = cv2.resize(gray, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
        for row in (0, 23, 200):
            eye = cv2.resize(draw_eye(row), (32, 32), interpolation=cv2.INTER_AREA)
            if min(small.shape) >= 32:
                found = cv2.matchTemplate(small, eye, cv2.TM_CCOEFF_NORMED)
                likest = max(likest, float(np.nan_to_num(found, posinf=0).max()))
    return likest


@pytest.fixture(scope="module")
def public(folder):
    return make(folder)


def test_public_is_the_default_and_holds_nothing_of_a_patient(public):
    files = public
    page = files["index.html"].decode()
    assert "Public report: no picture of an eye" in page
    assert find_names(files) == set()
    assert find_eyes(files) < ALIKE
    assert b"<img" not in files["index.html"] and b"<image" not in files["index.html"]
    assert not [name for name, data in files.items() if b"/Subtype /Image" in data]
    assert not [name for name in files if name.startswith("figure")]
    assert "Data Docs name images, so a public report has no link" in page
    # What may be told is told.
    assert "13 hold" in page and 'aria-label="Scatter plot' in page


def test_pictures_and_pdfs_have_no_words_about_their_making(folder):
    files = make(folder, "--public")
    for name, data in files.items():
        if name.endswith(".png"):
            assert set(re.findall(rb"(tEXt|iTXt|zTXt|eXIf|tIME)", data)) == set()
        if name.endswith(".pdf"):
            assert set(re.findall(rb"/(\w+) \(", data)) <= {b"Creator", b"Producer"}
            assert b"CreationDate" not in data


def test_private_must_be_asked_for_and_is_what_the_search_finds(folder):
    files = make(folder, "--private")
    page = files["index.html"].decode()
    assert "<strong>Private report.</strong>" in page
    assert FOLDER in find_names(files)
    assert find_eyes(files) > 0.95
    assert "figure5.png" in files
    assert [name for name, data in files.items() if b"/Subtype /Image" in data]
