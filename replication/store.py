"""The run folder: which stages are complete, with what settings, from which inputs.

Each stage owns one numbered folder. It is written under a temporary name, and `stage.json` comes
last: a folder that has it is complete. A stage is skipped when its `stage.json` agrees with the
settings and inputs asked for and its files still have the recorded hashes; there is no other
cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from replication.errors import SettingsError, StageNotRun

RECORD = "stage.json"
KEY = "stage-key.json"
RUN_RECORD = "run.json"
LOCK = "run.lock"
PARTIAL = ".partial"
RECORDED_PACKAGES = (
    "tensorflow",
    "keras",
    "innvestigate",
    "tensorflow-addons",
    "numpy",
    "opencv-python-headless",
    "pandas",
    "great-expectations",
)


class RunStore:
    """One run's folder on disk.

    Args:
        root: the run's folder; made when the run is opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, settings: dict, *, fresh: bool = False) -> None:
        """Make the folder, or check that it was made with these settings.

        Raises:
            SettingsError: when the folder holds a run of other settings, or something else.
        """
        record = self.root / RUN_RECORD
        if fresh and record.exists():
            shutil.rmtree(self.root)
        if self.root.exists() and not record.exists() and any(self.root.iterdir()):
            raise SettingsError(f"{self.root}: not a run's folder; choose another --run")
        if not record.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            write_json(record, settings)
            return
        before = read_json(record)
        asked = json.loads(json.dumps(settings))
        differing = sorted(k for k in before | asked if before.get(k) != asked.get(k))
        if differing:
            raise SettingsError(
                f"{self.root}: this run was made with other settings ({', '.join(differing)}); "
                "choose another --run, or --fresh to start it again"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out of the run while the block runs.

        Raises:
            SettingsError: when another process is working in the run.
        """
        lock = FileLock(self.root / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise SettingsError(
                f"{self.root}: another process is working in this run; wait for it, or choose "
                "another --run"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def folder(self, unit: str) -> Path:
        """Return the folder of a complete stage.

        Raises:
            StageNotRun: when the stage isn't complete.
        """
        folder = self.root / unit
        if not (folder / RECORD).exists():
            raise StageNotRun(f"{folder}: not complete; `replicate` makes it")
        return folder

    def digest(self, unit: str) -> str:
        """Return one hash of all the files that a complete stage left."""
        outputs = read_json(self.folder(unit) / RECORD)["outputs"]
        return hashlib.sha256(json.dumps(outputs, sort_keys=True).encode()).hexdigest()

    def records(self) -> dict[str, dict]:
        """Return what each complete stage recorded of its making, by unit in their order."""
        return {
            file.parent.relative_to(self.root).as_posix(): read_json(file)
            for file in sorted(self.root.rglob(RECORD))
            if not file.parent.name.endswith(PARTIAL)
        }

    def is_complete(self, unit: str, key: dict) -> bool:
        """Tell whether the stage was completed with this key and its files are unchanged."""
        folder = self.root / unit
        if not (folder / RECORD).exists():
            return False
        record = read_json(folder / RECORD)
        return record["key"] == _plain(key) and record["outputs"] == _hash_files(folder)

    @contextmanager
    def writing(self, unit: str, key: dict) -> Iterator[Path]:
        """Give a folder to write a stage into, and complete it when the block ends well.

        A folder left by a killed run of the same key is given again, so that training goes on
        from the checkpoint in it; one of another key is emptied.
        """
        final = self.root / unit
        partial = final.with_name(final.name + PARTIAL)
        if not (partial / KEY).exists() or read_json(partial / KEY) != _plain(key):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            write_json(partial / KEY, key)
        start = time.perf_counter()
        yield partial
        (partial / KEY).unlink()
        record = {
            "key": key,
            "seconds": round(time.perf_counter() - start, 2),
            "versions": _versions(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "commit": find_commit(),
            "outputs": _hash_files(partial),
        }
        write_json(partial / RECORD, record)
        shutil.rmtree(final, ignore_errors=True)
        partial.replace(final)


def write_json(file: Path, content: dict) -> None:
    """Write JSON atomically."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text atomically: under a temporary name, then renamed."""
    temporary = file.with_name(file.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


def read_json(file: Path) -> dict:
    """Read a JSON file of the run folder.

    Raises:
        SettingsError: when the file is not the JSON it should be.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{file}: not readable as JSON ({error}); use --fresh") from error


def _plain(key: dict) -> dict:
    return json.loads(json.dumps(key))


def _hash_files(folder: Path) -> dict[str, str]:
    hashes = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name not in (RECORD, KEY):
            with file.open("rb") as stream:
                hashes[file.relative_to(folder).as_posix()] = hashlib.file_digest(
                    stream, "sha256"
                ).hexdigest()
    return hashes


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        package: metadata.version(package) for package in RECORDED_PACKAGES
    }


@cache
def find_commit() -> str | None:
    """Return the commit of this code, None where it was changed since or is in no git clone."""
    code = Path(__file__).resolve().parents[1]
    told = []
    for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            git = subprocess.run(
                ["git", "-C", str(code), *words], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        told.append(git.stdout.strip())
    commit, changes = told
    return None if changes else commit
