"""Glaucoma networks whose layers are untrained again, from the last to the first.

Cascading parameter randomisation (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS
2018): if maps explain what a network has learned, they fall apart as it is unlearned.
"""

import numpy as np
from keras import Model

from keras_models.evaluator import BLOCK_KERNELS, build_evaluator
from replication.config import EvaluatorSettings
from replication.records import CLASS_OF_GLAUCOMA

# By layer, the arrays that Keras gives for it.
Weights = dict[str, list[np.ndarray]]

CLASSES = 2
LAST = "dense2"
# What is replaced together: a block's normalisation has learned the statistics of its convolution.
LEVELS = (
    (LAST,),
    ("dense1",),
    *((f"conv{block}", f"norm{block}") for block in range(len(BLOCK_KERNELS), 0, -1)),
)
LIFT = 50.0  # ours: log-odds down to -27 were seen


def build_network(
    image_shape: tuple[int, int, int], settings: EvaluatorSettings, *, seed: int
) -> Model:
    """Build an untrained glaucoma network; the seed of a training gives its first weights."""
    return build_evaluator(CLASSES, image_shape, **settings.dropout, seed=seed)


def get_weights(network: Model) -> Weights:
    """Return the weights of all layers that have some."""
    return {layer.name: layer.get_weights() for layer in network.layers if layer.weights}


def set_weights(network: Model, weights: Weights) -> None:
    """Give a network the weights of all its layers."""
    for name, arrays in weights.items():
        network.get_layer(name).set_weights(arrays)


def cascade(trained: Weights, untrained: Weights) -> dict[str, Weights]:
    """Replace layers of a network from the last to the first, each level with those above it.

    Returns:
        By level in that order ("conv4, norm4"), the weights of all layers; nothing trained is left
        in the last.
    """
    levels, current = {}, trained
    for names in LEVELS:
        current = current | {name: untrained[name] for name in names}
        levels[", ".join(names)] = current
    return levels


def lift_log_odds(weights: Weights) -> Weights:
    """Raise the log-odds of glaucoma by `LIFT`, so that Deep Taylor has positive ones to explain.

    It doesn't change where relevance is: the rule shares the log-odds among the last layer's inputs
    without its bias, so that a map is the log-odds times a pattern that doesn't depend on it.
    """
    kernel, bias = weights[LAST]
    lift = np.zeros_like(bias)
    lift[CLASS_OF_GLAUCOMA] = LIFT
    return weights | {LAST: [kernel, bias + lift]}


def predict_outputs(network: Model, images: np.ndarray) -> np.ndarray:
    """Return the network's (N, 2) outputs before its softmax, each class's own."""
    last = network.get_layer(LAST)
    before = Model(network.input, last.input).predict(images, verbose=0)
    kernel, bias = last.get_weights()
    return before @ kernel + bias
