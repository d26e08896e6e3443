"""The release against its promise: it carries the code and fresh noise, and nothing else."""

import numpy as np
import pytest
from fake_eyes import random_queries

from replication.errors import SettingsError
from replication.privatize.evidence_code import take_sign_away
from replication.privatize.methods import METHODS
from replication.records import NOBODY, round_to_bytes
from replication.store.run_record import CODE

METHOD = METHODS["evidence-code-k5"]


class FakeGenerator:
    """Code: whether an image is bright on average. Drawn: the code's gray level, and noise."""

    def read_codes(self, images, identity, *, k):
        self.k = k
        return (images.mean(axis=(1, 2, 3)) > 0).astype(int)

    def list_behind(self, codes):
        return np.where(codes[:, None] == 1, [[3, 4]], NOBODY)

    def draw_images(self, codes, rng):
        noise = rng.uniform(-0.1, 0.1, (len(codes), 8, 8, 3))
        return (codes[:, None, None, None] / 2 + noise).astype(np.float32), noise.reshape(
            len(codes), -1
        )

    def show_codes(self, latent, codes):
        noise = latent.reshape(len(codes), 8, 8, 3)
        return (codes[:, None, None, None] / 2 + noise).astype(np.float32)


def privatize(queries, *, generator=None, seed=0, draws=2):
    given = {"gallery": queries, "generator": generator or FakeGenerator()}
    return list(METHOD.privatize(queries, **given, seed=seed, draws=draws))


def test_it_is_beyond_the_paper_and_drawn_by_the_code_generator():
    ks = [int(name[15:]) for name in METHODS if name.startswith("evidence-code-k")]
    assert ks == [3, 5, 10]
    assert (METHOD.generator, METHOD.is_drawn, METHOD.in_paper) == (CODE, True, False)


def test_each_draw_has_fresh_noise_and_the_same_code():
    queries, generator = random_queries(), FakeGenerator()
    first, second = privatize(queries, generator=generator)
    assert generator.k == 5
    np.testing.assert_array_equal(first.code, second.code)
    assert (first.images != second.images).any(axis=(1, 2, 3)).all()
    again = privatize(queries)
    np.testing.assert_array_equal(first.images, again[0].images)
    other = privatize(queries, seed=1)
    assert (first.images != other[0].images).any(axis=(1, 2, 3)).all()


def test_each_image_shows_its_own_code():
    drawn = privatize(random_queries())[0]
    assert set(drawn.code) == {0, 1}
    levels = drawn.images.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, drawn.code / 2, atol=0.03)


def test_an_image_is_a_function_of_code_and_noise_alone():
    """Other images of the same codes give the same bytes, whoever is in them."""
    queries = random_queries()
    changed = queries.images[:, ::-1, ::-1].copy()  # the same means, so the same codes
    other = type(queries)(changed, queries.identity[::-1], queries.glaucoma, queries.image_id)
    for one, two in zip(privatize(queries), privatize(other), strict=True):
        np.testing.assert_array_equal(one.images, two.images)


def test_who_is_behind_a_code_counts_as_used():
    drawn = privatize(random_queries())[0]
    expected = np.where(drawn.code[:, None] == 1, [[3, 4]], NOBODY)
    np.testing.assert_array_equal(drawn.used_identities, expected)


def test_without_a_generator_the_message_says_how_to_get_one():
    queries = random_queries()
    with pytest.raises(SettingsError, match="evidence-code-k5: needs a trained generator"):
        next(METHOD.privatize(queries, gallery=queries, generator=None, seed=0, draws=1))


def test_without_its_sign_an_eye_has_the_same_noise_and_code_0():
    drawn = privatize(random_queries())[1]
    without = take_sign_away(drawn, FakeGenerator())
    expected = drawn.images - drawn.code[:, None, None, None] / 2
    np.testing.assert_allclose(without, expected, atol=1 / 127)
    np.testing.assert_array_equal(without, round_to_bytes(without))
