"""On a machine without Python 3.11 make installs one by uv, or names the commands that help."""

import ast
import hashlib
import importlib.metadata
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from places import ROOT
from setup_file import run

TOOLS = ("bash", "dirname", "make", "mktemp", "rm", "sed", "sh", "touch")
UV = Path(sys.executable).with_name("uv")
VERSION = importlib.metadata.version("uv")
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
        self.wheel, self.build = make_wheel(folder / "wheels"), make_build(folder / "mirror")
        (self.folder / "requirements.lock").write_text(
            f"uv=={VERSION} \\\n    --hash=sha256:{find_hash(self.wheel)}\n    # via setup.py\n"
        )
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheel.parent),
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
            command.parent.mkdir(parents=True, exist_ok=True)
            command.write_text("\n".join(lines) + "\n", encoding="utf-8")
            command.chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run(command, self.folder, **self.environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "name", ["python3.11", "python3", "python", "../clone/.python/conda/bin/python3.11"]
)
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
        (["pip"], "lock", "DO NOT MATCH THE HASHES", GET_UV),
        (["venv"], "no build", "No such file or directory", GET_PYTHON),
        (["venv"], "other build", "Hash mismatch", GET_PYTHON),
    ],
    ids=["no Python", "no pip", "other hash, by venv", "no build, by pip", "other build, by pip"],
)
def test_where_neither_works_two_commands_are_named(
    machine: Machine, python3: list[str] | None, spoiled: str, why: str, commands: tuple[str, str]
) -> None:
    if python3:
        machine.plant_python("python3", without=python3)
    if spoiled == "lock":
        shutil.copy(ROOT / "requirements.lock", machine.folder)
    elif spoiled == "no build":
        machine.build.unlink()
    elif spoiled:
        machine.build.write_bytes(machine.build.read_bytes() + b"other")
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


def needs_python() -> str:
    """Return the sentence of setup.py."""
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NEEDS_PYTHON":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py has no NEEDS_PYTHON")


def make_wheel(folder: Path) -> Path:
    """Write a wheel whose command `uv` is the one of this environment."""
    folder.mkdir()
    script = zipfile.ZipInfo(f"uv-{VERSION}.data/scripts/uv")
    script.external_attr = 0o100755 << 16
    with zipfile.ZipFile(folder / f"uv-{VERSION}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(script, f"#!/bin/sh\nexec '{UV}' \"$@\"\n")
        for name, text in (
            ("METADATA", f"Metadata-Version: 2.1\nName: uv\nVersion: {VERSION}\n"),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("RECORD", ""),
        ):
            wheel.writestr(f"uv-{VERSION}.dist-info/{name}", text)
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
