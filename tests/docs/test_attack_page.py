"""The page on attacking one's own images: its example runs, its words are those of the code."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from places import DOCS, ROOT
from planted_folder import plant_folder

from replication.attack.anybody.figures import MEASURES
from replication.attack.anybody.manifests import COLUMNS
from replication.attack.anybody.parts import MOST_LEARNED, MOST_PATIENTS, MOST_VALIDATED
from replication.attack.anybody.replaced import MOST_GALLERY, MOST_READ, MOST_SOLVED

PAGE = (DOCS / "attack.md").read_text(encoding="utf-8")


def test_the_pixelation_runs_and_leaks(tmp_path):
    plant_folder(tmp_path, np.invert)
    shutil.rmtree(tmp_path / "privatized")
    subprocess.run([sys.executable, "-c", find_example("mkdir")], cwd=tmp_path, check=True)
    expect_leak("--privatized", tmp_path)


def test_the_function_runs_and_leaks(tmp_path):
    plant_folder(tmp_path, np.invert)
    (tmp_path / "pixelation.py").write_text(find_example("def pixelate"), encoding="utf-8")
    expect_leak("--privatizer", tmp_path)


def find_example(words):
    [example] = [
        text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if words in text
    ]
    return example


def expect_leak(option, tmp_path):
    """Run the page's command with this option and a limit: an attacker is over it."""
    [command] = re.findall(
        rf"^    python (cli.py attack .*{option} .*--at-most.*)$", PAGE, re.MULTILINE
    )
    words = command.replace("cli.py", str(ROOT / "cli.py"), 1).split()
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("The patient: leaks")


def test_every_column_and_every_measure_is_described():
    described = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    assert described >= set(COLUMNS)
    short = {name.removesuffix("_without") for name in MEASURES}
    assert described >= short


@pytest.mark.parametrize(
    "count", [MOST_LEARNED, MOST_VALIDATED, MOST_PATIENTS, MOST_GALLERY, MOST_READ, MOST_SOLVED]
)
def test_bounds_are_those_of_the_code(count):
    assert re.search(rf"\b{count:,}\b", PAGE)
