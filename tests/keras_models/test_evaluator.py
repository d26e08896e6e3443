import numpy as np
import pytest
from keras import layers

from keras_models.evaluator import build_evaluator


@pytest.fixture(scope="module")
def evaluator():
    return build_evaluator(5, (64, 64, 3), block_dropout=0.25, dense_dropout=0.5, seed=0)


def test_it_has_the_references_layers_in_the_references_order(evaluator):
    kinds = [type(layer) for layer in evaluator.layers[1:]]
    block = [layers.Conv2D, layers.BatchNormalization, layers.MaxPooling2D, layers.Dropout]
    assert kinds == 4 * block + [layers.Flatten, layers.Dense, layers.Dropout, layers.Dense]
    convolutions = [layer for layer in evaluator.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.kernel_size for layer in convolutions] == [(5, 5), (5, 5), (3, 3), (3, 3)]
    assert {layer.filters for layer in convolutions} == {32}
    assert evaluator.get_layer("flatten").output_shape == (None, 4 * 4 * 32)


def test_relu_is_fused_and_every_layer_is_named_for_deep_taylor(evaluator):
    for layer in evaluator.layers:
        assert layer.name in {"images", "flatten", "dense1", "dense2"} or layer.name[-1].isdigit()
        if isinstance(layer, layers.Conv2D) or layer.name == "dense1":
            assert layer.activation.__name__ == "relu"


def test_its_output_is_a_distribution_over_the_classes(evaluator):
    images = np.random.default_rng(0).uniform(-1, 1, (3, 64, 64, 3)).astype(np.float32)
    probabilities = evaluator.predict(images, verbose=0)
    assert probabilities.shape == (3, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_the_seed_decides_the_weights():
    def build(seed):
        return build_evaluator(5, (16, 16, 1), block_dropout=0, dense_dropout=0, seed=seed)

    first, same, other = build(1), build(1), build(2)
    np.testing.assert_array_equal(first.get_weights()[0], same.get_weights()[0])
    assert np.any(first.get_weights()[0] != other.get_weights()[0])
