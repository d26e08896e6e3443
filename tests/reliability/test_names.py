"""No patient is named: nothing that is printed, logged or drawn below `-vv` holds a word of the data.

A mark is planted into one cell, name or folder of a data set, sound or broken in one way, and
searched for in all that a command prints, logs and draws; `data doctor` and `-vv` may name it.
"""

import logging
import os
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawn_eyes import draw_eye, write_image
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from planted_run import FILE, PATIENT, plant_whole_run

import cli as command_line
from replication.command_line import opening
from replication.pipeline import stages
from replication.pipeline.order import Replication
from replication.pipeline.run_data import RunData
from replication.records import RelevanceMaps
from replication.store.tables import read_table, write_table

SIZE_PX = (80, 71)
HEADER = ("path", "patient_id", "eye", "glaucoma", "note")
MARKS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=8, max_size=9).map("Q".__add__)
NUMBERS = st.integers(10**6, 10**9 - 1).map(str)
# What means something where sentences are made, and must not in a name.
ENDINGS = st.sampled_from(["", "{}", "{0}", "%s", "'"])


@cache
def draw_frame(seed: int, size: tuple[int, int]) -> bytes:
    """Return a PNG of an eye somewhere in its frame, with noise that the seed decides."""
    rng = np.random.default_rng(seed)
    eye = draw_eye(centre=tuple(rng.uniform((34, 26), (46, 34))), size=size, radius_px=18)
    return encode(eye + rng.integers(0, 9, eye.shape, dtype=np.uint8))


def encode(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def write_frame(file: Path, seed: int, size: tuple[int, int] = SIZE_PX) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(draw_frame(seed, size))


def put(file: Path, make) -> None:
    """Make something else in the place of a file."""
    file.unlink()
    make(file)


def link_outside(file: Path) -> None:
    outside = next(folder for folder in file.parents if folder.name == "data") / "outside.png"
    write_frame(outside, 99)
    put(file, lambda file: file.symlink_to(outside))


def change(column: int, form: str, row: int = 0):
    """Return what gives one cell a text made of its row's cells."""
    return lambda header, rows: rows[row].__setitem__(column, form.format(*rows[row]))


IMAGE_FAULTS = {
    "sound": lambda file: None,
    "missing": Path.unlink,
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:900]),
    "no image": lambda file: file.write_bytes(b"no image"),
    "a folder": lambda file: put(file, Path.mkdir),
    "a pipe": lambda file: put(file, os.mkfifo),
    "in a circle": lambda file: put(file, lambda file: file.symlink_to(file.name)),
    "outside by a link": link_outside,
    "a copy": lambda file: write_frame(file, 7),  # of the last image
    "of another size": lambda file: write_frame(file, 5, (90, 71)),
    "of few rows": lambda file: file.write_bytes(encode(np.zeros((9, 80), np.uint8))),
    "of another depth": lambda file: file.write_bytes(encode(np.full((71, 80), 900, np.uint16))),
    "without an iris": lambda file: file.write_bytes(encode(np.full((71, 80), 90, np.uint8))),
}
# Of the first row of a manifest.
ROW_FAULTS = {
    "twice": lambda header, rows: rows.append(rows[0]),
    "twice as another's": lambda header, rows: rows.append([rows[0][0], *rows[4][1:]]),
    "absolute": change(0, "/{0}"),
    "upwards": change(0, "../{0}"),
    "of Windows": change(0, "C:\\{0}"),
    "with a zero": change(0, "{0}\0"),
    "too long": change(0, 300 * "{0}"),
    "blank": change(2, ""),
    "unknown eye": change(2, "{1}"),
    "unknown label": change(3, "{1}"),
    "ids alike": lambda header, rows: rows[4].__setitem__(1, rows[0][1].upper()),
    "one patient": lambda header, rows: [row.__setitem__(1, rows[0][1]) for row in rows],
    "a cell more": lambda header, rows: rows[0].append(rows[0][1]),
    "a cell less": lambda header, rows: rows[0].__delitem__(slice(2, None)),
    "no header": lambda header, rows: header.__setitem__(slice(None), rows[0]),
    "a column less": lambda header, rows: header.__setitem__(1, "who"),
}
# Of annotations, whose first row is the marked patient's.
LINE_FAULTS = {
    "no number": change(0, "no. {0}"),
    "a number as disease": change(1, "{0}"),
    "an open quote": change(0, '"{0}'),
    "annotated twice": lambda header, rows: rows.append([rows[0][0], "glaucoma", "cataract"]),
    "a cell more": lambda header, rows: rows[0].append(rows[0][0]),
    "a cell less": lambda header, rows: rows[0].pop(),
    "a row less": lambda header, rows: rows.pop(0),
    "a row more": lambda header, rows: rows.append(["77", "", ""]),
    "no rows": lambda header, rows: rows.clear(),
    "no header": lambda header, rows: header.__setitem__(slice(None), rows[0]),
    "a short header": lambda header, rows: header.pop(),
    "sides exchanged": lambda header, rows: header.insert(1, header.pop()),
}


