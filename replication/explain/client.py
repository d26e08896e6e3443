"""The parent of the explanation worker: starts `explain.worker` as a process, explains by it.

Arrays are passed by files. An error on either side is one sentence, and its files are removed.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import numpy as np

from replication.config import EvaluatorSettings, ExplanationSettings
from replication.errors import DataError, ExplanationError
from replication.explain.exchange import (
    ANSWERED,
    EXPLAINED,
    RULES,
    ExplanationRequest,
    load_relevance,
    save_request,
)
from replication.records import Neuron, RelevanceMaps, check_images
from replication.system.provenance import ROOT

EXCHANGE = "explanation-worker"
LOG = "worker.log"
AHEAD = 2  # requests that the worker has at most: it computes one while the last one is measured
LAST_LINES = 3
# iNNvestigate and TensorFlow warn about their own age; silenced, the last lines are about a fault.
WORKER = (sys.executable, "-W", "ignore", "-m", "replication.explain.worker")
PYTHON_ALONE = {"TF_CPP_MIN_LOG_LEVEL": "3"}
SIGNS_OF_FULL_MEMORY = (
    "MemoryError",
    "ResourceExhausted",
    "bad_alloc",
    "OOM",
    "failed to map segment",
)


class ExplanationWorker:
    """A worker process that explains images, request after request.

    It starts with the first request or before, since its start takes longer than hundreds of images,
    and ends with the block that it is opened for.

    Args:
        folder: the worker's files lie in it while it works.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._exchange: Path | None = None
        self._process: subprocess.Popen | None = None
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._open.close()

    def explain(self, images: np.ndarray, *, predictions: np.ndarray, **options) -> RelevanceMaps:
        """Explain one set of images, as `explain_each` does, and wait for it."""
        (relevance,) = self.explain_each([(images, predictions)], **options)
        return relevance

    def explain_each(
        self,
        sets: Iterable[tuple[np.ndarray, np.ndarray]],
        *,
        weights: Path,
        settings: EvaluatorSettings,
        neuron: Neuron,
        method: str = ExplanationSettings.method,
        activation: str = "relu",
        layers: str | None = None,
        on_image: Callable[[], None] = lambda: None,
    ) -> Iterator[RelevanceMaps]:
        """Explain the glaucoma network on sets of images, each while the last one is looked at.

        Args:
            sets: (N, H, W, C) float32 images in [-1, 1], each with the (N, 2) probabilities that
                the network predicts for them; the worker's must agree to 1e-5.
            weights: of the evaluator, legacy HDF5.
            settings, activation: with which it was trained.
            layers: of a user's network in the evaluator's place, as JSON.
            neuron: the predicted class of each image, or glaucoma on all.
            method: a name of `exchange.RULES`.
            on_image: called once for each image explained.

        Yields:
            For each set, one map per image; those of log-odds that aren't positive are empty.

        Raises:
            ExplanationError: when the inputs don't fit each other, the weights don't load or
                predict otherwise, the network can't be explained, or the worker dies.
        """
        request = ExplanationRequest(weights, settings, activation, Neuron(neuron), method, layers)
        sent = deque()
        for images, predictions in sets:
            sent.append(self._send(request, images, predictions))
            if len(sent) == AHEAD:
                yield self._receive(*sent.popleft(), weights, on_image)
        while sent:
            yield self._receive(*sent.popleft(), weights, on_image)

    def _send(
        self, request: ExplanationRequest, images: np.ndarray, predictions: np.ndarray
    ) -> tuple[Path, tuple[int, ...]]:
        """Give the worker a request; return its folder and the shape of its maps."""
        _check_inputs(request, images, predictions)
        self.start()
        self._requests += 1
        folder = self._exchange / f"request-{self._requests}"
        folder.mkdir()
        save_request(folder, request, images, predictions)
        with suppress(BrokenPipeError):  # of a worker that has died: its log has the reason
            self._process.stdin.write(f"{folder.name}\n")
            self._process.stdin.flush()
        return folder, images.shape[:3]

    def _receive(
        self, folder: Path, shape: tuple[int, ...], weights: Path, on_image: Callable[[], None]
    ) -> RelevanceMaps:
        """Wait for a request's maps, and remove its folder."""
        if not self._await_answer(folder.name, on_image):
            lines = (self._exchange / LOG).read_text("utf-8", errors="replace").splitlines()
            raise ExplanationError(describe_end(self._process.wait(), lines, weights))
        return _load_answer(folder, shape)

    def start(self) -> None:
        """Start the process, where it isn't started yet, and don't wait for it."""
        if self._process is not None:
            return
        self._exchange = self._open.enter_context(_exchange(self._folder))
        log = self._open.enter_context((self._exchange / LOG).open("wb"))
        self._process = subprocess.Popen(  # noqa: S603 - this Python, this module, no shell
            [*WORKER, str(self._exchange)],
            cwd=ROOT,
            env=os.environ | PYTHON_ALONE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self._open.callback(_end, self._process)

    def _await_answer(self, name: str, on_image: Callable[[], None]) -> bool:
        """Wait until the worker has explained this request; return whether it did."""
        for line in self._process.stdout:
            word, _, what = line.strip().partition(" ")
            if word == ANSWERED and what == name:
                return True
            for _ in range(int(what) if word == EXPLAINED else 0):
                on_image()
        return False


def _check_inputs(request: ExplanationRequest, images: np.ndarray, predictions: np.ndarray) -> None:
    try:
        check_images("images", images)
    except DataError as error:
        raise ExplanationError(str(error)) from error
    if not len(images):
        raise ExplanationError("images: there are none to explain")
    if predictions.shape != (len(images), 2):
        raise ExplanationError(f"predictions: expected ({len(images)}, 2), got {predictions.shape}")
    if not request.weights.is_file():
        raise ExplanationError(f"{request.weights}: no such file; train the evaluator first")
    if request.method not in RULES:
        raise ExplanationError(f"{request.method}: expected one of {', '.join(RULES)}")


@contextmanager
def _exchange(folder: Path) -> Iterator[Path]:
    """Yield an empty folder, removed afterwards; one left by a killed parent is emptied."""
    exchange = folder / EXCHANGE
    shutil.rmtree(exchange, ignore_errors=True)
    exchange.mkdir(parents=True)
    try:
        yield exchange.resolve()
    finally:
        shutil.rmtree(exchange)


def _end(process: subprocess.Popen) -> None:
    """End a worker that has nothing more to do, or whose parent is interrupted."""
    process.kill()
    process.stdout.close()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()


def describe_end(code: int, lines: list[str], weights: Path) -> str:
    """Return in one sentence how the worker ended.

    Args:
        code: its exit code; negative, the signal that ended it.
        lines: of its log.
        weights: of the network to explain.
    """
    last = [line.strip() for line in lines if line.strip()][-LAST_LINES:]
    if code == ExplanationError.exit_code and last:
        return last[-1]
    memory = any(sign in line for sign in SIGNS_OF_FULL_MEMORY for line in last)
    if memory:
        end = "ran out of memory; free some, or explain fewer images at once"
    elif code == -signal.SIGKILL:
        end = "was killed (SIGKILL), as the system does when memory runs out; run it again"
    elif code < 0:
        end = f"was ended by {signal.Signals(-code).name}"
    else:
        end = f"failed (exit code {code})"
    lines = " | ".join(last) if last else "none"
    return f"{weights}: the explanation worker {end}; its last lines: {lines}"


def _load_answer(folder: Path, shape: tuple[int, ...]) -> RelevanceMaps:
    """Read a request's maps, and remove its folder: a run has many."""
    try:
        relevance = load_relevance(folder)
    except (OSError, ValueError, DataError) as error:
        raise ExplanationError(f"the explanation worker left no usable maps: {error}") from error
    finally:
        shutil.rmtree(folder)
    if relevance.maps.shape != shape:
        raise ExplanationError(
            f"the explanation worker's maps: expected {shape}, got {relevance.maps.shape}"
        )
    return relevance
