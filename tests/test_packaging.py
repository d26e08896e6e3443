"""The pins, the lock, the Makefile and the pages that name them agree."""

import ast
import importlib.metadata
import re
import sys
from typing import Any

import pytest
import yaml
from layer_rules import PACKAGES, read_imports
from packaging.requirements import Requirement
from places import ROOT
from setup_file import read_setup, run

from replication.data.image_file import SUFFIXES


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return read_setup(ROOT)


def read_pins(lines: list[str]) -> dict[str, str]:
    """Return name -> version of lines such as `name==1.2`; another form of line is an error."""
    matches = [re.fullmatch(r"([A-Za-z0-9-]+)==([\w.]+)", line) for line in lines]
    assert all(matches), f"not an exact pin among {lines}"
    return {match[1]: match[2] for match in matches if match}


def read_lock(name: str = "requirements.lock") -> dict[str, list[str]]:
    """Return `name==version` -> the hashes below it."""
    locked: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        words = line.strip().removesuffix("\\").strip()
        if words.startswith("--hash=sha256:"):
            locked[list(locked)[-1]].append(words)
        elif words and not words.startswith("#"):
            locked[words] = []
    return locked


def test_the_lock_has_every_pin_of_setup(described: dict[str, Any]) -> None:
    pins = read_pins(described["install_requires"] + described["extras_require"]["dev"])
    locked = read_pins(list(read_lock()))
    assert {name: locked.get(name) for name in pins} == pins, "run `make lock`"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-cuda.lock"])
def test_a_lock_is_hashed_and_names_no_index_and_no_folder(name: str) -> None:
    locked = read_lock(name)
    assert len(locked) >= 10
    assert [line for line, hashes in locked.items() if not hashes] == []
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"://|--index|--extra-index|--find-links|@ |(?<!\w)/\w+", text) == []


def test_a_commit_takes_no_eyes_but_those_that_the_package_ships() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [hook] = [hook for hook in config["repos"][0]["hooks"] if hook["id"] == "no-eyes"]
    assert hook["language"] == "fail"
    tracked = run(["git", "ls-files"], ROOT).stdout.splitlines()
    names = [f"eye{suffix}" for suffix in sorted(SUFFIXES)]
    names += [
        "run.secret",
        "training.checkpoint",
        "explained.png",
        "out/draw-0.npy",
        "docs/eye.JPG",
        "artifacts/x.h5",
        "a.tiff",
        "b.dcm",
    ]
    refused = [
        name
        for name in (*tracked, *names)
        if re.search(hook["files"], name) and not re.search(hook["exclude"], name)
    ]
    assert refused == names


def test_the_environment_is_the_lock() -> None:
    locked = read_pins(list(read_lock()))
    installed = {name: importlib.metadata.version(name) for name in locked}
    assert installed == locked, "remove .venv and run make again"


def test_pip_misses_one_package_alone() -> None:
    # Left out on purpose: it is the module cv2 of opencv-python-headless once more.
    version = importlib.metadata.version("quantus")
    left_out = f"quantus {version} requires opencv-python, which is not installed."
    printed = run([sys.executable, "-m", "pip", "check"], ROOT).stdout.splitlines()
    assert printed == [left_out], "remove .venv and run make again"


def test_cuda_adds_to_the_same_tensorflow(described: dict[str, Any]) -> None:
    wanted = [
        line.partition(";")[0].strip()
        for line in importlib.metadata.requires("tensorflow") or []
        if "and-cuda" in line and not line.startswith("tensorrt")
    ]
    pins = read_pins([re.sub(r"[() ]", "", line) for line in wanted])
    assert read_pins(described["extras_require"]["cuda"]) == pins
    assert read_pins(list(read_lock("requirements-cuda.lock"))) == pins, "run `make lock`"


