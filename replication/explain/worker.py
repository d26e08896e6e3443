"""The explanation worker: Deep Taylor by iNNvestigate (paper §2.3), as a process of its own.

Run as `python -m replication.explain.worker FOLDER`; FOLDER holds a request, its images and
predictions, and receives the relevance maps. Each line on standard input means that a request is
ready; the worker ends with its input. Nothing imports this file: iNNvestigate needs TensorFlow's
eager mode off before any model is built, which the rest of the project needs on.

Steps: rebuild the evaluator, load its weights, strip its softmax, compare its predictions with
those of the request, and only then analyze, batch by batch. Each batch and each finished request is
printed on standard output; an error is one sentence, the last line on standard error.
"""

import tensorflow as tf

tf.compat.v1.disable_eager_execution()

import sys
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import innvestigate
import numpy as np
from innvestigate.analyzer.base import AnalyzerBase, NotAnalyzeableModelException
from keras import Model, backend

from keras_models.evaluator import build_evaluator
from replication.errors import DataError, ExplanationError, ReplicationError
from replication.explain.exchange import (
    ANALYZER_OPTIONS,
    ANSWERED,
    BATCH,
    EXPLAINED,
    ExplanationRequest,
    load_request,
    save_relevance,
)
from replication.records import CLASS_OF_GLAUCOMA, Neuron, RelevanceMaps
from replication.train.weights import load_weights

TOLERANCE = 1e-5  # of a probability: two ways of computing the same network differ by 1e-7


def main() -> None:
    """Explain the requests in the folder given as the only argument."""
    sys.excepthook = write_last
    tf.get_logger().setLevel("ERROR")  # its warnings are about its own age
    folder = Path(sys.argv[1])
    try:
        for _ in sys.stdin:
            save_relevance(folder, explain(*load_request(folder)))
            _print(ANSWERED)
    except ReplicationError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(ExplanationError.exit_code)


def explain(
    request: ExplanationRequest, images: np.ndarray, predictions: np.ndarray
) -> RelevanceMaps:
    """Return the relevance maps of the images.

    Args:
        request: which network, and how.
        images: (N, H, W, C) float32 in [-1, 1].
        predictions: (N, classes) probabilities of the same network, computed elsewhere.

    Raises:
        ExplanationError: when the weights don't load, the predictions differ, or the network is
            none that the method can explain.
    """
    network = _rebuild_network(request, images.shape[1:])
    logits = _predict_logits(network, images)
    _check_predictions(request, logits, predictions)
    if request.neuron is Neuron.PREDICTED:
        neuron = logits.argmax(axis=1)
    else:
        neuron = np.full(len(images), CLASS_OF_GLAUCOMA)
    maps = _analyze(_build_analyzer(request, network), images, neuron)
    return RelevanceMaps(maps, neuron, logits[np.arange(len(images)), neuron])


def write_last(kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
    """Write an unforeseen error with its first line once more at the end.

    TensorFlow's errors end in pages of where an operation was made, not in what went wrong.
    """
    sys.__excepthook__(kind, error, trace)
    sys.stderr.write(f"{kind.__name__}: {first_line(error)}\n")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().partition("\n")[0]


@lru_cache(maxsize=1)  # one network after another; most requests are about the last one's
def _rebuild_network(request: ExplanationRequest, image_shape: tuple[int, int, int]) -> Model:
    """Return the evaluator without its softmax."""
    backend.clear_session()  # of the network before, or each one takes longer than the last
    network = build_evaluator(
        request.classes,
        image_shape,
        **request.settings.dropout,
        seed=0,
        activation=request.activation,
    )
    try:
        load_weights(network, request.weights)
    except DataError as error:
        raise ExplanationError(
            f"{request.weights}: not the weights of an evaluator of {request.classes} classes "
            f"for images of {image_shape}; retrain it, or give its own images ({first_line(error)})"
        ) from error
    return innvestigate.model_wo_softmax(network)


def _predict_logits(network: Model, images: np.ndarray) -> np.ndarray:
    starts = range(0, len(images), BATCH)
    return np.concatenate([network.predict_on_batch(images[s : s + BATCH]) for s in starts])


def _check_predictions(
    request: ExplanationRequest, logits: np.ndarray, predictions: np.ndarray
) -> None:
    """Raise ExplanationError unless the network is the one of the request.

    With eager mode off, files in Keras' newer formats load without an error and change nothing.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    difference = np.abs(powers / powers.sum(axis=1, keepdims=True) - predictions).max()
    if not difference <= TOLERANCE:
        raise ExplanationError(
            f"{request.weights}: the network rebuilt for explanation predicts otherwise than the "
            f"evaluator (a probability differs by {difference:.2g}); the weights must be legacy "
            "HDF5 (a name in .h5, not in .weights.h5) of this evaluator with its activation"
        )


@lru_cache(maxsize=1)
def _build_analyzer(request: ExplanationRequest, network: Model) -> AnalyzerBase:
    try:
        return innvestigate.create_analyzer(
            request.method,
            network,
            neuron_selection_mode="index",
            **ANALYZER_OPTIONS[request.method],
        )
    except NotAnalyzeableModelException as error:
        raise ExplanationError(
            f"{request.weights}: iNNvestigate refuses an evaluator with the activation "
            f"{request.activation!r}; train it with 'relu' ({first_line(error)})"
        ) from error


def _analyze(analyzer: AnalyzerBase, images: np.ndarray, neuron: np.ndarray) -> np.ndarray:
    """Return (N, H, W) relevance, summed over channels, and print each batch."""
    maps = np.empty(images.shape[:3], np.float32)
    for start in range(0, len(images), BATCH):
        batch = slice(start, start + BATCH)
        relevance = analyzer.analyze(images[batch], neuron_selection=neuron[batch])
        maps[batch] = relevance.sum(axis=-1)
        _print(f"{EXPLAINED} {len(relevance)}")
    return maps


def _print(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
