import json
import re
import sys
import threading
from dataclasses import replace
from functools import partial

import pytest
from click.testing import CliRunner
from drawn_eyes import write_warsaw

import cli as command_line
from replication.command_line import opening
from replication.errors import DataError, SettingsError
from replication.pipeline.open_run import RunRequest, open_run
from replication.store.run_folder import RunStore
from replication.sweep.tasks import (
    Outcome,
    State,
    Task,
    attempt,
    combine_requests,
    do_as_worker,
    do_here,
    do_sweep,
    list_tasks,
)
from replication.system.progress import track_on_terminal
from replication.system.provenance import find_versions


@pytest.fixture
def request_(tmp_path):
    eyes = write_warsaw(tmp_path / "eyes")
    return RunRequest(str(tmp_path / "artifacts"), ("blur-3", "pprl-vgan-random"), str(eyes))


def open_it(request, **more):
    return open_run(request, fresh=False, workers=1, track=track_on_terminal, **more)


def test_every_data_set_by_every_split_by_every_seed():
    shared = RunRequest("artifacts", ("blur-3",), profile="smoke")
    data = [{"data_dir": "a"}, {"data_dir": "b"}, {"manifest": "c.csv"}]
    requests = combine_requests(shared, data, ("image", "patient"), range(3, 5))
    assert len(set(requests)) == 12
    assert [r.seed for r in requests[:4]] == [3, 4, 3, 4]
    given = [(r.data_dir, r.manifest) for r in requests[::4]]
    assert given == [("a", None), ("b", None), (None, "c.csv")]
    assert {r.profile for r in requests} == {"smoke"}
    assert combine_requests(shared, [], ("image",), range(1)) == [shared]


def test_tasks_wait_for_what_they_read_and_for_the_validation(request_):
    tasks = list_tasks([(request_, open_it(request_))], until="06_evaluated")
    units = [task.unit for task in tasks]
    by_unit = {task.unit: [name.partition("/")[2] for name in task.waits_for] for task in tasks}
    assert units[-1] == "06_evaluated"
    assert all(units.index(each) < units.index(unit) for unit in units for each in by_unit[unit])
    assert by_unit["01_preprocessed"] == []
    assert by_unit["02_validated"] == ["01_preprocessed"]
    awaited = ["01_preprocessed", "04_vgan", "02_validated"]
    assert by_unit["05_privatized/pprl-vgan-random"] == awaited
    assert all("02_validated" in by_unit[unit] for unit in units[2:])
    # Both trainings of evaluators and PPRL-VGAN's may be at work at once.
    trainings = ("03_evaluators/identity", "03_evaluators/glaucoma", "04_vgan")
    assert {tuple(by_unit[unit]) for unit in trainings} == {("01_preprocessed", "02_validated")}
    # The raw files are read where they are preprocessed, and nowhere else for a hash.
    assert [task.manifest is None for task in tasks] == [True] + [False] * (len(tasks) - 1)


def test_two_runs_in_one_folder_are_refused(request_, tmp_path):
    other = replace(request_, data_dir=str(write_warsaw(tmp_path / "more" / "eyes")))
    runs = [(each, open_it(each)) for each in (request_, other)]
    with pytest.raises(SettingsError, match="in one folder, eyes-[0-9a-f]{8}-cpu-seed-0"):
        list_tasks(runs, until="01_preprocessed")


def test_what_travels_is_plain_and_comes_back_the_same(request_):
    [task, *_] = list_tasks([(request_, open_it(request_))], until="01_preprocessed")
    assert Task.from_plain(json.loads(json.dumps(task.to_plain()))) == task
    outcome = Outcome(State.FAILED, "why", 3)
    assert Outcome.from_plain(json.loads(json.dumps(outcome.to_plain()))) == outcome


def fail(error):
    raise error


def test_faults_that_a_user_can_act_on_are_outcomes_and_others_are_raised():
    assert attempt(lambda: "kept", []) == Outcome(State.KEPT)
    assert attempt(lambda: fail(DataError("why")), []) == Outcome(State.FAILED, "why", 3)
    full = attempt(lambda: fail(OSError(28, "No space left", "a file")), [])
    assert (full.state, full.exit_code) == (State.FAILED, 6)
    assert full.sentence.startswith("a file: no space is left on the disk")
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0, [])


def test_what_waits_for_a_failed_task_is_left_out():
    for state in (State.FAILED, State.LEFT_OUT):
        earlier = [Outcome(State.DONE), Outcome(state, "why", 3)]
        assert attempt(lambda: fail(AssertionError), earlier) == Outcome(State.LEFT_OUT)


