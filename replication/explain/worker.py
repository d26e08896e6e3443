"""The explanation worker: Deep Taylor by iNNvestigate (paper §2.3), as a process of its own.

Run as `python -m replication.explain.worker FOLDER`. Each line on standard input names a folder in
FOLDER that holds a request, its images and predictions, and receives the relevance maps; the worker
ends with its input. Nothing imports this file: iNNvestigate needs TensorFlow's eager mode off before
any model is built, which the rest of the project needs on.

Steps: rebuild the evaluator, load its weights, put the log-odds in its softmax's place, fold its
batch normalisations where the rule wants it, compare its predictions with those of the request, and
only then analyze, batch by batch. Each batch and each finished request is printed on standard output;
an error is one sentence, the last line on standard error.
"""

import tensorflow as tf

tf.compat.v1.disable_eager_execution()

import json
import sys
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import innvestigate
import numpy as np
from innvestigate.analyzer.base import AnalyzerBase, NotAnalyzeableModelException
from keras import Model, backend
from scipy.special import expit

from keras_models.evaluator import build_evaluator
from keras_models.explained_evaluator import fold_normalisations, put_log_odds
from keras_models.plain_network import build_network
from replication.config import EvaluatorSettings
from replication.errors import DataError, ExplanationError, ReplicationError
from replication.explain.exchange import (
    ANSWERED,
    BATCH,
    EXPLAINED,
    RULES,
    ExplanationRequest,
    load_request,
    save_relevance,
)
from replication.records import CLASS_OF_GLAUCOMA, Neuron, RelevanceMaps
from replication.train.weights import load_weights

CLASSES = 2  # healthy, glaucoma
TOLERANCE = 1e-5  # of a probability: two ways of computing the same network differ by 1e-7


def main() -> None:
    """Explain the requests in the folder given as the only argument."""
    sys.excepthook = write_last
    tf.get_logger().setLevel("ERROR")  # its warnings are about its own age
    folder = Path(sys.argv[1])
    try:
        for line in sys.stdin:
            name = line.strip()
            save_relevance(folder / name, explain(*load_request(folder / name)))
            _print(f"{ANSWERED} {name}")
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
        predictions: (N, 2) probabilities of the same network, computed elsewhere.

    Raises:
        ExplanationError: when the weights don't load, the predictions differ, or the network is
            none that the method can explain.
    """
    network = _rebuild_network(
        request.weights, request.settings, request.activation, request.layers, images.shape[1:]
    )
    log_odds = _predict(network, images)
    _check_predictions(request, log_odds, predictions)
    if request.neuron is Neuron.PREDICTED:
        neuron = log_odds.argmax(axis=1)
    else:
        neuron = np.full(len(images), CLASS_OF_GLAUCOMA)
    own = log_odds[np.arange(len(images)), neuron]
    maps = _analyze(_build_analyzer(request.weights, request.method, network), images, neuron)
    maps[own <= 0] = 0  # what rounding in a folded network may have left of log-odds of about 0
    return RelevanceMaps(maps, neuron, own)


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
def _rebuild_network(
    weights: Path,
    settings: EvaluatorSettings,
    activation: str,
    layers: str | None,
    image_shape: tuple[int, int, int],
) -> Model:
    """Return the evaluator, or the user's network, with its log-odds in the softmax's place."""
    _build_analyzer.cache_clear()
    backend.clear_session()  # of the network before, or each one takes longer than the last
    network = (
        build_network(image_shape, json.loads(layers))
        if layers
        else build_evaluator(
            CLASSES, image_shape, **settings.dropout, seed=0, activation=activation
        )
    )
    try:
        load_weights(network, weights)
    except DataError as error:
        raise ExplanationError(
            f"{weights}: not the weights of an evaluator of {CLASSES} classes for images of "
            f"{image_shape}; retrain it, or give its own images ({first_line(error)})"
        ) from error
    return put_log_odds(network)


@lru_cache(maxsize=len(RULES))  # of one network
def _build_analyzer(weights: Path, method: str, network: Model) -> AnalyzerBase:
    """Return what explains a network of log-odds by a rule."""
    rule = RULES[method]
    try:
        explained = _fold(weights, network) if rule.folded else network
        return innvestigate.create_analyzer(
            rule.analyzer, explained, neuron_selection_mode="index", **rule.options
        )
    except NotAnalyzeableModelException as error:
        raise ExplanationError(
            f"{weights}: iNNvestigate refuses its activations; train it with 'relu' "
            f"({first_line(error)})"
        ) from error


def _fold(weights: Path, network: Model) -> Model:
    try:
        return fold_normalisations(network)
    except ValueError as error:
        raise ExplanationError(
            f"{weights}: {first_line(error)}; train it again with another seed"
        ) from error


def _predict(network: Model, images: np.ndarray) -> np.ndarray:
    starts = range(0, len(images), BATCH)
    return np.concatenate([network.predict_on_batch(images[s : s + BATCH]) for s in starts])


def _check_predictions(
    request: ExplanationRequest, log_odds: np.ndarray, predictions: np.ndarray
) -> None:
    """Raise ExplanationError unless the network is the one of the request.

    With eager mode off, files in Keras' newer formats load without an error and change nothing.
    """
    difference = np.abs(expit(log_odds) - predictions).max()
    if not difference <= TOLERANCE:
        raise ExplanationError(
            f"{request.weights}: the network rebuilt for explanation predicts otherwise than the "
            f"evaluator (a probability differs by {difference:.2g}); the weights must be legacy "
            "HDF5 (a name in .h5, not in .weights.h5) of this evaluator with its activation"
        )


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
