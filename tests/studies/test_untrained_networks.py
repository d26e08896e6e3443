import numpy as np
import pytest

from replication.config import SMOKE
from replication.studies.untrained_networks import (
    LAST,
    LEVELS,
    build_network,
    cascade,
    get_weights,
    lift_log_odds,
    predict_outputs,
    set_weights,
)

SHAPE = (16, 16, 3)


def build(seed):
    return build_network(SHAPE, SMOKE.evaluator, seed=seed)


@pytest.fixture(scope="module")
def trained():
    """Weights that none of an untrained network's arrays equal."""
    rng = np.random.default_rng(0)
    weights = get_weights(build(1))
    return {
        name: [array + rng.uniform(0.1, 0.2, array.shape).astype(np.float32) for array in arrays]
        for name, arrays in weights.items()
    }


def test_levels_go_from_the_last_layer_to_the_first_and_leave_none_out():
    layers = [layer.name for layer in build(1).layers if layer.weights]
    assert [name for level in LEVELS for name in sorted(level, reverse=True)] == layers[::-1]


def test_each_level_is_untrained_from_the_last_layer_down_and_as_trained_below(trained):
    untrained = get_weights(build(2))
    levels = cascade(trained, untrained)
    assert list(levels) == ["dense2", "dense1", *(f"conv{b}, norm{b}" for b in (4, 3, 2, 1))]
    replaced = set()
    for names, weights in levels.items():
        replaced |= set(names.split(", "))
        assert weights.keys() == trained.keys()
        for layer, arrays in weights.items():
            for array, before, fresh in zip(arrays, trained[layer], untrained[layer], strict=True):
                assert (array != before).all() == (layer in replaced)
                np.testing.assert_array_equal(array, fresh if layer in replaced else before)
    assert replaced == trained.keys()


def test_another_seed_gives_other_untrained_kernels():
    first, second, again = (get_weights(build(seed)) for seed in (1, 2, 1))
    for name in first:
        if not name.startswith("norm"):
            assert (first[name][0] != second[name][0]).all()
        np.testing.assert_array_equal(first[name][0], again[name][0])


def test_raised_log_odds_raise_the_output_of_glaucoma_alone(trained):
    images = np.random.default_rng(3).uniform(-1, 1, (5, *SHAPE)).astype(np.float32)
    network, lifted = build(1), lift_log_odds(trained)
    set_weights(network, trained)
    before = predict_outputs(network, images)
    set_weights(network, lifted)
    np.testing.assert_allclose(predict_outputs(network, images) - before, [[0, 50]] * 5, rtol=1e-5)
    assert all(lifted[name] is trained[name] for name in trained if name != LAST)
    assert lifted[LAST][0] is trained[LAST][0]


def test_outputs_are_those_before_the_softmax(trained):
    images = np.random.default_rng(3).uniform(-1, 1, (5, *SHAPE)).astype(np.float32)
    network = build(1)
    powers = np.exp(predict_outputs(network, images))
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network(images, training=False), expected, atol=1e-6)
