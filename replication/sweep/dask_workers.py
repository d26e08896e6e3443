"""Tasks that wait for each other, handed to Dask's workers; this file alone imports `distributed`.

The workers are processes of this machine, reached over loopback with certificates made for the
occasion, or those of a scheduler's address. A worker that dies is no fault of its task: another one
is given the task again.
"""

import asyncio
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from uuid import uuid4

from replication.errors import ReplicationError, SettingsError
from replication.sweep.tasks import Outcome, State, Task
from replication.system.processes import without_interrupts

# What a worker does: the task and the outcomes that it waited for, all plain, to its outcome.
Work = Callable[..., dict]

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")
SCHEDULER_TIMEOUT_S = 20  # ours: to answer at all
START_TIMEOUT_S = 600.0  # ours: for a worker of this machine to be there
NO_WORKER_TIMEOUT_S = 3600.0  # ours: for tasks to wait where no worker is left, or none comes
POLL_S = 0.2
COUNT_EVERY_S = 5.0
LOCAL_SETTINGS = {
    # As many threads below NumPy as in this process, or a sum may end in another bit.
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.worker.profile.enabled": False,
    # No page of Dask's own, which would be open to everybody.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # After 15 seconds Dask would give up a worker that is starting anew; a busy machine needs more.
    "distributed.deploy.lost-worker-timeout": "10 minutes",
}
NO_PAGE = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
ENDING_S = 5.0  # Dask's own, for a process that is killed
# A worker that is killed leaves a lock in the system, and the process that removes it would warn.
NO_NEWS = "ignore:resource_tracker"

_LOG = logging.getLogger(__name__)


def find_client(
    workers: int | None, scheduler: str | None, *, unencrypted: bool = False
) -> AbstractContextManager:
    """Give a client of Dask while a block runs, of processes here or of a scheduler, or None.

    Raises:
        SettingsError: when both are given, Dask isn't installed, or no scheduler answers.
    """
    if unencrypted and not scheduler:
        raise SettingsError("--unencrypted: give a --scheduler with it")
    if workers and scheduler:
        raise SettingsError("give --workers or --scheduler, not both")
    if not (workers or scheduler):
        return nullcontext()
    if find_spec("distributed") is None:
        raise SettingsError(
            "--workers and --scheduler need Dask, which isn't installed: "
            "pip install -e '.[cluster]'"
        )
    if scheduler:
        return join_scheduler(scheduler, unencrypted=unencrypted)
    return start_workers(workers)


@contextmanager
def start_workers(workers: int) -> Iterator:
    """Give a client of some processes of this machine, which end with the block.

    Raises:
        SettingsError: when they don't start.
    """
    from dask import config
    from distributed import Client, LocalCluster

    _set_log_level(logging.WARNING)
    os.environ.setdefault("PYTHONWARNINGS", NO_NEWS)
    with TemporaryDirectory() as scratch, config.set(LOCAL_SETTINGS):
        try:
            with without_interrupts():  # this process handles Ctrl-C
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    scheduler_kwargs=NO_PAGE,
                    security=True,  # certificates that live in memory: nobody else can connect
                    memory_limit=None,
                    local_directory=scratch,
                    death_timeout=START_TIMEOUT_S,  # or it would wait forever for a process
                )
        except (RuntimeError, TimeoutError) as error:
            raise _refuse_start(workers, error) from error
        with cluster, Client(cluster) as client:
            try:
                try:
                    client.wait_for_workers(1, timeout=START_TIMEOUT_S)
                except TimeoutError as error:
                    raise _refuse_start(workers, error) from error
                yield client
            finally:
                cluster.sync(_end_workers, cluster)


def _refuse_start(workers: int, error: Exception) -> SettingsError:
    return SettingsError(
        f"--workers {workers}: the workers didn't start ({error or 'no answer in time'}); what "
        "Dask logged above and its own configuration give the reason; without --workers this needs "
        "none"
    )


async def _end_workers(cluster) -> None:
    """End the workers of this machine, whatever they do; what they write is never half there."""
    _set_log_level(logging.CRITICAL)  # connections break off, as they should
    workers = list(cluster.workers.values())
    processes = [worker.pid for worker in workers if worker.pid]
    endings = [asyncio.ensure_future(worker.close(timeout=ENDING_S)) for worker in workers]
    await asyncio.sleep(0)  # each knows now that it is closing, and starts no other process
    for process in processes:
        with suppress(ProcessLookupError):
            # TensorFlow takes seconds to end by itself, and has nothing left to do.
            os.kill(process, signal.SIGKILL)
    await asyncio.gather(*endings, return_exceptions=True)


