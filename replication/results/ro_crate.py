"""Describe a run as an RO-Crate, so that tools that know nothing of this project can read its facts.

Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5) on RO-Crate 1.1, which it inherits. From
each stage's `stage.json`: an action with its times, its settings, the code and the packages that ran
it, what it read, and each file that it left with its SHA-256.

- Of drawn eyes the crate holds the run itself: every file of it is copied, but for OUTLIVE_FRESH.
- Of patients' eyes it holds one file, the description. Files are listed, none is there, and no seed, no
  name of the data and no hash of a file that holds a seed, as headings of tables do: whoever has the
  table tries seeds until the hash comes out, and then makes the split again.

Two exports of one run are the same bytes but for the day in `datePublished`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from replication.errors import SettingsError, StageNotRun
from replication.results.export import SEED, Goods, note_export, require_sharing
from replication.results.finished_run import FinishedRun
from replication.store.files import PARTIAL, TEMPORARY, hash_file, new_folder
from replication.store.run_folder import OUTLIVE_FRESH, RECORD, SCRATCH_FOLDER, digest_files

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
VERSION = "1.1"  # the newest that the profile's validator takes
# RO-Crate 1.1 has no term for it; the profile's own vocabulary has.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
PAPER = "https://doi.org/10.48550/arXiv.2107.09652"
MIT = "https://spdx.org/licenses/MIT"
NOT_LICENSED = "#not-licensed"
FORMATS = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npy": "application/octet-stream",
    ".png": "image/png",
    ".xml": "application/xml",
}
SOFTWARE = "privacy-explanations"


def export_crate(run: FinishedRun, target: Path, *, may_share: bool, day: date) -> int:
    """Write a run's crate into a new folder, and note it in the run's `exports.json`.

    Args:
        run: with one complete stage or more.
        target: the folder; it appears only when complete.
        may_share: whether the user has confirmed that these patients' data may be shared.
        day: of the publication.

    Returns:
        How many files are listed.

    Raises:
        SettingsError: when rocrate is missing, the folder exists, or it is patients' data and the user
            has not confirmed.
        StageNotRun: when no stage is complete, or a file was changed since.
    """
    require_sharing(run, target, Goods.CRATE, may_share=may_share)
    with run.store.locked():
        crate = build_crate(run, day=day)
        with new_folder(target) as partial:
            crate.write(partial)
            note_export(run, Goods.CRATE, draws={}, sha256=digest_files(partial))
    return len(crate.get_by_type("File"))


def build_crate(run: FinishedRun, *, day: date):
    """Return the crate of a run, a `rocrate.rocrate.ROCrate` that is not written yet."""
    if find_spec("rocrate") is None:
        raise SettingsError(
            "--ro-crate needs the package rocrate, which isn't installed: pip install -e '.[facts]'"
        )
    from rocrate.rocrate import ROCrate

    records = run.store.records()
    if not records:
        raise StageNotRun(f"{run.root}: no stage is complete; `replicate` makes them")
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms = TERMS
    _describe(crate, run, day)
    writer = _Writer(crate, run, drawn=not run.source.kind.private)
    for unit, record in records.items():
        writer.add_unit(unit, run.store.folder(unit), record)
    for unit, record in records.items():
        writer.add_action(unit, record)
    if writer.drawn:
        writer.add_rest()
    return crate


class _Writer:
    """Adds a run's stages to a crate."""

    def __init__(self, crate, run: FinishedRun, *, drawn: bool) -> None:
        self.crate, self.run, self.drawn = crate, run, drawn
        seeds = [value for name, value in _flatten(run.run) if SEED in name.split(".")]
        self._seed = re.compile(rf"{SEED}\W{{1,3}}({'|'.join(seeds)})\b".encode(), re.IGNORECASE)
        self._folders = {}
        self._instruments = {}

    def add_unit(self, unit: str, folder: Path, record: Mapping) -> None:
        """Add a stage's folder and the files that it left; of drawn eyes its record, too."""
        hashes = dict(record["outputs"])
        if self.drawn:
            hashes[RECORD] = hash_file(folder / RECORD)
        place = self._add_part("Dataset", f"{unit}/", {"name": unit}, None)
        place["hasPart"] = _plain(
            [
                self._add_file(folder / name, f"{unit}/{name}", hashes[name])
                for name in sorted(hashes)
            ]
        )
        self._folders[unit] = place

    def add_rest(self) -> None:
        """Add the files that lie in no stage, but for those that are of this folder alone."""
        listed = {part.id for part in self.crate.get_by_type("File")}
        for file in sorted(self.run.root.rglob("*")):
            place = file.relative_to(self.run.root)
            kept = place.parts[0] in (*OUTLIVE_FRESH, SCRATCH_FOLDER)
            unfinished = any(part.endswith((TEMPORARY, PARTIAL)) for part in place.parts)
            if file.is_file() and not (kept or unfinished or quote(place.as_posix()) in listed):
                self._add_file(file, place.as_posix(), hash_file(file))

    def add_action(self, unit: str, record: Mapping) -> None:
        """Add what made a stage: from what, by which settings, when and by what software."""
        from rocrate.model import ContextEntity

        key = record["key"]
        read = [
            self._folders[name] for name in sorted(key.get("inputs", {})) if name in self._folders
        ]
        settings = [
            self.crate.add(
                ContextEntity(
                    self.crate,
                    f"#setting/{unit}/{name}",
                    {"@type": "PropertyValue", "name": name, "value": value},
                )
            )
            for name, value in _flatten({k: v for k, v in key.items() if k != "inputs"})
            if self.drawn or SEED not in name.split(".")
        ]
        action = self.crate.add_action(
            self._find_instrument(record),
            identifier=f"#action/{unit}",
            object=_plain(read + settings),
            result=self._folders[unit],
            properties={"name": unit, "description": _describe_making(unit, record)}
            | _find_times(record),
        )
        self.crate.root_dataset.append_to("mentions", action)

    def _add_file(self, file: Path, place: str, sha256: str):
        facts = {"name": place, "contentSize": str(file.stat().st_size)}
        if self.drawn or not self._seed.search(file.read_bytes()):
            facts["sha256"] = sha256
        if file.suffix in FORMATS:
            facts["encodingFormat"] = FORMATS[file.suffix]
        return self._add_part("File", place, facts, file)

    def _add_part(self, kind: str, place: str, facts: Mapping, source: Path | None):
        """Add a file or folder: of drawn eyes one that is copied, of patients' a mention of it."""
        from rocrate.model import ContextEntity

        if self.drawn:
            add = self.crate.add_file if kind == "File" else self.crate.add_dataset
            return add(source, dest_path=place, properties=dict(facts))
        part = ContextEntity(self.crate, f"#{place}", {"@type": kind} | dict(facts))
        self.crate.root_dataset.append_to("hasPart", part)
        return self.crate.add(part)

    def _find_instrument(self, record: Mapping):
        """Return the software that made a stage, one for each commit and set of versions."""
        from rocrate.model import ContextEntity

        commit = record["commit"]
        made_by = (commit, *sorted(record["versions"].items()))
        if made_by not in self._instruments:
            number = len(self._instruments) + 1
            version = metadata.version(SOFTWARE)
            self._instruments[made_by] = self.crate.add(
                ContextEntity(
                    self.crate,
                    f"#software/{number}",
                    {
                        "@type": "SoftwareApplication",
                        "name": SOFTWARE,
                        "softwareVersion": f"{version}, {_write_commit(commit)}",
                        "softwareRequirements": ", ".join(
                            f"{name} {version}" for name, version in made_by[1:]
                        ),
                        "license": {"@id": MIT},
                    },
                )
            )
        return self._instruments[made_by]


