"""The run folder: which stages are complete, with what settings, from which inputs.

Each stage owns one numbered folder. It is written under a temporary name, and `stage.json` comes
last: a folder that has it is complete. A stage is skipped when its `stage.json` agrees with the
run's settings and inputs and its files still have the recorded hashes; there is no other cache.
"""

import hashlib
import json
import logging
import platform
import secrets
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from replication.errors import DiskError, SettingsError, StageNotRun
from replication.store.files import (
    PARTIAL,
    TEMPORARY,
    describe_disk_fault,
    hash_file,
    read_json,
    write_json,
)
from replication.store.locks import HOLDER, LOCK, UNITS, hold, hold_all_units
from replication.system.provenance import find_commit, find_peak_memory, find_versions, name_machine

RECORD = "stage.json"
KEY = "stage-key.json"
CHECKPOINT = "training.checkpoint"
RUN_RECORD = "run.json"
SECRET, SECRET_BYTES = "run.secret", 32
SCRATCH_FOLDER = "scratch"  # of a command that leaves no stage
EXPORTS = "exports.json"  # what left the run: it outlives --fresh
LEDGER = "ledger.jsonl"  # which cases were shown, in which form: it outlives --fresh, too
OUTLIVE_FRESH = (LOCK, HOLDER, UNITS, SECRET, EXPORTS, LEDGER)
# Scratch files of a stage, not its outputs.
SCRATCH = (KEY, CHECKPOINT)
# Of a profile, what one stage's own key has: another value makes that stage anew, not the run.
PARTS_OF_STAGES = ("attack", "code")

_LOG = logging.getLogger(__name__)


