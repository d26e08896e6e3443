"""The doctor and the run agree: on data sets drawn at random, sound ones and broken in known ways."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from drawn_eyes import draw_textured_eye
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import cli as command_line
from replication.command_line import opening
from replication.data.doctor import examine
from replication.data.survey import name_choices
from replication.pipeline.foresee import foresee_methods
from replication.privatize.methods import METHODS
from replication.store.files import read_json

MOST_PATIENTS, MOST_IMAGES = 12, 12
EYES = [
    draw_textured_eye(np.random.default_rng(number))
    for number in range(MOST_PATIENTS * MOST_IMAGES)
]
HEADER = ["path", "patient_id", "eye", "glaucoma"]
OPTIONS = ("--split=patient", "--split-seed=3", "--ids-are-distinct", "--drop-duplicates")
WORDS = {True: ("true", "YES", "1"), False: ("False", "no", "0")}


def encode(eye: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, eye)[1].tobytes()


def encode_turned(eye: np.ndarray, turn: int = 3) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = turn
    content = BytesIO()
    Image.fromarray(eye[::-1, ::-1]).save(content, "PNG", exif=exif)
    return content.getvalue()


def encode_pgm(eye: np.ndarray, white: int = 4095) -> bytes:
    levels = (eye.astype(np.uint32) * white // 255).astype(">u2")
    return b"P5 %d %d %d\n" % (*eye.shape[::-1], white) + levels.tobytes()


KINDS: dict[str, Callable[[np.ndarray], bytes]] = {
    **{suffix: partial(encode, suffix=suffix) for suffix in (".png", ".jpg", ".bmp", ".tif")},
    "-turned.png": encode_turned,
    "-16-bit.png": lambda eye: encode(eye.astype(np.uint16) * 257, ".png"),
    "-12-of-16-bit.png": lambda eye: encode(eye.astype(np.uint16) * 16, ".png"),
    "-12-bit.pgm": encode_pgm,
    "-low.png": lambda eye: encode(eye[40:51], ".png"),
}
ODD_IDS = ("nan", "NA", "true", "1e5", "-1", "=1+1", "'x", "None", "#", "\x1f.")
ALIKE = ("7", "07", "p", "P", "e\u0301", "\u00e9")
SPELLINGS: tuple[Callable[[int], str], ...] = (
    "p{}".format,
    "{:03}".format,
    '\u00e9 \u0141, "{}"\n'.format,
    lambda number: ODD_IDS[number % 10] + "!" * (number // 10),
    lambda number: ALIKE[number % 6] + "x" * (number // 6),
)


@dataclass
class DataSet:
    """A manifest and what lies beside it."""

    rows: list[list[str]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    kind: str = ".png"
    encoding: str = "utf-8"

    def add(self, eye: np.ndarray, *labels: str, kind: str | None = None) -> None:
        name = f"{len(self.files):03}{kind or self.kind}"
        self.files[name] = KINDS[kind or self.kind](eye)
        self.rows.append([name, *labels])

    def write(self, folder: Path) -> Path:
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)
        text = StringIO()
        csv.writer(text).writerows(self.rows)
        (folder / "m.csv").write_bytes(text.getvalue().encode(self.encoding))
        return folder / "m.csv"


def pick(data: DataSet, rng: np.random.Generator) -> list[str]:
    """Return a row of an image, to be broken."""
    return data.rows[rng.integers(1, len(data.rows))]


def read_eye(data: DataSet, row: list[str]) -> np.ndarray:
    return EYES[int(row[0][:3]) % len(EYES)]


def replace_content(change: Callable[[bytes], bytes], data, rng) -> None:
    name = pick(data, rng)[0]
    data.files[name] = change(data.files.get(name, b""))


def set_cell(column: int, text: str, data, rng) -> None:
    pick(data, rng)[column : column + 1] = [text]


def lose_file(data, rng) -> None:
    data.files.pop(pick(data, rng)[0], None)


def copy_image(change: Callable, data, rng) -> None:
    """Add an image once more, as another kind of file or changed."""
    row = pick(data, rng)
    eye, labels = change(read_eye(data, row).copy(), row[1:])
    data.add(eye, *labels, kind=".bmp" if data.kind == ".png" else None)


def other_eye(eye: str) -> str:
    return "right" if eye == "left" else "left"


def change_strip(eye: np.ndarray, labels: list[str]) -> tuple:
    eye[-11:] = 255 - eye[-11:]
    return eye, labels


def add_kind(kind: str, data, rng) -> None:
    data.add(EYES[-1 - rng.integers(9)], *pick(data, rng)[1:], kind=kind)


def add_size(data, rng) -> None:
    data.add(np.ascontiguousarray(EYES[-1][:, 8:]), *pick(data, rng)[1:])


def add_cells(*cells: str, data, rng) -> None:
    pick(data, rng).extend(cells)


def add_column(data, rng) -> None:
    for row in data.rows:
        row.append(str(rng.integers(9)))


def spell_again(data, rng) -> None:
    row = pick(data, rng)
    row[1] = row[1].swapcase() + " "


def link(target: Callable[[str], str], data, rng) -> None:
    """Move an image into a cache beside the folder's images, and link to it or elsewhere."""
    name = pick(data, rng)[0]
    if name in data.files:
        data.files[f"kept-{name}"] = data.files.pop(name)
        data.links[name] = target(name)


