"""The notebook for Colab runs from start to end, here without a GPU and with the smoke profile."""

import os
import re
import shutil
import sys

import nbformat
import pytest
from places import ROOT

FILE = ROOT / "docs" / "colab.ipynb"


def read_notebook():
    return nbformat.read(FILE, as_version=4)


def test_it_is_valid_and_committed_without_outputs():
    notebook = read_notebook()
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 5
    assert [cell.outputs for cell in cells if cell.outputs] == []
    assert [cell.execution_count for cell in cells if cell.execution_count] == []


def test_it_installs_by_the_makefile_and_keeps_no_names():
    cells = {cell.id: cell.source for cell in read_notebook().cells}
    assert 'must("make", "cuda", folder=SOURCE)' in cells["environment"]
    everything = "".join(cells.values())
    assert not re.search(r'"(pip|uv)"|"doctor"', everything)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Point the notebook's parameters to this project and an empty folder."""
    chosen = {
        "PROFILE": "smoke",
        "OPTIONS": "--draws 2",
        "WARSAW": tmp_path / "no Warsaw here",
        "KEPT": tmp_path / "kept",
        "WORK": tmp_path / "work",
        "SOURCE": ROOT,
        "PYTHON": sys.executable,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"NOTEBOOK_{name}", str(value))
    # A leftover of Colab's own settings, which the notebook has to leave out.
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "gone"))
    return chosen


def execute(notebook, folder):
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: cell.get("outputs", []) for cell in notebook.cells}


def read_text(outputs):
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/markdown", "")
        for output in outputs
    )


@pytest.mark.slow
def test_it_runs_from_start_to_end_and_goes_on_in_a_new_session(settings, tmp_path):
    outputs = execute(read_notebook(), tmp_path)
    assert "The environment is there." in read_text(outputs["environment"])
    assert "GPU" in read_text(outputs["gpu"])
    assert "synthetic eyes and not Warsaw" in read_text(outputs["data"])
    assert "06_evaluated: run" in read_text(outputs["run"])
    assert outputs["report"]
    assert "BLESSED" in read_text(outputs["check"])
    # A new session has nothing but what lies on Drive, and one stage more to do.
    shutil.rmtree(settings["WORK"])
    shutil.rmtree(settings["KEPT"] / "runs" / "surrogate-smoke" / "06_evaluated")
    report = settings["KEPT"] / "runs" / "surrogate-smoke" / "09_report" / "index.html"
    if not report.exists():
        report.parent.mkdir()
        report.write_text("<p>A report.</p>")
    outputs = execute(read_notebook(), tmp_path)
    assert "04_vgan: kept" in read_text(outputs["run"])
    assert "06_evaluated: run" in read_text(outputs["run"])
    [shown] = [o["data"]["text/html"] for o in outputs["report"] if "data" in o]
    assert shown.startswith("<iframe srcdoc=")


@pytest.mark.slow
def test_without_the_project_it_says_what_to_set(settings, tmp_path, monkeypatch):
    from nbclient.exceptions import CellExecutionError

    monkeypatch.setenv("NOTEBOOK_SOURCE", str(tmp_path / "nothing"))
    with pytest.raises(CellExecutionError, match="set REPOSITORY above"):
        execute(read_notebook(), tmp_path)
    assert os.listdir(settings["KEPT"]) == ["runs"]