def write_mine(root: Path, place: str, mark: str, fault: str) -> Path:
    """Write a manifest of eight images of four patients with the mark in its first row."""
    header = [mark if place == "heading" and name == "note" else name for name in HEADER]
    folder, name = (mark if place == each else each for each in ("folder", "file"))
    paths = [f"{folder}/{name}-{n}.png" for n in range(8)]
    rows = [[p, f"p{n // 2 + 1}", "left", str(n > 3), "x"] for n, p in enumerate(paths)]
    if place in HEADER:
        rows[0][HEADER.index(place)] = mark
    for seed, path in enumerate(paths):
        write_frame(root / path, seed)
    if fault in ROW_FAULTS:
        ROW_FAULTS[fault](header, rows)
    else:
        IMAGE_FAULTS[fault](root / paths[0])
    lines = (",".join(f'"{cell}"' for cell in cells) for cells in (header, *rows))
    (root / "mine.csv").write_text("\n".join(lines))
    return root / "mine.csv"


def write_layout(root: Path, place: str, mark: str, number: str, fault: str) -> Path:
    """Write four patients in the Warsaw layout, the first of them marked by a word or a number."""
    patients = [number if place == "number" else "1", "2", "3", "4"]
    name = mark if place == "file" else "eye"
    header, rows = ["patient", "left eye", "right eye"], [[p, "", "glaucoma"] for p in patients]
    eyes = [f"images-NIR/{p:0>4}{eye}" for p in patients for eye in ("left", "right")]
    files = [root / eye / f"{name}_IG_{n}.png" for n, eye in enumerate(eyes)]
    for seed, file in enumerate(files):
        write_frame(file, seed)
    if place == "disease":
        rows[0][1] = mark
    elif place == "heading":
        header[1:] = [f"{name}{mark}" for name in header[1:]]
    elif place == "other number":
        rows[0][0] = number
    elif place == "stray":
        write_frame(root / f"images-NIR/{mark}/eye_IG_1.png", 50)
    if fault in LINE_FAULTS:
        LINE_FAULTS[fault](header, rows)
    else:
        IMAGE_FAULTS[fault](files[0])
    (root / "medical-description.csv").write_text("\n".join(map(";".join, (header, *rows))))
    if place == "holder":
        (root / mark).mkdir()
        (root / "images-NIR").rename(root / mark / "images-NIR")
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Write a sound data set in the Warsaw layout; return the options that choose its run."""
    root = tmp_path_factory.mktemp("base")
    lines = ["patient;left eye;right eye"]
    for patient in range(1, 7):
        lines.append(f"{patient};{'glaucoma' if patient % 2 else ''};")
        for n in range(8):
            folder = root / f"images-NIR/{patient:04}left"
            write_frame(folder / f"{patient:04}_IG_{n}.png", 100 + 8 * patient + n)
    (root / "medical-description.csv").write_text("\n".join(lines))
    return "--data-dir", root, "--profile", "smoke", "--run", "base"


@pytest.fixture
def reveal(base, monkeypatch, caplog):
    """Give a function that runs a command and returns all that it printed, logged and drew."""
    drawn, set_text = [], Text.set_text
    monkeypatch.setattr(Text, "set_text", lambda self, s: (drawn.append(str(s)), set_text(self, s)))
    monkeypatch.setattr(opening, "ARTIFACTS", base[1].with_name("artifacts"))
    monkeypatch.setattr(opening, "count_cores", lambda: 1)
    caplog.set_level(logging.INFO)

    def run(*words: object) -> str:
        drawn.clear()
        caplog.clear()
        typed = [str(word) for word in words if word]
        monkeypatch.setattr("sys.argv", ["cli.py", *typed])
        result = CliRunner().invoke(command_line.cli, typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), typed
        assert result.output
        return "\n".join((result.output, caplog.text, *drawn))

    return run


def check_unnamed(text: str, *marks: str) -> None:
    for mark in marks:
        assert mark.lower() not in text.lower(), text


def try_many(attempt, count: int, what: str) -> str:
    """Call a function of hypothesis' data so often, and describe that."""
    settings(max_examples=count, deadline=None, phases=[Phase.generate])(
        given(st.data())(attempt)
    )()
    return (
        f"{count} data sets, sound or broken, a mark in one place of each: in nothing that came out"
    )


def test_no_cell_and_no_path_of_a_manifest(reveal, base, figure):
    def attempt(data):
        def draw(*choices):
            return data.draw(st.sampled_from(choices))

        mark = data.draw(MARKS)
        with TemporaryDirectory() as folder:
            root = Path(folder, "data/eyes")
            fault, place = (
                draw(*IMAGE_FAULTS, *ROW_FAULTS),
                draw(*HEADER, "heading", "folder", "file"),
            )
            manifest = write_mine(root, place, mark + data.draw(ENDINGS), fault)
            many = ("privatize", "--method", "k-same-3", "--out", root.with_name("out"), *base)
            words = draw(
                ("preprocess", "--profile", "smoke"),
                ("replicate", "--method", "blur-3", "--profile", "smoke"),
                many,
                (*many, "--unknown-patients"),
            )
            check_unnamed(reveal(draw("", "-v"), *words, "--manifest", manifest), mark)

    figure(try_many(attempt, 60, "manifests with their images"))


