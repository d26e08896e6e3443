"""Broken input: refused in a sentence or repaired, never a traceback, never taken in silence.

Each kind of file is changed at random (hypothesis, seeded); what is accepted must mean what an
independent reading of the changed file says, or the same as before.
"""

import json
import os
import re
import resource
import struct
import zlib
from collections import Counter
from functools import partial

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawn_eyes import ANNOTATIONS, FILES, write_manifest, write_warsaw
from hypothesis import HealthCheck, Phase, assume, given, settings
from mutations import mutations

import cli as command_line
from keras_models.evaluator import build_evaluator
from replication.config import SurrogateSettings
from replication.data.image_file import read_gray
from replication.data.manifest import survey_manifest
from replication.data.survey import inspect_file
from replication.data.warsaw import survey_warsaw
from replication.errors import DataError, SettingsError, StageNotRun
from replication.results.finished_run import COSTS, FinishedRun
from replication.results.finished_run import SANITY_FIGURES as FIGURES
from replication.store.files import read_json, write_json
from replication.store.run_folder import RunStore
from replication.store.run_record import read_run
from replication.surrogate.plan import ORIGIN_FILE, read_origin, write_origin
from replication.train.checkpoint import load_checkpoint, save_checkpoint
from replication.train.weights import load_weights

FEW = 25
KEY = {"settings": {"size": 3}, "inputs": {}}
RUN = {
    "source": {"kind": "surrogate", "name": "eyes"},
    "profile": {"name": "cpu", "evaluator": {"updates": 3}},
    "seed": 0,
    "draws": 2,
    "split": "image",
}


class Annotations:
    """Usable only where every label is the one that a plain reading of the rows gives."""

    def __init__(self, folder):
        self.root = write_warsaw(folder)
        self.file = self.root / ANNOTATIONS

    def attempt(self):
        survey = survey_warsaw(self.root)
        if survey.errors:
            return name_file(str(survey.errors[0]), self.root.name)
        table = survey.require_usable()
        assert table["path"].tolist() == sorted(FILES)
        labels = self.read_plainly()
        for row in table.itertuples():
            assert row.glaucoma == labels[int(row.patient_id), row.eye]
        return "accepted"

    def read_plainly(self):
        data = self.file.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        assume('"' not in text)
        labels = {}
        lines = [line for line in re.split("\r\n|\n|\r", text) if line.replace(";", "").strip()]
        for line in lines[1:]:
            cells = [cell.strip() for cell in line.split(";")]
            for eye, cell in zip(("left", "right"), cells[1:3], strict=False):
                names = {" ".join(name.lower().split()) for name in cell.split(",")}
                glaucoma = bool(names & {"glaucoma", "secondary glaucoma"})
                labels.setdefault((int(cells[0]), eye), glaucoma)
        return labels


class Manifest:
    """Usable only where every row is an existing image inside the folder, as the row says."""

    def __init__(self, folder):
        (folder / "mine").mkdir()
        (folder / "secret.png").write_bytes(b"outside")
        self.file = write_manifest(folder / "mine")

    def attempt(self):
        survey = survey_manifest(self.file)
        if survey.errors:
            return name_file(str(survey.errors[0]), self.file.parent.name)
        table = survey.require_usable()
        lines = self.file.read_bytes().decode("utf-8-sig", errors="replace")
        for row in table.itertuples():
            assert (self.file.parent / row.path).resolve().parent == self.file.parent / "eyes"
            assert row.path in lines.replace("\\", "/")
        return "accepted"


class Image:
    """Read as bytes of gray, and never under the hash of the image that it was."""

    def __init__(self, suffix, folder):
        self.file = folder / f"eye{suffix}"
        pixels = np.random.default_rng(0).integers(0, 256, (24, 32), dtype=np.uint8)
        cv2.imwrite(str(self.file), cv2.GaussianBlur(pixels, (3, 3), 0))
        self.sha256 = inspect_file(self.file).sha256

    def attempt(self):
        facts = inspect_file(self.file)
        assert facts.sha256 != self.sha256
        try:
            gray = read_gray(self.file)
        except DataError as error:
            assert str(error).isprintable() and self.file.name not in str(error)
            return "refused"
        assert gray.dtype == np.uint8 and gray.shape[::-1] == facts.size_px
        return "accepted"


