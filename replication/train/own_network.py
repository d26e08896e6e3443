"""A user's own glaucoma network: called for once when a run is opened, then kept as plain values.

    def classify():
        return model

It takes no argument and returns a trained Keras model, its weights inside, from (N, S, S, C) images
in [-1, 1], as the run preprocesses them, to the (N, 2) probabilities of no glaucoma and of glaucoma.
What its layers are goes into `network.json`, its weights into `weights.h5` beside it: whatever reads
the run's network later needs neither the function nor its folder.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import Model, mixed_precision

from keras_models.explained_evaluator import fold_normalisations, put_log_odds
from keras_models.plain_network import Layers, build_network, copy_weights, describe_network
from replication.errors import SettingsError
from replication.store.files import write_json
from replication.store.run_record import LAYERS
from replication.system.user_function import RAISED, UserFunction, describe_error, find_function

WEIGHTS = "weights.h5"
CLASSES = 2  # no glaucoma, glaucoma
DRAWN = 8  # images on which the network built anew is compared with the user's
TOLERANCE = 1e-5  # of a probability, as between the run's network and the explained one


@dataclass(frozen=True, eq=False)
class OwnNetwork:
    """A user's network, built anew from its layers.

    Args:
        name: `module:function`.
        layers: of `keras_models.plain_network.describe_network`.
        network: with the user's weights.
    """

    name: str
    layers: Layers
    network: Model

    @property
    def record(self) -> dict[str, str]:
        """What identifies it: its name, and the hash of its layers and weights."""
        # Keras gives names by how many layers there were before.
        unnamed = [{key: v for key, v in each.items() if key != "name"} for each in self.layers]
        digest = hashlib.sha256(json.dumps(unnamed, sort_keys=True).encode())
        for array in self.network.get_weights():
            digest.update(array.tobytes())
        return {"name": self.name, "sha256": digest.hexdigest()}

    def keep(self, folder: Path) -> None:
        """Write its weights, legacy HDF5, and its layers into the folder of its stage."""
        self.network.save_weights(str(folder / WEIGHTS))
        write_json(folder / LAYERS, self.record | {"layers": self.layers})


def find_own_network(name: str, image_shape: tuple[int, int, int]) -> OwnNetwork:
    """Call a user's function for their network, and build the same anew.

    Args:
        name: `module:function`.
        image_shape: (S, S, C) of the run's images.

    Raises:
        SettingsError: when there is no such function, it raises, or what it returns is no network
            of that input and two classes, or none that Deep Taylor can explain.
    """
    option = "--glaucoma-network"
    found = find_function(name, option=option, example="mine:classify", given="()")
    where = f"{name}: {found.place} returned"
    theirs = _call(found)
    if not isinstance(theirs, Model):
        raise SettingsError(f"{where} {type(theirs).__name__}, expected a Keras model")
    shapes = _read_shapes(theirs)
    if shapes != ((None, *image_shape), (None, CLASSES)):
        raise SettingsError(
            f"{where} a network of inputs {shapes[0]} and outputs {shapes[1]}, expected one input "
            f"{(None, *image_shape)} and one output {(None, CLASSES)}: the run's images, and the "
            "probabilities of no glaucoma and of glaucoma"
        )
    try:
        described = describe_network(theirs)
        _check_softmax(described)
        network = build_network(image_shape, described)
        copy_weights(theirs, network)
        fold_normalisations(put_log_odds(network))
    except ValueError as error:
        raise SettingsError(f"{where} a network whose {error}") from error
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise SettingsError(f"{where} a network with a weight that is not a finite number")
    _compare(theirs, network, where=where, image_shape=image_shape)
    return OwnNetwork(name, described, network)


def _call(function: UserFunction) -> object:
    try:
        found = function.call()
    except RAISED as error:
        raise SettingsError(describe_error(function.name, function.place, error)) from error
    policy = mixed_precision.global_policy().name
    if policy != "float32":
        raise SettingsError(
            f"{function.name}: {function.place} sets Keras to {policy}, which all networks of the "
            "run would follow; take that line out"
        )
    return found


def _read_shapes(network: Model) -> tuple[object, object]:
    """Return the shapes of inputs and outputs; None of a class of the user's own that has none."""
    if not network.built or not network.inputs or not network.outputs:
        return None, None
    return network.input_shape, network.output_shape


def _check_softmax(described: Layers) -> None:
    softmaxes = [
        number
        for number, layer in enumerate(described, start=1)
        if layer["kind"] == "Softmax" or layer.get("activation") == "softmax"
    ]
    if softmaxes != [len(described)]:
        raise ValueError("last layer is no softmax, expected one there and nowhere else")


def _compare(
    theirs: Model, network: Model, *, where: str, image_shape: tuple[int, int, int]
) -> None:
    """Raise SettingsError unless both predict the same: layers may stand otherwise than in a row."""
    images = np.random.default_rng(0).uniform(-1, 1, (DRAWN, *image_shape)).astype(np.float32)
    expected, found = (
        np.asarray(each(images, training=False), np.float64) for each in (theirs, network)
    )
    difference = np.abs(found - expected).max()
    if not difference <= TOLERANCE:
        raise SettingsError(
            f"{where} a network whose layers in a row predict otherwise than itself (a probability "
            f"differs by {difference:.2g}); expected layers in a row, each with one input"
        )