def test_no_cell_and_no_folder_of_the_warsaw_layout(reveal, figure):
    places = ("number", "other number", "file", "disease", "heading", "stray", "holder")

    def attempt(data):
        mark, number = data.draw(MARKS), data.draw(NUMBERS)
        place = data.draw(st.sampled_from(places))
        fault = data.draw(st.sampled_from([*IMAGE_FAULTS, *LINE_FAULTS]))
        with TemporaryDirectory() as folder:
            root = Path(folder, "data/eyes")
            write_layout(root, place, mark + data.draw(ENDINGS), number, fault)
            text = reveal("-v", "preprocess", "--data-dir", root, "--profile", "smoke")
            check_unnamed(text, mark, number)

    figure(try_many(attempt, 50, "folders in the Warsaw layout"))


@pytest.fixture
def trained(base, monkeypatch):
    """Give the run's options, stand-ins in the place of its network and of the explanation."""

    class Network:
        def predict(self, images):
            return np.array([[0.3, 0.7]], np.float32)

    def explain(images, *, predictions):
        return RelevanceMaps(images.mean(axis=3) ** 2, np.array([1]), np.ones(1, np.float32))

    run = Replication.run
    monkeypatch.setattr(Replication, "run", lambda self, *, until: run(self, until="01"))
    monkeypatch.setattr(RunData, "load_evaluator", lambda *_: Network())
    worker = SimpleNamespace(explain=explain)
    monkeypatch.setattr(stages, "explaining", lambda *_: nullcontext((worker, {})))
    return base


def test_no_image_that_is_explained(reveal, trained, monkeypatch, figure):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    def attempt(data):
        mark = data.draw(MARKS)
        # Who gives a pipe wants it read.
        faults = [name for name in IMAGE_FAULTS if name != "a pipe"]
        fault = data.draw(st.sampled_from([*faults, "two", "interrupted"]))
        with TemporaryDirectory() as folder, monkeypatch.context() as patch:
            file = Path(folder, "data", mark, f"{mark}{data.draw(ENDINGS)}.png")
            write_frame(file, 1)
            IMAGE_FAULTS.get(fault, IMAGE_FAULTS["sound"])(file)
            if fault == "interrupted":
                patch.setattr(stages, "explain_one", interrupt)
            more = file.with_name(f"{mark}-2.png") if fault == "two" else ""
            image = data.draw(st.sampled_from([("--image", file), (f"--image={file}",)]))
            words = ("explain", *image, more, "--out", Path(folder, "out.png"), *trained)
            check_unnamed(reveal("-v", *words), mark)

    figure(try_many(attempt, 25, "images"))


def test_no_file_that_a_stage_leaves_out_or_finds_at_fault(reveal, tmp_path, figure):
    rows = ["path,patient_id,eye,glaucoma"]
    for n in range(101):
        file = tmp_path / f"eyes/Qfile-{n}.png"
        write_frame(file, n) if n % 5 else write_image(file, seed=n, width_px=80, height_px=71)
        rows.append(f"{file.name},Qwho-{n // 10},left,{n % 3 == 0}")
    IMAGE_FAULTS["cut"](tmp_path / "eyes/Qfile-1.png")
    (tmp_path / "eyes/mine.csv").write_text("\n".join(rows))
    words = ("--manifest", tmp_path / "eyes/mine.csv", "--profile", "smoke", "--method", "blur-3")
    text = reveal("-v", "replicate", *words)
    assert "1 of 101 images can't be read" in text and "'iris-centred' fails" in text
    check_unnamed(text, "Qfile", "Qwho")
    figure("an image that can't be read, 21 without an iris: counted, exit code 3")


def test_no_image_of_a_run_whose_predictions_contradict_each_other(reveal, tmp_path, figure):
    store = plant_whole_run(tmp_path, kind="folder")
    file = store.root / "06_evaluated/predictions.csv"
    table = read_table(file, text=("image_id",))
    table.loc[0, "identity"] += 1
    with store.writing("06_evaluated", {"again": True}) as folder:
        write_table(table, folder / file.name)
        (folder / "table1.json").write_bytes((file.parent / "table1.json").read_bytes())
    for words in (("check",), ("check", "--json"), ("report", "--public")):
        text = reveal("-v", *words, store.root)
        assert "1 images have two identities" in text
        check_unnamed(text, PATIENT, FILE)
    figure("an image with two identities: counted, exit code 3")


def test_an_error_is_named_by_vv_alone(reveal, caplog, tmp_path, figure):
    manifest = write_mine(tmp_path / "data", "file", "Qfile", "missing")
    words = ("preprocess", "--manifest", manifest)
    printed = reveal("-v", *words)
    assert "'…' is no file" in printed
    check_unnamed(printed, "Qfile")
    caplog.set_level(logging.DEBUG, "replication")
    assert "'folder/Qfile-0.png' is no file" in reveal("-vv", *words)
    figure("a missing file: its row's line, with -vv its name")
