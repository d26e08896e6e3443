"""RO-Crates of runs: every file with its hash, what made it, and nothing of patients."""

import hashlib
import json
import shutil
import sys
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from planted_run import FILE, FOLDER, PATIENT, open_run, plant_whole_run

import cli as command_line
from replication.errors import SettingsError, StageNotRun
from replication.results.export import describe_leaks
from replication.results.finished_run import FinishedRun
from replication.results.ro_crate import export_crate
from replication.store.files import read_json, write_json
from replication.store.run_folder import OUTLIVE_FRESH, RunStore

DAY, METADATA = date(2026, 12, 1), "ro-crate-metadata.json"
SEED, SPLIT_SEED = 987654321, 876543219
CONFIRM = "--yes-i-may-share"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> RunStore:
    """A run of drawn eyes with two files beside its stages, one of them nobody else's."""
    store = plant_whole_run(tmp_path_factory.mktemp("drawn"))
    write_json(store.root / "check.json", {"verdict": "BLESSED"})
    write_json(store.root / "ledger.jsonl", {"case": 1})
    for folder, file in (("cases", "table 3.md"), ("09_report.partial", "index.html")):
        (store.root / folder).mkdir()
        (store.root / folder / file).write_text(folder)
    return store


@pytest.fixture(scope="module")
def crate(drawn, tmp_path_factory) -> Path:
    pytest.importorskip("rocrate")
    target = tmp_path_factory.mktemp("crates") / "crate"
    files = export_crate(FinishedRun(drawn), target, may_share=False, day=DAY)
    assert files == len(list_kind(read_graph(target), "File"))
    return target