class StageRecord:
    """Believed only where it says of settings, inputs and files what it said before."""

    def __init__(self, folder):
        self.store = RunStore(folder / "run")
        self.store.open(RUN)
        with self.store.writing("01_stage", KEY) as stage:
            (stage / "out.txt").write_text("hello")
        self.file = self.store.root / "01_stage" / "stage.json"
        self.before = read_json(self.file)

    def attempt(self):
        store = RunStore(self.store.root)
        believed = store.is_complete("01_stage", KEY)
        try:
            store.folder("01_stage")
        except StageNotRun as error:
            assert not believed
            return name_file(str(error), "01_stage")
        now = read_json(self.file)
        assert not believed or now["key"] == self.before["key"]
        assert now["outputs"] == self.before["outputs"]
        store.records()
        return "accepted" if believed else "refused"


class RunRecord:
    """Opened only where it says what it said before."""

    def __init__(self, folder):
        self.store = RunStore(folder / "run")
        self.store.open(RUN)
        self.file = self.store.root / "run.json"

    def attempt(self):
        try:
            self.store.open(RUN)
            assert read_run(self.store.root) == RUN
        except (SettingsError, StageNotRun) as error:
            return name_file(str(error), self.store.root.name)
        return "accepted"


class Origin:
    """A surrogate only where the counts and the seed are those of a plain reading."""

    def __init__(self, folder):
        self.root = folder / "surrogate"
        self.root.mkdir()
        self.file = self.root / ORIGIN_FILE
        counts = SurrogateSettings(patients=4, images=12, glaucoma_images=4)
        self.file.write_text(write_origin(counts, seed=0, files_sha256=""), encoding="utf-8")

    def attempt(self):
        try:
            seed, eyes = read_origin(self.root)
        except DataError as error:
            return name_file(str(error), self.file.name)
        origin = json.loads(self.file.read_bytes())
        counts = origin["settings"]
        assert seed == origin["seed"]
        assert sum(eye.images for eye in eyes) == counts["images"]
        assert len({eye.patient for eye in eyes}) == counts["patients"]
        glaucoma = [eye.images for eye in eyes if eye.glaucoma]
        assert sum(glaucoma) == counts["glaucoma_images"]
        return "accepted"


class Weights:
    """Handed out by the store never; loaded from elsewhere only as finite numbers."""

    def __init__(self, folder):
        self.store = RunStore(folder / "run")
        self.store.open(RUN)
        self.network = build_evaluator(2, (8, 8, 1), block_dropout=0, dense_dropout=0, seed=0)
        with self.store.writing("03_evaluators/glaucoma", KEY) as stage:
            self.network.save_weights(str(stage / "weights.h5"))
        self.file = self.store.root / "03_evaluators" / "glaucoma" / "weights.h5"

    def attempt(self):
        with pytest.raises(StageNotRun, match=r"weights\.h5: not as its stage left it"):
            RunStore(self.store.root).folder("03_evaluators/glaucoma")
        try:
            load_weights(self.network, self.file)
        except DataError as error:
            return name_file(str(error), self.file.name)
        assert all(np.isfinite(array).all() for array in self.network.get_weights())
        return "refused"


class Checkpoint:
    """Never taken: the training starts again."""

    def __init__(self, folder):
        self.file = folder / "training.checkpoint"
        self.arrays = [np.arange(12, dtype=np.float32)]
        save_checkpoint(self.file, self.arrays, {"step": 3})

    def attempt(self):
        assert load_checkpoint(self.file, like=self.arrays) is None
        return "refused"


class Costs:
    """Taken only where all figures are accuracies."""

    def __init__(self, folder):
        self.root = folder
        self.file = folder / COSTS
        write_json(self.file, {"ReLU (ours)": {"identity": 0.875, "glaucoma": 1.0}})

    def attempt(self):
        try:
            costs = FinishedRun(RunStore(self.root)).costs
        except (DataError, SettingsError) as error:
            return name_file(str(error), self.file.name)
        assert all(0 <= figure <= 1 for figures in costs.values() for figure in figures.values())
        assert costs == json.loads(self.file.read_bytes())
        return "accepted"


class Checks:
    """Taken only where the finding is a word that it can be."""

    def __init__(self, folder):
        self.root = folder
        self.file = folder / FIGURES
        found = {"finding": "fails", "criterion": "in words", "levels": [{"empty": 0}]}
        write_json(self.file, {"randomisation": found, "settings": {"lift": 50.0}})

    def attempt(self):
        try:
            found = FinishedRun(RunStore(self.root)).randomisation
        except (DataError, SettingsError) as error:
            return name_file(str(error), self.file.name)
        plain = json.loads(self.file.read_bytes())["randomisation"]
        assert found == {name: plain[name] for name in ("finding", "criterion")}
        assert found["finding"] in {"holds", "fails", "undecided", "not measured"}
        return "accepted"