def test_every_install_has_hashes_and_two_packages_alone_are_built_from_source() -> None:
    shown = run(["make", "--dry-run", "--always-make", "cuda"], ROOT).stdout.replace("\\\n", "")
    installs = [line for line in shown.splitlines() if "pip install" in line]
    assert len(installs) == 4
    own = [line for line in installs if "--editable ." in line]
    for line in set(installs) - set(own):
        assert "--require-hashes" in line and "--no-deps" in line
        assert ("--only-binary :all:" in line) != ("--no-build-isolation" in line)
    # No tool is fetched to build our own package or that of the lock.
    assert [line for line in own if "--no-build-isolation" not in line] == []
    [built] = [line for line in installs if "sed -n" in line]
    chosen = re.search(r"sed -n '(.*)p' requirements.lock", built)[1]
    lines = run(["sed", "-n", f"{chosen}p", "requirements.lock"], ROOT).stdout.splitlines()
    assert [line.split("==")[0] for line in lines if not line.startswith(" ")] == [
        "future",  # of iNNvestigate
        "jsonpath-rw",  # of mlcroissant
    ]


def test_what_the_sources_import_is_pinned(described: dict[str, Any]) -> None:
    owners = importlib.metadata.packages_distributions()
    foreign = {item.top for item in read_imports(ROOT)} - sys.stdlib_module_names - {*PACKAGES}
    extras = [
        pin for extra in ("cluster", "dicom", "facts") for pin in described["extras_require"][extra]
    ]
    pins = read_pins(described["install_requires"] + extras)
    unpinned = [
        name
        for name in sorted(foreign)
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners.get(name, [])}
        & {*pins, "dask"}  # which distributed pins: each requires the other's own version
    ]
    assert unpinned == []


def test_pins_that_are_held_back_are_named_with_what_keeps_their_holes_out_of_reach() -> None:
    page = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (`[\w-]+` [\d.]+ .*) \|$", page, flags=re.MULTILINE)
    rows = [[cell.strip(" `") for cell in line.split("|")] for line in lines]
    locked = read_pins(list(read_lock()))
    for pin, holder, hole, reason, file in rows:
        name, version = pin.split("` ")
        assert locked[name] == version, name
        if "(" not in holder:
            bounds = [Requirement(line) for line in importlib.metadata.requires(holder) or []]
            own = [bound.specifier for bound in bounds if bound.name.replace("_", "-") == name]
            assert any("<" in str(each) or "==" in str(each) for each in own), name
        assert hole.startswith("none known") or (reason and file), name
        assert not file or (ROOT / file).is_file(), file
    named = {pin.split("`")[0] for pin, *_ in rows}
    assert named >= {"tensorflow", "keras", "protobuf", "opencv-python-headless", "numpy", "future"}
    # As the row of protobuf has it.
    assert not [item for item in read_imports(ROOT) if item.imported.startswith("google")]


def test_every_pin_has_its_reason_on_the_architecture_page(described: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    reasoned = set(re.findall(r"^\| `([\w-]+)` \|", page, flags=re.MULTILINE))
    pins = read_pins(described["install_requires"] + described["extras_require"]["dev"])
    assert reasoned == pins.keys()


def test_every_package_on_disk_is_installed(described: dict[str, Any]) -> None:
    inits = [path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py")]
    on_disk = {".".join(path.parent.relative_to(ROOT).parts) for path in inits}
    assert on_disk == set(described["packages"])


def test_every_file_beside_the_sources_is_installed(described: dict[str, Any]) -> None:
    given = {
        file
        for package, patterns in described["package_data"].items()
        for pattern in patterns
        for file in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    beside = {
        file
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    assert beside == given


def test_the_console_script_leads_to_a_function(described: dict[str, Any]) -> None:
    [script] = described["entry_points"]["console_scripts"]
    module, _, function = script.split(" = ")[1].partition(":")
    assert module in described["py_modules"]
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    printed = [line.split() for line in run(["make", "help"], ROOT).stdout.splitlines()]
    assert [words[1] for words in printed] == phony.split()
    assert all(len(words) > 3 for words in printed)


@pytest.mark.parametrize("page", [".ci/run", "README.md"])
def test_the_test_command_is_the_same_everywhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.search(r"^(    )?make test\b", text, flags=re.MULTILINE)
