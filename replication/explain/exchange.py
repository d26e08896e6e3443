"""What goes to the explanation worker and comes back, and relevance maps on disk: no pickle."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from replication.config import EvaluatorSettings
from replication.records import Neuron, RelevanceMaps

REQUEST, IMAGES, PREDICTIONS = "request.json", "images.npy", "predictions.npy"
RELEVANCE = MAPS, NEURON, LOGIT = ("maps.npy", "neuron.npy", "logit.npy")

# What the worker prints: before a number of images, and before the request that has all its maps.
EXPLAINED = "explained"
ANSWERED = "answered"
BATCH = 64  # images that the worker explains, and reports, at once

BOUNDS = {"low": -1.0, "high": 1.0}  # of the images


@dataclass(frozen=True)
class Rule:
    """One way of sharing the log-odds among the pixels."""

    analyzer: str  # iNNvestigate's name
    options: dict[str, float]  # of the analyzer
    folded: bool  # whether the batch normalisations are folded forward first
    words: str  # for tables and figures


RULES = {
    "deep_taylor.folded": Rule("deep_taylor.bounded", BOUNDS, True, "folded and bounded"),
    "deep_taylor.bounded": Rule("deep_taylor.bounded", BOUNDS, False, "bounded"),
    "deep_taylor": Rule("deep_taylor", {}, False, "plain"),
}
PLAIN = "deep_taylor"


@dataclass(frozen=True)
class ExplanationRequest:
    """Which glaucoma network is to be explained, and how."""

    weights: Path  # of the evaluator, legacy HDF5
    settings: EvaluatorSettings  # with which it was trained
    activation: str  # with which it was trained
    neuron: Neuron  # the output to explain
    method: str  # a name of RULES
    layers: str | None = None  # of a user's network in the evaluator's place, as JSON


def save_request(
    folder: Path, request: ExplanationRequest, images: np.ndarray, predictions: np.ndarray
) -> None:
    """Write a request, its (N, H, W, C) images and their (N, 2) probabilities here."""
    np.save(folder / IMAGES, images, allow_pickle=False)
    np.save(folder / PREDICTIONS, predictions, allow_pickle=False)
    content = asdict(request) | {"weights": str(request.weights.resolve())}
    (folder / REQUEST).write_text(json.dumps(content), encoding="utf-8")


def load_request(folder: Path) -> tuple[ExplanationRequest, np.ndarray, np.ndarray]:
    """Read the request, its images (on disk until they are used) and their predictions."""
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
    arrays = (relevance.maps, relevance.neuron, relevance.logit)
    for name, array in zip(RELEVANCE, arrays, strict=True):
        np.save(folder / name, array, allow_pickle=False)


def load_relevance(folder: Path) -> RelevanceMaps:
    """Read relevance maps back, or raise DataError when they contradict themselves."""
    return RelevanceMaps(*(np.load(folder / name, allow_pickle=False) for name in RELEVANCE))