def _describe(crate, run: FinishedRun, day: date) -> None:
    """Write name, description, licence and profile of a crate."""
    from rocrate.model import ContextEntity

    private, profile = run.source.kind.private, run.run["profile"]["name"]
    whose = "patients' eyes" if private else "synthetic eyes (a surrogate, not Warsaw)"
    there = (
        "Its files are named with their hashes; none of them is here."
        if private
        else "Its files are here, with their hashes."
    )
    crate.name = f"A replication run on {whose}, profile {profile}"
    crate.description = (
        "One run of a replication of 'Towards Privacy-preserving Explanations in Medical Image "
        f"Analysis' on {whose}, split by {run.run['split']}: the stages that made it, their settings, "
        f"software and times. {there}"
    )
    crate.datePublished = day
    rights = {"@type": "CreativeWork", "name": "MIT License"}
    if private:
        words = "No licence is given: what was made from patients' eyes is its owner's to release."
        rights = {"@type": "CreativeWork", "name": "Not licensed", "description": words}
    crate.add(ContextEntity(crate, MIT, {"@type": "CreativeWork", "name": "MIT License"}))
    crate.license = crate.add(ContextEntity(crate, NOT_LICENSED if private else MIT, rights))
    known = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    crate.root_dataset["conformsTo"] = crate.add(ContextEntity(crate, PROFILE, known))
    paper = {"@type": "ScholarlyArticle", "name": "The paper that is replicated"}
    crate.root_dataset["citation"] = crate.add(ContextEntity(crate, PAPER, paper))


def _describe_making(unit: str, record: Mapping) -> str:
    memory = record.get("peak_memory_mib")
    most = f", with at most {memory} MiB" if memory else ""
    return f"Made {unit} in {record['seconds']:g} s{most}, on {record['machine']}."


def _find_times(record: Mapping) -> dict[str, str]:
    """Return when a stage began and ended, UTC; nothing of runs that have not recorded it."""
    if "ended" not in record:
        return {}
    ended = datetime.fromisoformat(record["ended"])
    began = ended - timedelta(seconds=record["seconds"])
    return {
        name: moment.astimezone(UTC).isoformat(timespec="seconds")
        for name, moment in (("startTime", began), ("endTime", ended))
    }


def _write_commit(commit: str | None) -> str:
    return f"commit {commit}" if commit else "of no commit"


def _flatten(settings: Mapping, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, value) of settings within settings, names joined by dots, in their order."""
    for name, value in sorted(settings.items()):
        place = f"{above}.{name}" if above else name
        if isinstance(value, Mapping):
            yield from _flatten(value, place)
        else:
            yield place, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(entities: Sequence):
    """Return entities as RO-Crate wants them: one alone, not a list of one."""
    return entities[0] if len(entities) == 1 else list(entities)
