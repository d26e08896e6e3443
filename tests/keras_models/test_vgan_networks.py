import numpy as np
import pytest
from keras import layers

from keras_models.vgan_networks import build_decoder, build_discriminator, build_encoder

SHAPE = (64, 64, 3)


def list_convolutions(network):
    kinds = (layers.Conv2D, layers.Conv2DTranspose)
    return [layer for layer in network.layers if isinstance(layer, kinds)]


def test_the_paper_profiles_encoder_has_the_references_widths():
    encoder = build_encoder(SHAPE, units=256, kernel_size=8, seed=0)
    assert [layer.filters for layer in list_convolutions(encoder)] == [32, 64, 128, 256]
    assert {layer.kernel_size for layer in list_convolutions(encoder)} == {(8, 8)}
    assert encoder.output_shape == [(None, 128), (None, 128)]


def test_the_paper_profiles_decoder_has_the_references_widths():
    decoder = build_decoder(115, SHAPE, units=256, kernel_size=8, seed=0)
    assert [layer.filters for layer in list_convolutions(decoder)] == [256, 128, 128, 3]
    assert decoder.get_layer("decoder_dense").units == 4 * 4 * 128
    assert decoder.output_shape == (None, *SHAPE)


def test_the_discriminator_has_the_references_widths_and_three_heads():
    network = build_discriminator(115, SHAPE, kernel_size=8, seed=0)
    assert [layer.filters for layer in list_convolutions(network)] == [32, 64, 128, 256]
    assert network.output_shape == [(None, 1), (None, 115), (None, 2)]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_outputs_are_float32_in_their_ranges(dtype):
    sizes = {"kernel_size": 4, "dtype": dtype}
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (2, *SHAPE)).astype(np.float32)
    mean, log_variance = build_encoder(SHAPE, units=16, seed=0, **sizes)(images)
    decoded = build_decoder(3, SHAPE, units=16, seed=1, **sizes)([mean, np.eye(3)[:2]])
    heads = build_discriminator(3, SHAPE, seed=2, **sizes)(decoded)
    for output in (mean, log_variance, decoded, *heads):
        assert output.dtype == "float32"
    assert 0 < np.min(log_variance) and np.max(log_variance) < 1
    assert np.abs(decoded).max() <= 1
    np.testing.assert_allclose(np.sum(heads[1], axis=1), 1, rtol=1e-5)