def test_of_two_runs_one_fails_and_the_other_continues(request_, monkeypatch):
    requests = [request_, replace(request_, seed=1)]
    runs = [open_it(each) for each in requests]
    tasks = list_tasks(zip(requests, runs, strict=True), until="03_evaluators")
    done = []

    def run_unit(run, unit):
        if run.data.seed == 0 and unit == "02_validated":
            raise DataError("no such eye")
        with pytest.raises(SettingsError, match="is working in this run"), run.store.locked():
            pass
        done.append((run.data.seed, unit))
        return "done"

    monkeypatch.setattr("replication.pipeline.order.Replication.run_unit", run_unit)
    states = []
    do = partial(do_here, runs=runs)
    failed = do_sweep(runs, tasks, do=do, on_outcome=lambda _, found: states.append(found.state))
    units = [task.unit for task in tasks if task.run.endswith("seed-1")]
    assert done == [(0, "01_preprocessed"), *((1, unit) for unit in units)]
    first, second = (run.store.root.name for run in runs)
    [(task, outcome)] = failed.pop(first)
    assert (task.unit, outcome.sentence) == ("02_validated", "no such eye")
    assert failed == {second: []}
    assert states.count(State.LEFT_OUT) == len(units) - 2
    with runs[0].store.locked():
        pass


def test_a_worker_refuses_other_versions_folders_and_settings(request_, tmp_path):
    [task, *_] = list_tasks([(request_, open_it(request_))], until="01_preprocessed")
    assert task.versions == find_versions()
    unseen = str(tmp_path / "unseen")
    others = {
        "(not 1.0); install the same lock": {"versions": task.versions | {"keras": "1.0"}},
        "finds no run there": {"request": replace(request_, artifacts=unseen)},
        "must have the data": {"request": replace(request_, data_dir=unseen)},
        "other settings (draws)": {"request": replace(request_, draws=3)},
    }
    for said, other in others.items():
        outcome = do_as_worker(replace(task, **other).to_plain())
        assert outcome["state"] == "failed" and said in outcome["sentence"]
    assert not (tmp_path / "unseen").exists()


def test_a_unit_has_one_process_and_a_worker_waits_for_it(tmp_path):
    store, order = RunStore(tmp_path / "run"), []
    store.open({"seed": 0})
    held = store.locked_unit("03_evaluators/identity")
    held.__enter__()
    refused = pytest.raises(SettingsError, match="is working in its 03_evaluators/identity; wait")
    with refused, store.locked_unit("03_evaluators/identity"):
        pass
    with store.locked_unit("03_evaluators/glaucoma"):
        pass
    with pytest.raises(SettingsError, match="is working in its 03_evaluators.identity"):
        store.open({"seed": 0}, fresh=True)
    assert (store.root / "run.json").exists()

    def work():
        with store.locked_unit("03_evaluators/identity", wait=True):
            order.append("second")

    second = threading.Thread(target=work)
    second.start()
    order.append("first")
    held.__exit__(None, None, None)
    second.join(timeout=60)
    assert order == ["first", "second"]
    store.open({"seed": 0}, fresh=True)


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    return lambda *words: CliRunner().invoke(command_line.cli, ["sweep", *map(str, words)])


def test_a_run_that_fails_is_named_and_gives_its_exit_code(call, tmp_path):
    eyes = [write_warsaw(tmp_path / name) for name in ("one", "other")]
    result = call("--data-dir", eyes[0], "--data-dir", eyes[1], "--until", "01_preprocessed")
    assert result.exit_code == 3, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    named = [line.split(":")[1].strip() for line in errors]
    assert [re.sub("-[0-9a-f]{8}-", "-", each) for each in named] == [
        f"{name}-cpu-seed-0, 01_preprocessed" for name in ("one", "other")
    ]
    assert re.search("one-[0-9a-f]{8}-cpu-seed-0: failed in 01_preprocessed", result.stdout)


def test_workers_need_dask_and_are_not_given_with_a_scheduler(call, monkeypatch, tmp_path):
    result = call("--workers", "2", "--scheduler", "tcp://login:8786")
    assert result.exit_code == 3
    assert result.stderr == "Error: give --workers or --scheduler, not both\n"
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = call("--workers", "2")
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: --workers and --scheduler need Dask")
    assert "'.[cluster]'" in result.stderr
    assert not (tmp_path / "artifacts").exists()
