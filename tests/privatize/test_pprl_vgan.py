"""The five PPRL-VGAN regimes with a generator of numpy whose images show how they were made."""

from itertools import combinations

import numpy as np
import pytest
from fake_eyes import random_gallery, random_queries
from latent_generator import LatentGenerator

from replication.errors import SettingsError
from replication.privatize.methods import METHODS
from replication.privatize.pprl_vgan import average_of_identities
from replication.store.run_record import VGAN

REGIMES = [name for name, method in METHODS.items() if method.generator == VGAN]
SINGLE, AVERAGED = REGIMES[:3], REGIMES[3:]
DIRECT = LatentGenerator()


def run(name, *, generator=DIRECT, **options):
    given = {"gallery": random_gallery(), "generator": generator, "seed": 0, "draws": 3}
    return list(METHODS[name].privatize(random_queries(), **(given | options)))


def levels(drawn):
    return drawn.images[:, 0, 0, 0] * 127.5 + 127.5


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_image_is_that_of_the_used_identity(name):
    for drawn in run(name):
        assert drawn.used_identities.shape == (16, 1)
        np.testing.assert_allclose(levels(drawn), 5 * drawn.used_identities[:, 0], atol=1e-4)


@pytest.mark.parametrize("name", AVERAGED)
def test_an_averaged_image_is_the_mean_of_the_own_and_five_others(name):
    queries = random_queries()
    for drawn in run(name):
        for row in range(len(queries)):
            used = list(drawn.used_identities[row])
            assert len({*used, queries.identity[row]}) == 6
            mean = (5 * queries.identity[row] + 5 * sum(used)) / 6
            assert abs(levels(drawn)[row] - mean) <= 0.501


def test_identities_come_from_the_regime_s_pool():
    queries, glaucoma = random_queries(), {6, 7, 8, 9, 10}
    for name in REGIMES:
        for row, used in enumerate(run(name)[0].used_identities):
            if name.endswith("same-pathology"):
                own, other = set(used), glaucoma if not queries.glaucoma[row] else set(range(6))
                assert not own & other
            if name.endswith("different-pathology"):
                assert (set(used) <= glaucoma) == (not queries.glaucoma[row])


def test_each_image_has_noise_of_its_own_the_original_identity_the_first():
    generator = LatentGenerator(spread=0.5)
    drawn = run("pprl-vgan-averaged-random", draws=2, generator=generator)
    assert generator.encoded == 1
    used = [np.column_stack([random_queries().identity, each.used_identities]) for each in drawn]
    np.testing.assert_array_equal(generator.painted, np.hstack(used).T)
    mean, _ = LatentGenerator().encode(random_queries().images)
    noise = (np.stack(generator.latents) - mean) / 0.5
    assert noise.shape == (12, 16, 128)
    assert len(np.unique(noise[..., 0])) == 12 * 16
    # 24,576 standard normal numbers: five standard errors of the mean and of the std.
    assert abs(noise.mean()) < 0.032
    assert abs(noise.std() - 1) < 0.023


def test_without_spread_the_latent_is_the_mean():
    generator = LatentGenerator()
    mean, spread = generator.encode(random_queries().images)
    identities = np.zeros((16, 1), dtype=int)
    average_of_identities(generator, mean, spread, identities, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(generator.latents[0], mean)


@pytest.mark.parametrize("name", REGIMES)
def test_a_draw_depends_on_seed_number_and_name_alone(name):
    few, many = run(name, draws=2), run(name, draws=4)
    assert [drawn.draw for drawn in many] == [0, 1, 2, 3]
    for drawn, again in zip(few, many, strict=False):
        np.testing.assert_array_equal(drawn.images, again.images)
        np.testing.assert_array_equal(drawn.used_identities, again.used_identities)
    assert (many[0].used_identities != many[1].used_identities).any()
    assert (many[0].used_identities != run(name, seed=1)[0].used_identities).any()


def test_methods_draw_apart():
    latents = {}
    for name in SINGLE:
        generator = LatentGenerator(spread=0.5)
        run(name, draws=1, generator=generator)
        latents[name] = generator.latents[0]
    for name, other in combinations(SINGLE, 2):
        assert (latents[name] != latents[other]).mean() > 0.99


def test_no_generator_is_one_sentence():
    with pytest.raises(SettingsError, match="pprl-vgan-random: needs a trained generator"):
        run("pprl-vgan-random", generator=None)
