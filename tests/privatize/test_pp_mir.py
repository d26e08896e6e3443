"""PP-MIR draws a latent of each image and nothing else of it."""

import numpy as np
import pytest
from fake_eyes import random_gallery, random_queries
from latent_generator import LatentGenerator

from replication.errors import SettingsError
from replication.privatize.methods import METHODS
from replication.records import round_to_bytes
from replication.store.run_record import PP_MIR

METHOD = METHODS["pp-mir"]


def privatize(queries, *, generator, seed=0, draws=2):
    given = {"gallery": random_gallery(), "generator": generator}
    return list(METHOD.privatize(queries, **given, seed=seed, draws=draws))


def test_it_is_beyond_the_paper_drawn_and_paints_nobody():
    assert (METHOD.generator, METHOD.is_drawn, METHOD.in_paper) == (PP_MIR, True, False)
    assert (METHOD.has_replacement, METHOD.painted, METHOD.alike) == (False, 0, 0)


def test_without_spread_an_image_is_its_mean_latent_decoded():
    queries, generator = random_queries(), LatentGenerator()
    (drawn,) = privatize(queries, generator=generator, draws=1)
    level = queries.images.reshape(len(queries), -1)[:, :128].mean(axis=1)
    expected = np.broadcast_to(level[:, None, None, None], drawn.images.shape)
    np.testing.assert_array_equal(drawn.images, round_to_bytes(expected.astype(np.float32)))
    assert drawn.used_identities is None and generator.painted == [None]


def test_each_draw_and_each_image_has_noise_of_its_own_that_follows_the_seed():
    queries = random_queries()
    generators = [LatentGenerator(spread=2.0) for _ in range(3)]
    for generator, seed in zip(generators, (0, 0, 1), strict=True):
        privatize(queries, generator=generator, seed=seed)
    mean, std = LatentGenerator(spread=2.0).encode(queries.images)
    first, again, other = (
        [(latent - mean) / std for latent in generator.latents] for generator in generators
    )
    np.testing.assert_array_equal(first, again)
    assert np.all(first[0] != first[1]) and np.all(first[0] != other[0])
    assert np.all(first[0][0] != first[0][1])
    assert np.std(first) == pytest.approx(1, abs=0.1)


def test_without_a_generator_it_says_what_trains_one():
    with pytest.raises(SettingsError, match="pp-mir: needs a trained generator; `replicate`"):
        privatize(random_queries(), generator=None)
