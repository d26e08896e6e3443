"""What goes to the explanation worker and comes back, and relevance maps on disk: no pickle."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from replication.config import EvaluatorSettings
from replication.records import Neuron, RelevanceMaps

REQUEST = "request.json"
IMAGES = "images.npy"
PREDICTIONS = "predictions.npy"
MAPS = "maps.npy"
NEURON = "neuron.npy"
LOGIT = "logit.npy"

# The worker's words on its standard output: before a number of images, and after a whole answer.
EXPLAINED = "explained"
ANSWERED = "answered"
BATCH = 64  # images that the worker explains, and tells of, at once

DEEP_TAYLOR = "deep_taylor"
# iNNvestigate's names; the bounds are those of the images.
ANALYZER_OPTIONS: dict[str, dict[str, float]] = {
    DEEP_TAYLOR: {},
    "deep_taylor.bounded": {"low": -1.0, "high": 1.0},
}


@dataclass(frozen=True)
class ExplanationRequest:
    """Which network is to be explained, and how.

    Args:
        weights: of the evaluator, legacy HDF5.
        classes: of its softmax.
        settings: with which it was trained.
        activation: with which it was trained.
        neuron: the output to explain.
        method: a name of `ANALYZER_OPTIONS`.
    """

    weights: Path
    classes: int
    settings: EvaluatorSettings
    activation: str
    neuron: Neuron
    method: str


def save_request(
    folder: Path, request: ExplanationRequest, images: np.ndarray, predictions: np.ndarray
) -> None:
    """Write what the worker needs.

    Args:
        folder: that both sides know.
        request: which network, and how.
        images: (N, H, W, C) float32 in [-1, 1].
        predictions: (N, classes) probabilities that the network gives here.
    """
    np.save(folder / IMAGES, images, allow_pickle=False)
    np.save(folder / PREDICTIONS, predictions, allow_pickle=False)
    content = asdict(request) | {"weights": str(request.weights.resolve())}
    (folder / REQUEST).write_text(json.dumps(content), encoding="utf-8")


def load_request(folder: Path) -> tuple[ExplanationRequest, np.ndarray, np.ndarray]:
    """Read the request, its images (left on disk until they are used) and their predictions."""
    content = json.loads((folder / REQUEST).read_text("utf-8"))
    request = ExplanationRequest(
        **content
        | {
            "weights": Path(content["weights"]),
            "settings": EvaluatorSettings(**content["settings"]),
            "neuron": Neuron(content["neuron"]),
        }
    )
    images = np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False)
    return request, images, np.load(folder / PREDICTIONS, allow_pickle=False)


def save_relevance(folder: Path, relevance: RelevanceMaps) -> None:
    """Write relevance maps with the neuron that each explains and its logit."""
    for name, array in zip(
        (MAPS, NEURON, LOGIT), (relevance.maps, relevance.neuron, relevance.logit), strict=True
    ):
        np.save(folder / name, array, allow_pickle=False)


def load_relevance(folder: Path) -> RelevanceMaps:
    """Read relevance maps back.

    Raises:
        DataError: when they contradict themselves.
    """
    return RelevanceMaps(
        *(np.load(folder / name, allow_pickle=False) for name in (MAPS, NEURON, LOGIT))
    )


def forget_relevance(folder: Path) -> None:
    """Remove an answer that was read, so that it is never taken for the next one."""
    for name in (MAPS, NEURON, LOGIT):
        (folder / name).unlink(missing_ok=True)
