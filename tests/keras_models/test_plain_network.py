"""Networks in plain values: what is built again predicts the same, what isn't known is refused."""

import json

import numpy as np
import pytest
from keras import Model, Sequential, layers
from own_networks import SHAPE, build_rows, draw_images

from keras_models.evaluator import build_evaluator
from keras_models.explained_evaluator import fold_normalisations, put_log_odds
from keras_models.plain_network import build_network, copy_weights, describe_network


def copy(network):
    """Return a network built again from its description, which went through JSON."""
    built = build_network(SHAPE, json.loads(json.dumps(describe_network(network))))
    copy_weights(network, built)
    return built


def in_another(network):
    """Return a network of which another is a layer."""
    return Sequential([layers.Input(SHAPE), network])


NETWORKS = {
    "rows": build_rows,
    "nested": lambda: in_another(build_rows()),
    "evaluator": lambda: build_evaluator(2, SHAPE, block_dropout=0.5, dense_dropout=0.5, seed=1),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


def test_what_is_built_again_predicts_the_same(network):
    expected = network(draw_images(), training=False).numpy()
    assert np.ptp(expected[:, 1]) > 0.01
    np.testing.assert_allclose(copy(network)(draw_images(), training=False), expected, atol=1e-6)


def test_its_forms_for_deep_taylor_compute_the_same_log_odds(network):
    probabilities = network(draw_images(), training=False).numpy().astype(np.float64)
    expected = np.log(probabilities / probabilities[:, ::-1])
    log_odds = put_log_odds(copy(network))
    folded = fold_normalisations(log_odds)
    for form in (log_odds, folded):
        np.testing.assert_allclose(form(draw_images(), training=False), expected, atol=2e-5)
    kinds = {type(layer) for layer in folded.layers}
    assert not kinds & {layers.BatchNormalization, layers.GlobalAveragePooling2D, layers.ReLU}
    inner = [layer for layer in folded.layers if hasattr(layer, "activation")][:-1]
    assert {layer.activation.__name__ for layer in inner} == {"relu"}


def test_a_residual_connection_is_refused_by_name():
    images = x = layers.Input(SHAPE)
    x = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    x = layers.Flatten()(layers.Add(name="residual")([images, x]))
    with pytest.raises(ValueError, match=r"^layer 'residual' is of kind Add, .* doubles the rel"):
        describe_network(Model(images, layers.Dense(2, "softmax")(x)))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.Conv2D(4, 3, activation="elu", name="bad"), "has the activation 'elu'"),
        (layers.Activation("tanh", name="bad"), "has the activation 'tanh'"),
        (layers.LeakyReLU(name="bad"), "is of kind LeakyReLU"),
        (layers.ReLU(6.0, name="bad"), "has max_value 6.0"),
        (layers.Conv2D(4, 3, dilation_rate=2, name="bad"), r"has dilation_rate \(2, 2\)"),
        (layers.Conv2D(3, 3, groups=3, name="bad"), "has groups 3"),
        (layers.AveragePooling2D(name="bad"), "is of kind AveragePooling2D, .* what is off"),
        (layers.Lambda(lambda x: x, name="bad"), "is of kind Lambda"),
        (layers.Dense(4, name="bad"), "is dense and reads images: put Flatten before it"),
        (layers.BatchNormalization(axis=1, name="bad"), r"has axis .*1"),
        (layers.Conv2D(4, 3, dtype="float64", name="bad"), "has dtype float64"),
    ],
)
def test_what_cannot_be_explained_is_refused_by_name(layer, words):
    rest = [layers.Flatten(), layers.Dense(2, "softmax")]
    with pytest.raises(ValueError, match=f"^layer 'bad' {words}"):
        describe_network(Sequential([layers.Input(SHAPE), layer, *rest]))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([layers.Conv2D(4, 3, name="bad"), layers.MaxPooling2D()], "'bad': expected a ReLU behind"),
        ([layers.Conv2D(4, 3, name="bad"), layers.Conv2D(4, 3)], "'bad': expected a ReLU behind"),
        ([layers.MaxPooling2D(), layers.ReLU(name="bad")], "'bad': expected a convolution"),
        (
            [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.ReLU()],
            "re_lu.*: expected a convolution",
        ),
    ],
)
def test_rows_that_deep_taylor_has_no_rule_for_are_refused(row, words):
    rest = [layers.Flatten(), layers.Dense(2, "softmax")]
    network = Sequential([layers.Input(SHAPE), *row, *rest])
    with pytest.raises(ValueError, match=words):
        put_log_odds(copy(network))


def test_a_scale_that_is_not_positive_passes_on_but_not_through_max_pooling():
    def build(*between):
        first = [layers.Input(SHAPE), layers.Conv2D(4, 3, activation="relu")]
        norm = layers.BatchNormalization(name="norm", gamma_initializer="zeros")
        rest = [layers.Flatten(), layers.Dense(2, "softmax")]
        return Sequential([*first, norm, *between, *rest])

    fold_normalisations(put_log_odds(build()))
    with pytest.raises(ValueError, match="norm: 4 of 4 channels have a scale"):
        fold_normalisations(put_log_odds(build(layers.MaxPooling2D())))
