"""A machine without Python 3.11: uv installs one for make, or a container has it."""

import ast
import hashlib
import io
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from layer_rules import PACKAGES, list_modules
from places import ROOT
from setup_file import read_setup, run

TOOLS = ("bash", "dirname", "make", "mktemp", "rm", "sed", "sh", "touch")
UV = Path(sys.executable).with_name("uv")
BUILD = "20990101/cpython-3.11.99+20990101-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
# As uv's own list of builds has it; UV_PYTHON_INSTALL_MIRROR stands for the address up to the date.
KNOWN_BUILD = f"""{{
    "name": "cpython", "major": 3, "minor": 11, "patch": 99, "prerelease": "", "build": "20990101",
    "os": "linux", "arch": {{"family": "x86_64", "variant": null}}, "libc": "gnu", "variant": null,
    "url": "https://github.com/astral-sh/python-build-standalone/releases/download/{BUILD}"
}}"""
GET_UV = ("sudo apt-get install python3-pip", "curl -LsSf https://astral.sh/uv/install.sh | sh")
GET_PYTHON = (
    "export UV_PYTHON_INSTALL_MIRROR=URL",
    "conda create --prefix .python/conda python=3.11",
)


class Machine:
    """A clone on a machine whose every Python calls itself 3.12, with a mirror instead of a net."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "clone", folder / "bin"
        for made in (self.folder, self.bin, folder / "home", folder / "tmp"):
            made.mkdir()
        for name in ("Makefile", "find_python.sh"):
            shutil.copy(ROOT / name, self.folder)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        wheel = make_wheel(folder / "wheels")
        (self.folder / "requirements.lock").write_text(
            f"uv==0.0.1 \\\n    --hash=sha256:{find_hash(wheel)}\n    # via setup.py\n"
        )
        self.wheel, self.build = wheel, make_build(folder / "mirror")
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheel.parent),
            "UV_PYTHON_INSTALL_MIRROR": f"file://{folder}/mirror",
            "UV_PYTHON_DOWNLOADS_JSON_URL": str(folder / "mirror" / "builds.json"),
        }

    def plant_python(self, *names: str, version: str = "(3, 12)", without: Sequence[str]) -> None:
        """Plant commands that are the Python of this test, but for their version and modules."""
        lines = [
            "#!/bin/sh",
            *(f'[ "$1 $2" = "-m {module}" ] && exit 1' for module in without),
            f'[ "$1" = -m ] && exec \'{sys.executable}\' "$@"',
            (
                f"exec '{sys.executable}' -c 'import sys; sys.version_info = {version}; "
                'exec(sys.argv[1])\' "$2"'
            ),
        ]
        for name in names:
            command = self.bin / name
            command.write_text("\n".join(lines) + "\n", encoding="utf-8")
            command.chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run(command, self.folder, **self.environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["python3.11", "python3", "python"])
def test_python_3_11_is_taken_where_it_is_and_nothing_is_installed(
    machine: Machine, name: str
) -> None:
    machine.plant_python("python3.11", "python3", "python", without=["pip", "venv"])
    machine.plant_python(name, version="(3, 11)", without=["pip", "venv"])
    found = machine.run("./find_python.sh")
    assert (found.returncode, found.stdout, found.stderr) == (0, f"{sys.executable}\n", "")


def test_make_installs_python_by_pip_and_uv_and_finds_it_again(machine: Machine) -> None:
    machine.plant_python("python3.11", "python", without=["pip", "venv"])
    machine.plant_python("python3", without=["venv"])
    made = machine.run("make", ".venv/.locked")
    assert made.returncode == 0, made.stderr
    version = "import sys; print(sys.version_info[:2])"
    assert machine.run(".venv/bin/python", "-c", version).stdout == "(3, 11)\n"
    assert [*(machine.folder / ".python").glob("*/bin/python3.11")] != []
    assert [*(machine.folder.parent / "tmp").iterdir()] == [], "the installed uv is left behind"

    machine.wheel.unlink()
    machine.build.unlink()
    again = machine.run("./find_python.sh")
    assert (again.returncode, again.stderr) == (0, "")
    assert machine.run(again.stdout.strip(), "-c", version).stdout == "(3, 11)\n"


def test_an_installed_uv_keeps_python_in_its_own_place(machine: Machine) -> None:
    (machine.bin / "uv").symlink_to(UV)
    brought = machine.run("./find_python.sh")
    assert brought.returncode == 0, brought.stderr
    place = machine.folder.parent / "home" / ".local" / "share" / "uv" / "python"
    assert [*place.glob("cpython-3.11*/bin/python3.11")] != []
    assert Path(brought.stdout.strip()).is_file()
    assert not (machine.folder / ".python").exists()


@pytest.mark.parametrize(
    ("python3", "spoiled", "why", "commands"),
    [
        (None, None, "", GET_UV),
        (["pip", "venv"], None, "", GET_UV),
        (["pip"], "other uv", "DO NOT MATCH THE HASHES", GET_UV),
        (["venv"], "no build", "No such file or directory", GET_PYTHON),
        (["venv"], "other build", "Hash mismatch", GET_PYTHON),
    ],
    ids=["no Python", "no pip", "other uv, by venv", "no build, by pip", "other build, by pip"],
)
def test_where_neither_works_two_commands_are_named(
    machine: Machine, python3: list[str] | None, spoiled: str, why: str, commands: tuple[str, str]
) -> None:
    if python3:
        machine.plant_python("python3", without=python3)
    if spoiled == "no build":
        machine.build.unlink()
    elif spoiled:
        with (machine.wheel if spoiled == "other uv" else machine.build).open("ab") as file:
            file.write(b"other")
    refused = machine.run("make", ".venv/.locked")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert why in refused.stderr
    *_, sentence, _, first, second, then, _ = refused.stderr.splitlines()
    assert sentence == needs_python()
    assert (first.partition(" #")[0].strip(), second.strip()) == commands
    assert then == "Then run make again."
    assert not (machine.folder / ".venv").exists()


def test_setup_under_another_python_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    with pytest.raises(SystemExit, match=re.escape(needs_python())):
        runpy.run_path(str(ROOT / "setup.py"))


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
    assert "--require-hashes -r requirements.lock" in image[1]
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


def needs_python() -> str:
    """Return the sentence of setup.py."""
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NEEDS_PYTHON":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py has no NEEDS_PYTHON")


def make_wheel(folder: Path) -> Path:
    """Write a wheel whose command `uv` is the one of this environment."""
    folder.mkdir()
    info = "uv-0.0.1.dist-info"
    with zipfile.ZipFile(folder / "uv-0.0.1-py3-none-any.whl", "w") as wheel:
        script = zipfile.ZipInfo("uv-0.0.1.data/scripts/uv")
        script.external_attr = 0o100755 << 16
        wheel.writestr(script, f"#!/bin/sh\nexec '{UV}' \"$@\"\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.0.1\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return Path(wheel.filename)


def make_build(mirror: Path) -> Path:
    """Lay out a mirror as uv expects it, whose Python 3.11 is the one that runs this."""
    files = {
        "bin/python3.11": f"#!/bin/sh\nexec '{os.path.realpath(sys.executable)}' \"$@\"\n",
        "lib/python3.11/_sysconfigdata_.py": (
            "# system configuration generated and used by the sysconfig module\n"
            "build_time_vars = {}\n"
        ),
    }
    build = mirror / BUILD
    build.parent.mkdir(parents=True)
    with tarfile.open(build, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"python/{name}")
            member.mode, member.size = 0o755, len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    known = json.loads(KNOWN_BUILD) | {"sha256": find_hash(build)}
    builds = json.dumps({"cpython-3.11.99-linux-x86_64-gnu": known})
    (mirror / "builds.json").write_text(builds, encoding="utf-8")
    return build


def find_hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


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
