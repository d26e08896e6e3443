"""The worked example of docs/own-data.md does what the page says."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from places import ROOT

import cli as command_line
from replication.command_line import opening

PAGE = ROOT / "docs" / "own-data.md"


@pytest.fixture(scope="module")
def script():
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return code


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Run a script in an empty folder and return the manifest that it leaves."""

    def run(code):
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
        return tmp_path / "discs" / "manifest.csv"

    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    return run


def call(*words):
    return CliRunner().invoke(command_line.cli, [str(word) for word in words])


def test_the_doctor_calls_the_example_usable(draw, script):
    manifest = draw(script)
    told = call("data", "doctor", manifest)
    assert told.exit_code == 0
    for line in ("images: 225", "patients: 45", "images with glaucoma: 75", "Usable as it is."):
        assert line in told.output


@pytest.mark.slow
def test_the_example_fills_the_table(draw, script):
    options = ("--profile", "smoke", "--draws", "2")
    told = call("replicate", "--all", "--manifest", draw(script), *options)
    assert told.exit_code == 0, told.output
    assert "Not run" not in told.output


@pytest.mark.slow
def test_images_without_a_round_thing_are_refused_by_name(draw, script):
    striped = script.replace("[radius < 25, radius < 70], [30, 100 + rays]", "[y > 1e6], [0]")
    assert striped != script
    striped = striped.replace("190.0)", "150 + 40 * np.sin(x / 4))")
    told = call("validate", "--profile", "smoke", "--manifest", draw(striped))
    assert told.exit_code == 3
    assert "'iris-centred' fails" in told.output


@pytest.mark.slow
def test_too_few_patients_for_k_same_select_are_told(draw, script):
    few = script.replace("PATIENTS, IMAGES = 45, 5", "PATIENTS, IMAGES = 30, 6")
    assert few != script
    manifest = draw(few)
    options = ("--method", "k-same-12", "--profile", "smoke", "--manifest", manifest)
    told = call("replicate", *options)
    assert told.exit_code == 3
    assert "K = 12: only 9 other patients" in told.output