FAULTS: tuple[Callable, ...] = (
    lose_file,
    partial(replace_content, lambda content: b""),
    partial(replace_content, lambda content: content[: len(content) // 2]),
    partial(replace_content, lambda content: b"no image"),
    partial(replace_content, lambda content: b"version https://git-lfs.github.com/spec/v1\n"),
    lambda data, rng: data.rows.append(list(pick(data, rng))),
    partial(copy_image, lambda eye, labels: (eye, labels)),
    partial(copy_image, lambda eye, labels: (eye, ["another", *labels[1:]])),
    partial(copy_image, lambda eye, labels: (eye[:, ::-1], labels)),
    partial(
        copy_image, lambda eye, labels: (eye[:, ::-1], [labels[0], other_eye(labels[1]), labels[2]])
    ),
    partial(copy_image, change_strip),
    *(partial(add_kind, kind) for kind in KINDS),
    add_size,
    lambda data, rng: add_cells("more", data=data, rng=rng),
    lambda data, rng: add_cells("", " ", data=data, rng=rng),
    add_column,
    lambda data, rng: pick(data, rng).pop(),
    *(partial(set_cell, column, "what") for column in (2, 3)),
    *(partial(set_cell, column, " ") for column in range(4)),
    *(
        partial(set_cell, 0, path)
        for path in ("../m.csv", "/etc/hostname", "C:\\a.png", "gone.png")
    ),
    spell_again,
    partial(link, lambda name: f"kept-{name}"),
    partial(link, lambda name: name),
    partial(link, lambda name: f"gone-{name}"),
)


def draw_data_set(seed: int) -> tuple[DataSet, tuple[str, ...]]:
    """Draw a data set that may be sound, break it in up to two ways, and choose options."""
    rng = np.random.default_rng(seed)
    patients = rng.choice((1, 4, 7, 9, 10, 11, MOST_PATIENTS))
    fewest = rng.choice((1, 4, 8, MOST_IMAGES))
    ill = rng.choice((0.1, 0.4, 0.6))
    spell = SPELLINGS[rng.integers(len(SPELLINGS))]
    encoding = rng.choice(("utf-8", "utf-8-sig", "utf-16"))
    data = DataSet([list(HEADER)], kind=rng.choice(list(KINDS)[:-1]), encoding=encoding)
    for patient in range(patients):
        labels = dict(zip(("left", "right"), rng.random(2) < ill, strict=True))
        for _ in range(rng.integers(fewest, MOST_IMAGES, endpoint=True)):
            eye = str(rng.choice(("left", "right")))
            word = str(rng.choice(WORDS[bool(labels[eye])]))
            data.add(EYES[len(data.files)], spell(patient), eye, word)
    for fault in rng.choice(len(FAULTS), rng.choice((0, 0, 0, 1, 2))):
        FAULTS[fault](data, rng)
    return data, tuple(option for option in OPTIONS if rng.random() < 0.4)


def call(*words: object):
    return CliRunner().invoke(command_line.cli, [str(word) for word in words])


def agree(seed: int) -> None:
    data, options = draw_data_set(seed)
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "ARTIFACTS", Path(scratch, "artifacts"))
        patch.setattr(opening, "count_cores", lambda: 1)
        manifest = data.write(Path(scratch))
        examined = call("data", "doctor", manifest, *options)
        words = ("--manifest", manifest, "--profile", "smoke", "--run", "it", *options)
        ran = call("validate", *words)
        if examined.exit_code == 0:
            assert ran.exit_code == 0, ran.output + "".join(map(str, ran.exc_info))
            found = Path(scratch, "artifacts/runs/it/02_validated/validation.json")
            assert read_json(found)["success"]
            return
        [error] = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
        assert (examined.exit_code, ran.exit_code) == (3, 3), examined.output + ran.output
        stated = name_choices(
            ids_are_distinct="--ids-are-distinct" in options,
            drop_duplicates="--drop-duplicates" in options,
        )
        refused = examine(manifest, stated).errors
        [*_, last, _] = examined.output.splitlines()
        sentence = str(refused[0]) if refused else last.removeprefix("wrong: ")
        assert error == f"Error: {sentence}"
        assert all(each.named in examined.output for each in refused)


@pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_what_the_doctor_calls_usable_runs_and_what_it_refuses_does_not(examples: int) -> None:
    checked = given(st.integers(0, 2**32 - 1))(agree)
    settings(max_examples=examples, deadline=None)(checked)()


def test_who_is_enrolled_is_in_the_gallery_that_methods_are_tried_with() -> None:
    subsets = ["train", "train", "enrolment", "enrolment", "test"]
    table = pd.DataFrame(
        {"image_id": list("abcde"), "identity": [0, 1, 2, 3, 3], "subset": subsets}
    )
    methods = [METHODS["k-same-3"], METHODS["k-same-6"]]
    faults = foresee_methods(table.assign(glaucoma=False), methods)
    assert faults.keys() == {"k-same-6"}
    assert "K = 6: only 3 other patients have a training image" in faults["k-same-6"]