def _set_log_level(level: int) -> None:
    """Let Dask log what is at least of this level: by default it logs every connection."""
    for name in ("distributed", "tornado.application"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("distributed.comm").setLevel(logging.CRITICAL)  # as a worker dies


@contextmanager
def join_scheduler(address: str, *, unencrypted: bool = False) -> Iterator:
    """Give a client of a scheduler that is there already, at an address such as tcp://host:8786.

    Args:
        address: of the scheduler.
        unencrypted: whether tcp:// may lead to another machine.

    Raises:
        SettingsError: when no scheduler answers there, or one of another machine without TLS.
    """
    from distributed import Client, Security

    if not ADDRESS.fullmatch(address):
        raise SettingsError(f"--scheduler {address}: expected tcp://host:port, or tls://host:port")
    host = address.partition("://")[2].rpartition(":")[0]
    if address.startswith("tcp") and host not in LOOPBACK and not unencrypted:
        raise SettingsError(
            f"--scheduler {address}: without TLS whoever is on that network can run code as you; "
            "take tls:// (docs/cluster.md), or allow it by --unencrypted"
        )
    security = Security()  # as Dask's configuration has it
    if address.startswith("tls") and not security.get_connection_args("client")["ssl_context"]:
        raise SettingsError(
            f"--scheduler {address}: no certificates are set for Dask; see docs/cluster.md"
        )
    _set_log_level(logging.WARNING)
    try:
        client = Client(address, timeout=SCHEDULER_TIMEOUT_S, security=security)
    except OSError as error:
        raise SettingsError(
            f"--scheduler {address}: no Dask scheduler answers there ({error}); start one by "
            "`dask scheduler`, and give the address that it prints"
        ) from error
    with client:
        if not _count_workers(client):
            minutes = NO_WORKER_TIMEOUT_S / 60
            _LOG.warning("%s: no worker is there yet; waiting %d minutes", address, minutes)
        yield client


def do_on_workers(tasks: Sequence[Task], *, client, work: Work) -> Iterator[tuple[Task, Outcome]]:
    """Have workers do tasks, listed after those that they wait for; yield them as they end.

    Raises:
        ReplicationError: when the scheduler is lost, or no worker has been there for an hour.
    """
    mark, futures = uuid4().hex, {}
    for task in tasks:
        futures[task.name] = client.submit(
            work,
            task.to_plain(),
            *(futures[name] for name in task.waits_for),
            key=f"{task.name}-{mark}",
        )
    waiting = {task.name: task for task in tasks}
    last_seen = time.monotonic()
    while waiting:
        for task in [task for name, task in waiting.items() if futures[name].done()]:
            del waiting[task.name]
            yield task, _read(futures[task.name])
            last_seen = time.monotonic()
        seconds = time.monotonic() - last_seen
        if seconds >= COUNT_EVERY_S and _count_workers(client):
            last_seen = time.monotonic()
        elif seconds >= NO_WORKER_TIMEOUT_S:
            raise ReplicationError(
                f"no worker of Dask for {NO_WORKER_TIMEOUT_S / 60:.0f} minutes, and {len(waiting)} "
                "units wait for one; look at the workers' logs, start a worker (docs/cluster.md), "
                "then run this again: what is done is kept"
            )
        time.sleep(POLL_S)


def _count_workers(client) -> int:
    """Return how many workers the scheduler has; none, where it doesn't answer."""
    try:
        found = client.sync(
            client.scheduler.identity, n_workers=-1, callback_timeout=SCHEDULER_TIMEOUT_S
        )
    except (TimeoutError, OSError):
        return 0
    return len(found["workers"])


def _read(future) -> Outcome:
    """Return the outcome of a task; raise what is neither that nor a worker's death."""
    from distributed import KilledWorker

    if future.status == "finished":
        return Outcome.from_plain(future.result())
    if future.status != "error":
        raise ReplicationError("the scheduler was lost; what is done is kept, run this again")
    error = future.exception()
    if not isinstance(error, KilledWorker):
        raise error
    if error.task != future.key:
        return Outcome(State.LEFT_OUT)
    return Outcome(
        State.FAILED,
        "one worker after the other ended in it; look at their memory and logs, then run this "
        "again: it resumes from what is complete",
        ReplicationError.exit_code,
    )
