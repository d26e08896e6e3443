"""Networks whose layers stand in a row, as plain values: what somebody else's network is made of.

Only layers that Deep Taylor has a rule for (`keras_models.explained_evaluator`) are known; what such
a network is can be written down as numbers and words, and built again without the code that built
it first.
"""

from keras import Model, layers

# What makes up each kind of layer; whatever else it can be set to has Keras's default.
VALUES = {
    layers.Conv2D: ("filters", "kernel_size", "strides", "padding", "activation", "use_bias"),
    layers.Dense: ("units", "activation", "use_bias"),
    layers.BatchNormalization: ("epsilon", "center", "scale"),
    layers.MaxPooling2D: ("pool_size", "strides", "padding"),
    layers.GlobalAveragePooling2D: (),
    layers.Flatten: (),
    layers.Activation: ("activation",),
    layers.ReLU: (),
    layers.Softmax: (),
}
KINDS = {kind.__name__: kind for kind in VALUES}
# They change nothing of what a trained network computes.
LEFT_OUT = (layers.InputLayer, layers.Dropout)
OF_TRAINING = ("name", "trainable", "momentum", "batch_input_shape")
OF_TRAINING_TOO = ("_initializer", "_regularizer", "_constraint")
INPUT = "images"
OUTPUTS = ("relu", "linear", "softmax")
WHY = {
    "Add": "iNNvestigate doubles the relevance that passes a residual connection",
    "AveragePooling2D": "iNNvestigate gives relevance to what is off in front of it",
}
Layers = list[dict]


def describe_network(network: Model) -> Layers:
    """Return a network's layers in plain values, as JSON knows them.

    Args:
        network: one input, one output, layers in a row; a network may be a layer of it.

    Returns:
        For each layer that computes something its kind, its name and `VALUES`.

    Raises:
        ValueError: when a layer is of another kind or set otherwise; its name comes first.
    """
    return [_describe(layer) for layer in _list_layers(network)]


def build_network(image_shape: tuple[int, int, int], described: Layers) -> Model:
    """Build what `describe_network` described, untrained, for (H, W, C) images."""
    images = x = layers.Input(image_shape, name=INPUT)
    names = {INPUT}
    for number, values in enumerate(described, start=1):
        name = values["name"]
        while name in names:  # networks that were layers may each have one of that name
            name = f"{name}_{number}"
        names.add(name)
        x = _build(values, name=name)(x)
    return Model(images, x, name="network")


def copy_weights(network: Model, copy: Model) -> None:
    """Give what was built by a network's description its weights."""
    for layer, own in zip(_list_layers(network), _list_layers(copy), strict=True):
        own.set_weights(layer.get_weights())


def _list_layers(network: Model) -> list[layers.Layer]:
    found = []
    for layer in network.layers:
        if isinstance(layer, Model):
            found += _list_layers(layer)
        elif type(layer) not in LEFT_OUT:
            found.append(layer)
    return found


def _describe(layer: layers.Layer) -> dict:
    kind = type(layer)
    if kind not in VALUES:
        why = WHY.get(kind.__name__, f"known are {', '.join(KINDS)}, Dropout")
        raise ValueError(
            f"layer {layer.name!r} is of kind {kind.__name__}, which can't be explained: {why}"
        )
    given = layer.get_config()
    values = {"kind": kind.__name__, "name": layer.name}
    values |= {name: given[name] for name in VALUES[kind]}
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    output = values.get("activation", "linear")
    if output not in OUTPUTS:
        raise ValueError(
            f"layer {layer.name!r} has the activation {output!r}, which can't be explained: "
            "Deep Taylor is of ReLU"
        )
    if kind is layers.Dense and len(layer.input_shape) != 2:
        raise ValueError(f"layer {layer.name!r} is dense and reads images: put Flatten before it")
    usual = _build(values, name=layer.name)
    usual.build(layer.input_shape)
    for name, value in usual.get_config().items():
        if name not in OF_TRAINING and not name.endswith(OF_TRAINING_TOO) and given[name] != value:
            raise ValueError(
                f"layer {layer.name!r} has {name} {given[name]}, which can't be explained: "
                f"expected {value}"
            )
    return values


def _build(values: dict, *, name: str) -> layers.Layer:
    others = {key: value for key, value in values.items() if key not in ("kind", "name")}
    return KINDS[values["kind"]](**others, name=name, dtype="float32")