# What is changed, and in how many ways.
KINDS = {
    "annotations": (Annotations, 900),
    "manifest": (Manifest, 900),
    "stage.json": (StageRecord, 700),
    "run.json": (RunRecord, 600),
    "surrogate.json": (Origin, 300),
    "departures.json": (Costs, 200),
    "explanation_sanity.json": (Checks, 200),
    "weights": (Weights, 300),
    "checkpoint": (Checkpoint, 500),
    **{f"image{suffix}": (partial(Image, suffix), 434) for suffix in (".bmp", ".jpg", ".png")},
}


def name_file(sentence, name):
    assert name in sentence
    assert sentence.isprintable()
    return "refused"


def change_and_read(kind, count):
    """Read a file in so many changed forms; return how often it was refused, and accepted."""
    original, outcomes = kind.file.read_bytes(), Counter()

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(content=mutations(original))
    def read_changed(content):
        assume(content != original)
        kind.file.write_bytes(content)
        outcomes[kind.attempt()] += 1

    read_changed()
    assert outcomes.total() >= count
    return outcomes


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KINDS)
def test_no_changed_file_ends_in_a_traceback_or_is_taken_for_what_it_was(
    name, many, tmp_path, figure
):
    kind, count = KINDS[name]
    outcomes = change_and_read(kind(tmp_path), count if many else FEW)
    assert outcomes["refused"]
    if many:
        figure(f"{name}: {outcomes.total():,} changed files, {outcomes['refused']:,} refused")


def claim_png(width, height):
    """A PNG's header with a size that nothing follows."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    rest = b"IDAT" + zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + data + struct.pack(">I", len(rest) - 4) + rest + bytes(4)


def claim_bmp(width, height):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + 100, 0, 0, 1078) + header + bytes(1124)


@pytest.mark.parametrize("claim", [claim_png, claim_bmp])
def test_a_header_of_50000_by_50000_costs_no_memory(claim, tmp_path, figure):
    file = tmp_path / "eye.png"
    file.write_bytes(claim(50_000, 50_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"^expected at most .* got 50000x50000"):
        read_gray(file)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 10_000
    figure(f"{claim.__name__}: {grown_kb} kB more at most, of 2,500,000 kB claimed")


CORPUS = {
    "empty": b"",
    "nothing but a mark": b"\xef\xbb\xbf",
    "UTF-16": "path,patient_id\n".encode("utf-16"),
    "one cell of 200,000": b"x" * 200_000,
    "an open quote": b'path,patient_id,eye,glaucoma\n"eyes/0.png,a,left,no\n',
    "zero bytes": bytes(4096),
    "an image": claim_png(8, 6),
    "nested": b"[" * 100_000,
    "absolute": b"path,patient_id,eye,glaucoma\n/etc/passwd,a,left,no\n",
    "upwards": b"path,patient_id,eye,glaucoma\neyes/../../secret.png,a,left,no\n",
    "Windows": b"path,patient_id,eye,glaucoma\nC:\\eyes\\0.png,a,left,no\n",
    "a long name": b"path,patient_id,eye,glaucoma\n" + b"a" * 5000 + b".png,a,left,no\n",
    "a zero in a name": b"path,patient_id,eye,glaucoma\neyes/0\x00.png,a,left,no\n",
    "a long number": b"patient;left eye;right eye\n" + b"1" * 5000 + b";;\n",
}


@pytest.mark.parametrize("name", CORPUS)
def test_the_commands_end_in_a_sentence_on(name, tmp_path):
    """Of known traps: the doctor on each as a manifest and as annotations, `check` as run.json."""
    write_warsaw(tmp_path / "warsaw")
    for place in ("manifest.csv", f"warsaw/{ANNOTATIONS}", "run/run.json"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(CORPUS[name])
    for words in (
        ["data", "doctor", tmp_path / "manifest.csv"],
        ["data", "doctor", tmp_path / "warsaw"],
        ["check", tmp_path / "run"],
    ):
        result = CliRunner().invoke(command_line.cli, [str(word) for word in words])
        assert isinstance(result.exception, SystemExit), (words, result.exception)
        assert result.exit_code in (3, 4)
        assert "Traceback" not in result.output


def test_a_pipe_in_the_place_of_an_image_is_not_waited_for(tmp_path):
    root = write_warsaw(tmp_path)
    (root / FILES[0]).unlink()
    os.mkfifo(root / FILES[0])
    [sentence] = map(str, survey_warsaw(root).errors)
    assert "is no file" in sentence


def test_a_file_whose_name_is_no_text_is_named(tmp_path):
    root = write_warsaw(tmp_path)
    odd = root / FILES[0].encode().replace(b"_11", b"_\xff1").decode(errors="surrogateescape")
    (root / FILES[0]).rename(odd)
    sentence = survey_warsaw(root).errors[0].named
    assert sentence.isprintable() and r"_\udcff1" in sentence