class RunStore:
    """One run's folder on disk.

    Args:
        root: the run's folder; made when the run is opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unchanged: set[str] = set()

    def open(self, settings: dict, *, fresh: bool = False, private: bool = False) -> None:
        """Make the folder, or check that it was made with these settings.

        Args:
            settings: what identifies the run.
            fresh: remove what an earlier run wrote.
            private: make the folder readable by its owner alone.

        Raises:
            SettingsError: when the folder holds something else, or another process works in it.
        """
        record = self.root / RUN_RECORD
        if not record.exists() and self._holds_something():
            raise SettingsError(f"{self.root}: not a run's folder; choose another --run")
        if not self.root.exists():
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700 if private else 0o777, exist_ok=True)
        with self.locked():
            shutil.rmtree(self.root / SCRATCH_FOLDER, ignore_errors=True)
            if fresh and record.exists():
                self._clear()
            _ = self.secret  # made here, where no other process is at work
            if not record.exists():
                if private:  # a folder that was there may be open, as one of another run is
                    self.root.chmod(0o700)
                write_json(record, settings)
        self.join(settings)

    def join(self, settings: dict) -> None:
        """Check that the folder was made with these settings.

        Raises:
            StageNotRun: when there is no run.
            SettingsError: when it is a run of other settings.
        """
        record = self.root / RUN_RECORD
        if not record.exists():
            raise StageNotRun(
                f"{self.root}: {platform.node()!r} finds no run there; all machines must have "
                "the artifacts under the same path"
            )
        before, now = map(_drop_parts, (read_json(record), _plain(settings)))
        differing = sorted(k for k in before | now if before.get(k) != now.get(k))
        if "manifest" in differing and set(differing) <= {"manifest", "source"}:
            raise SettingsError(
                f"{self.root}: this run is of other data; choose another --run, or --fresh to throw "
                "its results away"
            )
        if differing:
            names = ascii(", ".join(differing))[1:-1]  # a damaged record's may be unprintable
            raise SettingsError(
                f"{self.root}: this run was made with other settings ({names}); "
                "choose another --run, or --fresh to start it again"
            )

    @property
    def secret(self) -> int:
        """A random number of 32 bytes that only this run has, and keeps, so that it can be repeated.

        Raises:
            SettingsError: when the file of it is damaged.
        """
        file = self.root / SECRET
        if not file.exists():
            temporary = file.with_name(SECRET + TEMPORARY)
            temporary.touch(mode=0o600)
            temporary.write_text(secrets.token_hex(SECRET_BYTES), encoding="ascii")
            temporary.replace(file)
        try:
            return int.from_bytes(_read_secret(file), "big")
        except ValueError as error:
            raise SettingsError(
                f"{file}: damaged; restore it from a copy, or remove it and what was drawn by it is "
                "drawn anew"
            ) from error

    @property
    def secret_digest(self) -> str:
        """The secret's hash, which gives nothing of it away."""
        return hashlib.sha256(self.secret.to_bytes(SECRET_BYTES, "big")).hexdigest()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out of the run while a block runs."""
        return hold(self.root)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder in the run for a block, and keep other processes out of the run.

        What one that was killed left there goes when the run is opened next.
        """
        folder = self.root / SCRATCH_FOLDER
        with self.locked():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder)

    def locked_unit(self, unit: str, *, wait: bool = False) -> AbstractContextManager[None]:
        """Keep other processes from writing a unit while a block runs."""
        return hold(self.root, unit, wait=wait)

    def folder(self, unit: str) -> Path:
        """Return the folder of a complete stage, whose files and inputs are as it left them.

        Raises:
            StageNotRun: when the stage isn't complete, a file was changed since, or a stage that it
                read was made again since: what is read back belongs together.
        """
        folder = self.root / unit
        record = self._read_record(unit)
        if record is None:
            raise StageNotRun(f"{folder}: not complete; `replicate` makes it")
        if unit not in self._unchanged and (changed := self._name_changed(unit, record)):
            words = "not as its stage left it; `replicate` makes it again"
            raise StageNotRun(f"{folder / changed}: {words}")
        self._unchanged.add(unit)
        self._check_inputs(unit, record)
        return folder

    def digest(self, unit: str) -> str:
        """Return one hash of all the files that a complete stage wrote."""
        return _digest(read_json(self.folder(unit) / RECORD))

    def _check_inputs(self, unit: str, record: dict) -> None:
        """Raise StageNotRun unless a stage's inputs, and theirs, are those that it was made from."""
        records, pending = {unit: record}, [unit]
        while pending:
            maker = pending.pop()
            for need, digest in records[maker]["key"].get("inputs", {}).items():
                if need not in records:
                    records[need] = self._read_record(need)
                    pending.append(need)
                if records[need] is None or _digest(records[need]) != digest:
                    raise StageNotRun(
                        f"{self.root / need}: was made again since {maker}; run `replicate`"
                    )

    def records(self) -> dict[str, dict]:
        """Return what each complete stage recorded of its making, by unit in their order."""
        return {
            file.parent.relative_to(self.root).as_posix(): read_json(file)
            for file in sorted(self.root.glob(f"[0-9]*/**/{RECORD}"))
            if not file.parent.name.endswith(PARTIAL)
        }

    def is_complete(self, unit: str, key: dict) -> bool:
        """Return whether the stage was completed with this key and its files are unchanged."""
        self._finish_rename(unit)
        record = self._read_record(unit)
        if record is None or record["key"] != _plain(key) or self._name_changed(unit, record):
            return False
        self._unchanged.add(unit)
        return True

    @contextmanager
    def writing(self, unit: str, key: dict) -> Iterator[Path]:
        """Give a folder to write a stage into, and complete it when the block ends well.

        The folder is empty, but for the checkpoint of a training cut off with the same key. The
        record is written while all else is still there: whenever the process is killed, the stage
        is either complete or resumes.

        Raises:
            DiskError: when the disk is full or read-only, or the folder was removed.
        """
        partial = self._partial(unit)
        try:
            self._prepare(partial, key)
            start = time.perf_counter()
            yield partial
            record = {
                "key": key,
                "seconds": round(time.perf_counter() - start, 2),
                "ended": datetime.now(UTC).isoformat(timespec="seconds"),
                "peak_memory_mib": find_peak_memory(),
                "versions": find_versions(),
                "machine": name_machine(),
                "commit": find_commit(),
                "outputs": _hash_files(partial),
            }
            write_json(partial / RECORD, record)
            self._finish_rename(unit)
        except Exception as error:
            fault = describe_disk_fault(error, partial)
            if fault is None:
                raise
            raise DiskError(fault) from error

    def _prepare(self, partial: Path, key: dict) -> None:
        """Empty a stage's folder, but for the checkpoint of a training with the same key."""
        try:
            resumes = read_json(partial / KEY) == _plain(key)
        except (SettingsError, FileNotFoundError):
            resumes = False
        for entry in sorted(partial.iterdir()) if resumes else ():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name not in SCRATCH:
                entry.unlink()
        if not resumes:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            write_json(partial / KEY, key)

    def _finish_rename(self, unit: str) -> None:
        """Give a stage whose record is written its own name."""
        partial, final = self._partial(unit), self.root / unit
        if not (partial / RECORD).exists():
            return
        for name in SCRATCH:
            (partial / name).unlink(missing_ok=True)
        self._unchanged.discard(unit)
        shutil.rmtree(final, ignore_errors=True)
        partial.replace(final)

    def _partial(self, unit: str) -> Path:
        return self.root / (unit + PARTIAL)

    def _read_record(self, unit: str) -> dict | None:
        """Return what a stage recorded; None where it has none that could be its own."""
        file = self.root / unit / RECORD
        if not file.is_file():
            return None
        try:
            record = read_json(file)
            if not all(isinstance(record.get(name), dict) for name in ("key", "outputs")):
                raise SettingsError(f"{file}: not what a stage records")
        except SettingsError as error:
            _LOG.warning("%s; the stage counts as not run", error)
            return None
        return record

    def _name_changed(self, unit: str, record: dict) -> str | None:
        """Return a file that isn't as the stage left it, None where all are."""
        before, now = record["outputs"], _hash_files(self.root / unit)
        return next((n for n in sorted(before | now) if before.get(n) != now.get(n)), None)

    def _holds_something(self) -> bool:
        ours = (*OUTLIVE_FRESH, SECRET + TEMPORARY, RUN_RECORD + TEMPORARY)
        return self.root.exists() and any(e.name not in ours for e in self.root.iterdir())

    def _clear(self) -> None:
        """Remove all but OUTLIVE_FRESH, and last the record that makes it a run's."""
        with hold_all_units(self.root):
            for entry in sorted(self.root.iterdir(), key=lambda entry: entry.name == RUN_RECORD):
                if entry.name in OUTLIVE_FRESH:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        self._unchanged.clear()


def _read_secret(file: Path) -> bytes:
    secret = bytes.fromhex(file.read_text(encoding="ascii"))
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"expected {SECRET_BYTES} bytes")
    return secret


def digest_files(folder: Path) -> str:
    """Return one hash of the names and contents of all files in a folder."""
    return _digest({"outputs": _hash_files(folder)})


def _digest(record: dict) -> str:
    return hashlib.sha256(json.dumps(record["outputs"], sort_keys=True).encode()).hexdigest()


def _drop_parts(run: dict) -> dict:
    """Return a record without PARTS_OF_STAGES, which older ones have."""
    profile = run.get("profile")
    if not isinstance(profile, dict):
        return run
    kept = {part: value for part, value in profile.items() if part not in PARTS_OF_STAGES}
    return run | {"profile": kept}


def _plain(key: dict) -> dict:
    return json.loads(json.dumps(key))


def _hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a stage left; several at once, each on a core."""
    left = (file for file in folder.rglob("*") if file.name not in (RECORD, *SCRATCH))
    files = sorted(file for file in left if file.is_file())
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(hash_file, files)
        return dict(zip((f.relative_to(folder).as_posix() for f in files), hashes, strict=True))
