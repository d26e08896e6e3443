"""`cli.py attack --originals`: files, exit codes, one sentence for what can't be."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from junitparser import JUnitXml
from places import ROOT
from planted_folder import plant_folder

import cli
from replication.command_line.attack_images import read_share


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    return plant_folder(tmp_path_factory.mktemp("images"), np.invert)


def attack(originals, privatized, *words):
    given = ["attack", "--originals", str(originals), "--privatized", str(privatized)]
    return CliRunner().invoke(cli.cli, [*given, *map(str, words)])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--ids-are-distinct",), 0),
        (("--at-most", "5%"), 1),
        (("--at-most", "1.0"), 0),
    ],
)
def test_figures_are_written_for_the_owner_alone(manifests, tmp_path, words, code):
    out = tmp_path / "found"
    done = attack(*manifests, "--out", out, *words)
    assert done.exit_code == code, done.output
    patient, others = done.output.split("Others: not measured\n")
    assert patient.startswith("The patient: leaks\n") and "LDA, image: " in patient
    assert "near copies of others' images: " in others and "LDA" not in others
    assert sorted(file.name for file in out.iterdir()) == [
        "attack.json",
        "attack.xml",
        "index.html",
    ]
    for file in (out, *out.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    failed = sum(suite.failures for suite in JUnitXml.fromfile(str(out / "attack.xml")))
    assert bool(failed) == bool(code)
    text = (out / "attack.json").read_text()
    assert json.loads(text)["verdicts"][0]["found"] == "leaks"
    assert "anna" not in text + (out / "index.html").read_text() + done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--originals", "a.csv"], "attack: give --originals and either --privatized or --pri"),
        (["--at-most", "5%"], "attack: give --originals and either --privatized or --privatizer"),
        (
            ["--originals", "a.csv", "--privatized", "b.csv", "--privatizer", "math:sqrt"],
            "attack: give --originals and either --privatized or --privatizer",
        ),
        (
            ["--originals", "a.csv", "--privatized", "b.csv", "--draws", "2"],
            "--draws: is about a run, leave it out beside --originals",
        ),
        (["--originals", "a.csv", "--privatizer", "math:sqrt"], "math:sqrt: math can't be called"),
        (
            ["--originals", "a.csv", "--privatized", "b.csv", "--profile", "smoke"],
            "--profile: is about a run, leave it out beside --originals",
        ),
        (["--originals", "a.csv", "--privatized", "b.csv"], "a.csv: no such file"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_exit_3(words, sentence):
    done = CliRunner().invoke(cli.cli, ["attack", *words])
    assert done.exit_code == 3
    assert done.output.startswith(f"Error: {sentence}") and done.output.count("\n") == 1


def test_a_file_in_the_folders_place_is_refused_before_images_are_read(manifests, tmp_path):
    file = tmp_path / "file"
    file.write_text("anything")
    for out in (file, file / "below"):
        done = attack(*manifests, "--out", out)
        assert done.exit_code == 3
        assert (
            done.output == f"Error: {out}: no folder that can be written, give another by --out\n"
        )
    assert file.read_text() == "anything"


def test_a_function_in_the_current_folder_is_called_once_or_as_often_as_draws(
    manifests, write_module
):
    write_module("def invert(images, patients, *, seed):\n    return 255 - images\n", "inverting")
    given = ["attack", "--originals", str(manifests[0]), "--privatizer", "inverting:invert"]
    for words, draws in (((), 1), (("--draws", "3"), 3)):
        done = CliRunner().invoke(cli.cli, [*given, *words])
        assert done.exit_code == 0, done.output
        assert done.output.startswith("The patient: leaks\n")
        found = Path("artifacts/attacks/inverting.invert/attack.json")
        assert json.loads(found.read_text())["facts"]["draws"] == draws


def test_an_unexpected_exception_has_an_exit_code_of_its_own(manifests, tmp_path):
    code = (
        "import cli, replication.attack.anybody.attack as attack\n"
        "attack.divide = lambda *args, **kwargs: 1 / 0\n"
        "cli.main()"
    )
    given = ["attack", "--originals", str(manifests[0]), "--privatized", str(manifests[1])]
    done = subprocess.run(
        [sys.executable, "-c", code, *given, "--at-most", "5%"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == cli.UNEXPECTED == 70
    assert done.stderr.startswith("Traceback") and "ZeroDivisionError" in done.stderr


def test_ctrl_c_writes_nothing_and_promises_nothing(manifests, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("replication.attack.anybody.attack.attack_images", interrupt)
    done = attack(*manifests, "--out", tmp_path / "found")
    assert done.exit_code == 130 and done.output == "\nInterrupted.\n"
    assert not (tmp_path / "found").exists()


def test_names_are_logged_by_vv_alone(manifests, tmp_path):
    originals, privatized = manifests
    broken = privatized.with_name("broken.csv")
    broken.write_text(privatized.read_text().replace("originals/0.png", "anna.png"))
    given = ["attack", "--originals", str(originals), "--privatized", str(broken)]
    command = [sys.executable, str(ROOT / "cli.py")]
    for flags, named in ((["-v"], False), (["-vv"], True)):
        done = subprocess.run(
            [*command, *flags, *given], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 3 and "broken.csv line 2: source" in done.stderr
        assert ("anna" in done.stderr) is named


@pytest.mark.parametrize(
    ("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("0%", 0.0), (None, None)]
)
def test_a_share_is_a_percentage_or_a_fraction(text, share):
    assert read_share(None, None, text) == share


@pytest.mark.parametrize("text", ["5", "five", "-1%", "101%", "nan"])
def test_another_share_is_refused(text):
    with pytest.raises(click.BadParameter):
        read_share(None, None, text)


def test_its_own_folder_is_never_committed():
    rules = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/artifacts/attacks/" in rules
