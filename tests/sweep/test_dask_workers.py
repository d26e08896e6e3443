"""Two worker processes give what one process gives, and a worker killed in the middle loses nothing."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from unittest.mock import MagicMock

import psutil
import pytest
from distributed import LocalCluster, Security
from tiny_process import PROGRAM, wait_for
from tiny_run import METHODS

from replication.config import SurrogateSettings
from replication.errors import ReplicationError, SettingsError
from replication.pipeline.open_run import RunRequest, open_run
from replication.surrogate.synthesize import synthesize
from replication.sweep.dask_workers import do_on_workers, join_scheduler, start_workers
from replication.sweep.tasks import (
    Outcome,
    State,
    Task,
    combine_requests,
    do_as_worker,
    do_here,
    do_sweep,
    list_tasks,
)

WORDS = ("sweep", "--profile", "smoke", "--draws", "1", "--seeds", "2")
PYTHONPATH = os.pathsep.join(filter(None, [str(PROGRAM.parents[2]), os.environ.get("PYTHONPATH")]))
TABLE = ("06_evaluated/table1.csv", "06_evaluated/table1.json", "06_evaluated/predictions.csv")
TABLE += ("07_attacked/table2.json", "07_attacked/attackers.csv")
WEIGHTS = ("03_evaluators/identity/weights.h5", "03_evaluators/glaucoma/weights.h5")
WEIGHTS += ("04_vgan/encoder.h5", "04_vgan/decoder.h5")
PATIENCE_S = 240  # of a machine that has other work too
pytestmark = pytest.mark.usefixtures("heard_interrupts")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr("replication.sweep.dask_workers.SCHEDULER_TIMEOUT_S", 0.5)


def plan(name: str, folder: Path, waits_for: tuple[str, ...] = ()) -> Task:
    return Task("run", name, waits_for, RunRequest(str(folder), ()), None, {})


def note(plain: dict, *earlier: dict) -> dict:
    """Do as a worker does: write down its process, or die where the unit's name wants it."""
    task = Task.from_plain(plain)
    file = Path(task.request.artifacts) / task.unit
    if task.unit == "dies" or (task.unit == "dies-once" and not file.exists()):
        file.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    left = {"pid": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS"), "earlier": earlier}
    file.write_text(json.dumps(left))
    return Outcome(State.DONE).to_plain()


@pytest.fixture(scope="module")
def two():
    """Two workers for the quick tests."""
    with start_workers(2) as client:
        yield client


def test_tasks_wait_for_others_and_one_whose_worker_dies_is_done_by_another(tmp_path, two):
    tasks = [plan(name, tmp_path) for name in ("first", "dies-once")]
    tasks.append(plan("last", tmp_path, ("run/first", "run/dies-once")))
    done = list(do_on_workers(tasks, client=two, work=note))
    states = {task.unit: outcome.state for task, outcome in done}
    assert states == dict.fromkeys(("first", "dies-once", "last"), State.DONE)
    assert done[-1][0].unit == "last"
    left = {task.unit: json.loads((tmp_path / task.unit).read_text()) for task in tasks}
    assert left["last"]["earlier"] == [Outcome(State.DONE).to_plain()] * 2
    assert os.getpid() not in {each["pid"] for each in left.values()}
    assert {each["threads"] for each in left.values()} == {os.environ.get("OMP_NUM_THREADS")}


def test_workers_of_this_machine_are_reached_by_loopback_with_certificates_alone(two):
    address = two.scheduler_info()["address"]
    assert address.startswith("tls://127.0.0.1:")
    refused = pytest.raises(SettingsError, match="no Dask scheduler answers there")
    with refused, join_scheduler(address.replace("tls:", "tcp:")):
        pass
    listening = {
        place.laddr.ip
        for process in (psutil.Process(), *psutil.Process().children(recursive=True))
        for place in process.net_connections()
        if place.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.slow
def test_a_task_in_which_every_worker_dies_fails_and_leaves_out_what_waits_for_it(tmp_path):
    tasks = [plan("dies", tmp_path), plan("other", tmp_path)]
    tasks.append(plan("follower", tmp_path, ("run/dies",)))
    with start_workers(2) as client:
        done = list(do_on_workers(tasks, client=client, work=note))
    assert not psutil.pid_exists(json.loads((tmp_path / "other").read_text())["pid"])
    outcomes = {task.unit: outcome for task, outcome in done}
    states = {unit: outcome.state for unit, outcome in outcomes.items()}
    assert states == {"dies": State.FAILED, "other": State.DONE, "follower": State.LEFT_OUT}
    assert "one worker after the other" in outcomes["dies"].sentence
    assert outcomes["dies"].exit_code == 2


def test_a_cluster_that_comes_up_without_a_worker_is_named(monkeypatch):
    def start_none(**options):
        return LocalCluster(**options | {"n_workers": 0})

    monkeypatch.setattr("distributed.LocalCluster", start_none)
    monkeypatch.setattr("replication.sweep.dask_workers.START_TIMEOUT_S", 0.2)
    sentence = pytest.raises(SettingsError, match="--workers 2: the workers didn't start .Only 0/1")
    with sentence, start_workers(2):
        pytest.fail("no worker is there")


@pytest.mark.parametrize(
    "answer",
    [{"return_value": {"workers": {}}}, {"side_effect": TimeoutError}, {"side_effect": OSError}],
    ids=["none", "no-answer", "lost"],
)
def test_tasks_that_no_worker_takes_wait_no_longer_than_the_limit(monkeypatch, tmp_path, answer):
    for limit, seconds in {
        "COUNT_EVERY_S": 0.0,
        "POLL_S": 0.01,
        "NO_WORKER_TIMEOUT_S": 0.1,
    }.items():
        monkeypatch.setattr(f"replication.sweep.dask_workers.{limit}", seconds)
    client = MagicMock()
    client.sync.configure_mock(**answer)
    futures = [MagicMock(), MagicMock()]
    client.submit.side_effect = futures
    futures[0].status, futures[0].result.return_value = "finished", Outcome(State.DONE).to_plain()
    futures[1].done.return_value = False
    tasks = do_on_workers(
        [plan(name, tmp_path) for name in ("first", "waits")], client=client, work=note
    )
    assert next(tasks)[1].state == State.DONE
    with pytest.raises(
        ReplicationError, match="no worker of Dask .* 1 units wait .* run this again"
    ):
        next(tasks)


@pytest.mark.slow
def test_workers_that_do_not_start_are_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('as any module may')")
    words = [sys.executable, str(PROGRAM), *WORDS, "--workers", "1", "--until", "01_preprocessed"]
    environment = os.environ | {"DASK_DISTRIBUTED__WORKER__PRELOAD": str(broken)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == SettingsError.exit_code
    assert "--workers 1: the workers didn't start" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("login:8786", "expected tcp://host:port"),
        ("tls://127.0.0.1:1", "no certificates are set"),
        ("tcp://127.0.0.1:1", "no Dask scheduler answers there"),
        ("tcp://192.0.2.1:1", "can run code as you; take tls://.*, or allow it by --unencrypted"),
        ("tcp://localhost.example:1", "or allow it by --unencrypted"),
    ],
)
def test_an_address_without_a_scheduler_is_refused(address, sentence):
    with pytest.raises(SettingsError, match=sentence), join_scheduler(address):
        pass


def call(folder: Path, *words: str, **environment: str) -> subprocess.Popen:
    """Start the command line with tiny networks, in its workers too."""
    folder.mkdir(exist_ok=True)
    preload = {"DASK_DISTRIBUTED__WORKER__PRELOAD": json.dumps([str(PROGRAM)]), "TINY_STEPS": "12"}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(PROGRAM), *WORDS, *words],
            cwd=folder,
            env=os.environ | preload | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def finish(process: subprocess.Popen, folder: Path, *, code: int = 0) -> str:
    process.wait(timeout=2 * PATIENCE_S)
    log = (folder / "log").read_text()
    assert process.returncode == code, log
    assert "Traceback" not in log
    return log


def lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def nothing(what: str, total: int):
    yield lambda: None


def read(folder: Path, files: tuple[str, ...]) -> dict[str, bytes]:
    runs = sorted((folder / "artifacts/runs").glob("*-seed-?"))
    assert [run.name[-1] for run in runs] == ["0", "1"]
    return {f"{run.name}/{file}": (run / file).read_bytes() for run in runs for file in files}


@pytest.fixture(scope="module")
def in_process(tmp_path_factory):
    """What a sweep leaves that no Dask has touched."""
    folder = tmp_path_factory.mktemp("in-process") / "here"
    finish(call(folder, *METHODS, "--until", "07_attacked"), folder)
    return read(folder, TABLE + WEIGHTS)


def test_two_workers_preprocess_to_the_same_bytes_as_this_process(tmp_path, two):
    eyes = tmp_path / "eyes"
    synthesize(eyes, SurrogateSettings(8, 48, 18), seed=0, workers=1)
    kept = {}
    for name in ("here", "two"):
        shared = RunRequest(str(tmp_path / name), ("blur-3",), profile="smoke")
        requests = combine_requests(shared, [{"data_dir": str(eyes)}], ("image",), range(2))
        runs = [open_run(each, fresh=False, workers=1, track=nothing) for each in requests]
        tasks, done = list_tasks(zip(requests, runs, strict=True), until="01_preprocessed"), []
        do = partial(do_on_workers, client=two, work=do_as_worker)
        do = do if name == "two" else partial(do_here, runs=runs)
        failed = do_sweep(runs, tasks, do=do, on_outcome=lambda *each, done=done: done.append(each))
        assert failed == {run.store.root.name: [] for run in runs}
        assert [outcome.state for _, outcome in done] == [State.DONE] * len(tasks)
        files = ("01_preprocessed/manifest.csv", "01_preprocessed/images.npy")
        kept[name] = [(run.store.root / file).read_bytes() for run in runs for file in files]
    assert kept["here"] == kept["two"]


