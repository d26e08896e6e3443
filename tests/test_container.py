"""The Dockerfile does the steps of the Makefile, and the container holds what they need."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from layer_rules import PACKAGES, list_modules
from places import ROOT
from setup_file import read_setup, run


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, each with its words."""
    text = re.sub(
        r"\\\n\s*|^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]


@pytest.fixture
def image(tmp_path: Path, steps: list[tuple[str, str]]) -> tuple[Path, str]:
    """Do what the Dockerfile does but for installing; return the folder and what make would run."""
    printed = ""
    for instruction, words in steps:
        if instruction == "COPY":
            *names, target = [word for word in words.split() if not word.startswith("--")]
            for name in names:
                copy(ROOT / name, tmp_path / target / ("" if target != "./" else name))
        elif words.startswith("make "):
            made = run(["make", "--dry-run", words.split()[1]], tmp_path)
            assert made.returncode == 0, made.stderr
            printed += made.stdout
            (tmp_path / ".venv").mkdir(exist_ok=True)
            (tmp_path / words.split()[1]).touch()
    return tmp_path, printed


def test_the_container_is_made_as_make_makes_the_environment(image, steps) -> None:
    everything = run(["make", "--dry-run", "--always-make", ".venv/.stamp"], ROOT)
    assert image[1] == everything.stdout
    assert "--require-hashes --only-binary :all:" in image[1]
    [base] = [words.split()[-1] for instruction, words in steps if instruction == "FROM"]
    assert base == "python:3.11-slim"
    [packages] = re.findall(
        r"apt-get install --yes --no-install-recommends ([\w ]+?) &&", str(steps)
    )
    assert packages.split() == ["make"]


def test_the_container_holds_all_that_setup_installs_and_the_code_reads(image) -> None:
    folder = image[0]
    assert read_setup(folder) == read_setup(ROOT)
    for name in PACKAGES:
        assert list_files(folder / name) == list_files(ROOT / name)
    read = {
        name
        for source in list_modules(ROOT).values()
        for path in re.findall(r'\bROOT((?: / "[\w.-]+")+)', source.read_text(encoding="utf-8"))
        if (ROOT / (name := "/".join(re.findall(r'"([^"]+)"', path)))).exists()
    }
    assert {"docs/departures.md", "artifacts/baselines/surrogate-cpu"} <= read
    assert [name for name in sorted(read) if not (folder / name).exists()] == []


def test_the_container_sends_docker_nothing_but_what_it_copies(steps) -> None:
    copied = [
        name
        for instruction, words in steps
        if instruction == "COPY"
        for name in [word for word in words.split() if not word.startswith("--")][:-1]
    ]
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "*",
        *(f"!{name}" for name in copied),
        "**/__pycache__",
    ]


def test_the_container_runs_replicate_as_no_root_and_keeps_artifacts(steps) -> None:
    last = dict(steps)
    assert last["USER"] == "researcher"
    assert last["VOLUME"] == f"{last['WORKDIR']}/artifacts"
    command = [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"])]
    *_, replicate = run(["make", "--dry-run", "replicate"], ROOT).stdout.splitlines()
    assert command == shlex.split(replicate)
    assert f"{last['VOLUME']}" in (ROOT / "README.md").read_text(encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def list_files(folder: Path) -> set[Path]:
    return {
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
