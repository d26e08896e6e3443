"""Glaucoma networks whose layers are untrained again, from the last to the first.

Cascading parameter randomisation (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS
2018): if maps explain what a network has learned, they fall apart as it is unlearned.
"""

import numpy as np
from keras import Model

from keras_models.evaluator import BLOCK_KERNELS, build_evaluator
from replication.config import EvaluatorSettings

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
LIFT = 50.0  # ours: logits down to -27 were seen; float32 keeps probabilities to about 1e-6


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


def lift_logits(weights: Weights) -> Weights:
    """Raise all logits by `LIFT`, so that Deep Taylor has positive ones to explain.

    What is added to every logit changes no probability. Nor does it change where relevance is: the
    rule shares a logit among the last layer's inputs without its bias, so that a map is the logit
    times a pattern that doesn't depend on it.
    """
    kernel, bias = weights[LAST]
    return weights | {LAST: [kernel, bias + np.float32(LIFT)]}