@pytest.mark.slow
def test_two_workers_give_the_same_table_and_weights_and_keep_them(tmp_path, in_process):
    words = (*METHODS, "--until", "07_attacked", "--workers", "2")
    log = finish(call(tmp_path, *words), tmp_path)
    assert read(tmp_path, TABLE + WEIGHTS) == in_process
    assert "Mean and standard deviation over the seeds" in log
    again = finish(call(tmp_path, *words), tmp_path)
    assert again.count(": kept\n") == 20 and ": done\n" not in again


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["04_vgan", "03_evaluators/identity"])
def test_a_worker_killed_in_the_middle_of_a_training_loses_nothing(tmp_path, in_process, unit):
    words = (*METHODS, "--until", "07_attacked", "--workers", "2")
    process = call(tmp_path, *words, TINY_CHECKPOINTS="1")
    run = tmp_path / "artifacts/runs/surrogate-smoke-seed-1"
    wait_for(process, run / f"{unit}.partial" / "training.checkpoint")
    note = json.loads((run / "run.units" / f"{unit.replace('/', '.')}.pid").read_text())
    assert psutil.Process(note["pid"]).ppid() == process.pid
    os.kill(note["pid"], signal.SIGKILL)
    assert not (run / unit).exists()
    finish(process, tmp_path)
    assert read(tmp_path, TABLE + WEIGHTS) == in_process


@pytest.mark.slow
def test_ctrl_c_ends_all_workers_and_names_the_command_to_resume(tmp_path):
    words = (*METHODS, "--until", "07_attacked", "--workers", "2")
    process = call(tmp_path, *words)
    wait_for(process, tmp_path / "artifacts/runs/surrogate-smoke-seed-0/run.units/04_vgan.pid")
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    log = finish(process, tmp_path, code=130)
    assert log.splitlines()[-1].endswith(" ".join((*WORDS, *words)))
    _, left = psutil.wait_procs(children, timeout=10)  # the resource tracker ends after its parent
    assert not [child for child in left if lives(child)]


@pytest.fixture
def dask_of_others(tmp_path):
    """A scheduler and two workers as a user starts them, with certificates in files."""
    temporary, roles = Security.temporary(), ("scheduler", "worker", "client")
    pairs = [(who, name) for who in roles for name in ("key", "cert")]
    kinds = {f"{who}__{name}": f"tls_{who}_{name}" for who, name in pairs}
    environment = {}
    for variable, value in ({"ca_file": "tls_ca_file"} | kinds).items():
        file = tmp_path / f"{value}.pem"
        file.write_text(getattr(temporary, value))
        environment[f"DASK_DISTRIBUTED__COMM__TLS__{variable.upper()}"] = str(file)
    scheduler_file, alone = tmp_path / "scheduler.json", ("--dashboard-address", "127.0.0.1:0")
    program = [sys.executable, "-m", "distributed.cli.dask_"]
    shared = ("--host", "127.0.0.1", "--protocol", "tls", "--scheduler-file", str(scheduler_file))
    worker = ("--nworkers", "2", "--nthreads", "1", "--memory-limit", "0")
    worker += ("--preload", str(PROGRAM))
    with ExitStack() as stack:
        for name, more in {"scheduler": ("--port", "0"), "worker": worker}.items():
            words = [*program[:-1], program[-1] + name, *shared, *alone, *more]
            process = subprocess.Popen(
                words,
                cwd=tmp_path,
                env=os.environ | environment | {"PYTHONPATH": PYTHONPATH, "TINY_STEPS": "12"},
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            wait_for(process, scheduler_file)
        yield json.loads(scheduler_file.read_text())["address"], environment


@pytest.mark.slow
def test_workers_of_a_scheduler_reached_by_tls_give_the_same_table(
    tmp_path, in_process, dask_of_others
):
    address, certificates = dask_of_others
    assert address.startswith("tls://")
    words = (*METHODS, "--until", "07_attacked", "--scheduler", address)
    finish(call(tmp_path, *words, **certificates), tmp_path)
    assert read(tmp_path, TABLE + WEIGHTS) == in_process