def read_graph(crate: Path) -> dict[str, dict]:
    """Return the entities of a crate by @id, read without its library."""
    graph = json.loads((crate / METADATA).read_text(encoding="utf-8"))["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph)
    return found


def list_kind(graph: dict[str, dict], kind: str) -> list[dict]:
    return [entity for entity in graph.values() if entity["@type"] == kind]


def name_parts(value) -> list[str]:
    """Return the @ids of a property, whether it is one or several."""
    values = value if isinstance(value, list) else [value]
    return [each["@id"] for each in values]


def walk(value):
    """Yield every value within a value."""
    yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from walk(part)


def plant_private(root: Path, *, kind: str = "folder") -> FinishedRun:
    """A patients' run whose seeds, names and ids can be searched for."""
    profile = {"name": "cpu", "split": {"seed": SPLIT_SEED}}
    name = f"{FOLDER}-seed-{SEED}"
    store = open_run(root / name, kind=kind, name=FOLDER, profile=profile, seed=SEED)
    key = {"settings": {"seed": SEED, "train": 0.65, "split": {"seed": SPLIT_SEED, "test": 0.2}}}
    with store.writing("01_preprocessed", key) as folder:
        (folder / "manifest.csv").write_text(f"{PATIENT},{FILE}\n")
    inputs = {"inputs": {"01_preprocessed": store.digest("01_preprocessed")}}
    with store.writing("05_privatized/blur-9", inputs) as folder:
        (folder / "draw-0.npy").write_bytes(b"pixels")
    return FinishedRun(store)


def test_every_file_of_a_drawn_run_is_there_with_its_hash(drawn, crate):
    own = (*OUTLIVE_FRESH, "exports.json")
    files = [
        file
        for file in drawn.root.rglob("*")
        if file.is_file() and file.name not in own and "09_report.partial" not in file.parts
    ]
    expected = {
        file.relative_to(drawn.root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    listed = list_kind(read_graph(crate), "File")
    assert {file["name"]: file["sha256"] for file in listed} == expected
    assert len(expected) > 50 and {"check.json", "cases/table 3.md"} <= set(expected)
    for file in listed:
        assert file["@id"] == file["name"].replace(" ", "%20")
        copied = (crate / file["name"]).read_bytes()
        assert hashlib.sha256(copied).hexdigest() == file["sha256"]
        assert int(file["contentSize"]) == len(copied)
    there = {f.relative_to(crate).as_posix() for f in crate.rglob("*") if f.is_file()}
    assert there == {*expected, METADATA}


def test_every_stage_is_an_action_that_names_what_it_read_and_left(drawn, crate):
    graph, records = read_graph(crate), drawn.records()
    actions = list_kind(graph, "CreateAction")
    assert {action["name"] for action in actions} == set(records)
    assert set(name_parts(graph["./"]["mentions"])) == {action["@id"] for action in actions}
    for action in actions:
        record = records[action["name"]]
        software = graph[action["instrument"]["@id"]]
        assert software["@type"] == "SoftwareApplication"
        assert (record["commit"] or "of no commit") in software["softwareVersion"]
        assert f"tensorflow {record['versions']['tensorflow']}" in software["softwareRequirements"]
        assert name_parts(action["result"]) == [f"{action['name']}/"]
        held = name_parts(graph[f"{action['name']}/"]["hasPart"])
        assert held == [f"{action['name']}/{n}" for n in sorted([*record["outputs"], "stage.json"])]
        took = datetime.fromisoformat(action["endTime"]) - datetime.fromisoformat(
            action["startTime"]
        )
        assert took.total_seconds() == pytest.approx(record["seconds"], abs=1)
        assert action["endTime"] == record["ended"]


def test_settings_and_inputs_are_what_an_action_was_given(tmp_path):
    pytest.importorskip("rocrate")
    store = open_run(tmp_path / "run")
    settings = {"steps": 7, "weights": [0.5, 0.002], "split": {"seed": 3, "by": "image"}}
    with store.writing("03_evaluators/identity", {}) as folder:
        (folder / "weights.h5").write_bytes(b"w")
    inputs = {"03_evaluators/identity": store.digest("03_evaluators/identity")}
    with store.writing("04_vgan", {"inputs": inputs, "settings": settings}) as folder:
        (folder / "history.csv").write_text("step\n")
    export_crate(FinishedRun(store), tmp_path / "crate", may_share=False, day=DAY)
    graph = read_graph(tmp_path / "crate")
    given = [graph[name] for name in name_parts(graph["#action/04_vgan"]["object"])]
    assert given[0]["@id"] == "03_evaluators/identity/"
    assert {each["name"]: each["value"] for each in given[1:]} == {
        "settings.steps": "7",
        "settings.weights": "0.5, 0.002",
        "settings.split.seed": "3",
        "settings.split.by": "image",
    }
    assert "object" not in graph["#action/03_evaluators/identity"]


def test_what_the_profile_and_its_crate_require_is_there(crate):
    document = json.loads((crate / METADATA).read_text(encoding="utf-8"))
    graph = read_graph(crate)
    assert document["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    assert graph[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert graph["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert "profile cpu" in graph["./"]["name"] and "synthetic" in graph["./"]["description"]
    referred = {
        each["@id"]
        for each in walk(document["@graph"])
        if isinstance(each, dict) and [*each] == ["@id"]
    }
    assert {name for name in referred - set(graph) if not name.startswith("https://w3id")} == set()
    assert [
        each for each in walk(document["@graph"]) if isinstance(each, list) and len(each) < 2
    ] == []


def test_two_exports_are_the_same_bytes_but_for_the_day(drawn, crate, tmp_path):
    days = (DAY, date(2027, 1, 31))
    for number, day in enumerate(days):
        export_crate(FinishedRun(drawn), tmp_path / str(number), may_share=False, day=day)
    first, same, other = (
        (folder / METADATA).read_bytes() for folder in (crate, tmp_path / "0", tmp_path / "1")
    )
    assert first == same != other
    assert same.replace(b'"2026-12-01"', b'"2027-01-31"') == other
    for name in ("0", "1"):
        listed = [f.relative_to(tmp_path / name) for f in sorted((tmp_path / name).rglob("*"))]
        assert listed == [f.relative_to(crate) for f in sorted(crate.rglob("*"))]


@pytest.mark.parametrize("kind", ["warsaw", "folder", "manifest"])
def test_of_patients_files_are_listed_and_none_is_there(kind, tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs", kind=kind)
    with pytest.raises(SettingsError, match=CONFIRM):
        export_crate(run, tmp_path / "out", may_share=False, day=DAY)
    assert [entry.name for entry in tmp_path.iterdir()] == ["runs"]
    assert export_crate(run, tmp_path / "out", may_share=True, day=DAY) == 2
    [written] = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    graph = read_graph(tmp_path / "out")
    listed = {file["@id"]: file["sha256"] for file in list_kind(graph, "File")}
    assert listed == {
        "#01_preprocessed/manifest.csv": hashlib.sha256(f"{PATIENT},{FILE}\n".encode()).hexdigest(),
        "#05_privatized/blur-9/draw-0.npy": hashlib.sha256(b"pixels").hexdigest(),
    }
    assert set(name_parts(graph["./"]["hasPart"])) >= set(listed)
    words = [FOLDER, PATIENT, FILE, str(SEED), str(SPLIT_SEED)]
    text = written.read_text(encoding="utf-8")
    assert [word for word in words if word in text] == []
    assert "0.65" in text and '"settings.split.test"' in text
    assert graph["./"]["license"] == {"@id": "#not-licensed"}


@pytest.mark.parametrize(
    ("heading", "hashed"),
    [
        (f"Table 1 on the data in `eyes`: profile cpu, seed {SEED}, 10 draws.", False),
        (f'{{"profile": {{"split": {{"seed": {SPLIT_SEED}}}}}}}', False),
        (f"Table 1: profile cpu, seed {SEED}1.", True),
        ("Table 1 on the data in `eyes`: profile cpu.", True),
    ],
)
def test_of_patients_no_file_with_a_seed_has_a_hash(heading, hashed, tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs")
    with run.store.writing("06_evaluated", {}) as folder:
        (folder / "table1.md").write_text(heading)
    assert export_crate(run, tmp_path / "out", may_share=True, day=DAY) == 3
    listed = read_graph(tmp_path / "out")["#06_evaluated/table1.md"]
    assert ("sha256" in listed) == hashed
    assert listed["contentSize"] == str(len(heading))


def test_a_crate_is_counted_among_the_exports(tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs")
    for name in ("one", "two"):
        export_crate(run, tmp_path / name, may_share=True, day=DAY)
    entries = read_json(run.root / "exports.json")["exports"]
    assert [(entry["what"], entry["confirmed"]) for entry in entries] == [("crate", CONFIRM)] * 2
    [sha256] = {entry["sha256"] for entry in entries}
    listing = {METADATA: hashlib.sha256((tmp_path / "one" / METADATA).read_bytes()).hexdigest()}
    assert sha256 == hashlib.sha256(json.dumps(listing).encode()).hexdigest()
    described = describe_leaks(run, "weights", [])
    assert "before this one: 2 (crates, descriptions alone: 2)." in described


def test_runs_that_recorded_no_time_have_none(tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs")
    for file in run.root.rglob("stage.json"):
        record = read_json(file)
        del record["ended"], record["peak_memory_mib"]
        write_json(file, record)
    export_crate(run, tmp_path / "out", may_share=True, day=DAY)
    actions = list_kind(read_graph(tmp_path / "out"), "CreateAction")
    assert len(actions) == 2
    assert not any({"startTime", "endTime"} & action.keys() for action in actions)


def test_a_changed_file_and_a_run_without_stages_are_refused(tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs")
    (run.root / "05_privatized/blur-9/draw-0.npy").write_bytes(b"other")
    with pytest.raises(StageNotRun, match="draw-0.npy: not as its stage left it"):
        export_crate(run, tmp_path / "out", may_share=True, day=DAY)
    empty = FinishedRun(open_run(tmp_path / "empty"))
    with pytest.raises(StageNotRun, match="no stage is complete"):
        export_crate(empty, tmp_path / "out", may_share=False, day=DAY)
    assert not (tmp_path / "out").exists()
    assert not (empty.root / "exports.json").exists()


def test_a_full_disk_leaves_nothing_and_counts_nothing(tmp_path, monkeypatch):
    pytest.importorskip("rocrate")
    run = FinishedRun(open_run(tmp_path / "run"))
    with run.store.writing("01_preprocessed", {}) as folder:
        (folder / "manifest.csv").write_text("a\n")
    before = sorted(tmp_path.iterdir())

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(shutil, "copy", fail)
    with pytest.raises(OSError, match="disk full"):
        export_crate(run, tmp_path / "out", may_share=False, day=DAY)
    assert sorted(tmp_path.iterdir()) == before
    assert not (run.root / "exports.json").exists()


def call(*words) -> SimpleNamespace:
    return CliRunner().invoke(command_line.cli, ["export", *map(str, words)])


def test_the_command_takes_one_folder_and_closes_it_to_others(tmp_path):
    pytest.importorskip("rocrate")
    run = plant_private(tmp_path / "runs")
    for words in ((run.root,), (run.root, tmp_path / "a", "--ro-crate", tmp_path / "b")):
        assert call(*words).exit_code == 2
    for words in (("--what", "weights"), ("--method", "blur-9")):
        assert call(run.root, "--ro-crate", tmp_path / "b", CONFIRM, *words).exit_code == 2
    assert call(run.root, "--ro-crate", tmp_path / "b").exit_code == 3
    done = call(run.root, "--ro-crate", tmp_path / "b", CONFIRM)
    assert done.exit_code == 0 and "2 files are listed" in done.output
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    assert call(run.root, "--ro-crate", tmp_path / "b", CONFIRM).exit_code == 3


def test_without_the_package_one_sentence_names_what_to_install(tmp_path, monkeypatch):
    run = plant_private(tmp_path / "runs")
    monkeypatch.setitem(sys.modules, "rocrate", None)
    monkeypatch.setattr("replication.results.ro_crate.find_spec", lambda name: None)
    refused = call(run.root, "--ro-crate", tmp_path / "out", CONFIRM)
    assert refused.exit_code == 3 and r"pip install -e '.[facts]'" in refused.stderr
    assert not (tmp_path / "out").exists()
