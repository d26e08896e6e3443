"""The registry of methods: names, the common shape, and what every privatizer keeps."""

import numpy as np
import pytest
from fake_eyes import random_gallery, random_queries
from latent_generator import LatentGenerator

from replication.errors import SettingsError
from replication.privatize.methods import METHODS, find_method
from replication.records import round_to_bytes

SMALL_K = [name for name in METHODS if name not in ("k-same-6", "k-same-9", "k-same-12")]


def test_the_registry_is_in_the_order_of_table_1():
    assert list(METHODS) == [
        "pprl-vgan-random",
        "pprl-vgan-same-pathology",
        "pprl-vgan-different-pathology",
        "pprl-vgan-averaged-random",
        "pprl-vgan-averaged-same-pathology",
        *(f"blur-{kernel}" for kernel in (3, 9, 15, 21)),
        *(f"k-same-{k}" for k in (3, 6, 9, 12)),
    ]


def test_an_unknown_name_is_answered_with_the_known_ones():
    assert find_method("blur-9").name == "blur-9"
    with pytest.raises(SettingsError, match="'blur-4'; known methods: pprl-vgan-random.*k-same-12"):
        find_method("blur-4")


@pytest.mark.parametrize("name", SMALL_K)
def test_every_method_keeps_its_inputs_and_yields_8_bit_images_with_its_name(name):
    queries, gallery = random_queries(), random_gallery()
    before = [queries.images.copy(), gallery.images.copy()]
    method = METHODS[name]
    given = {"gallery": gallery, "generator": LatentGenerator(), "seed": 0, "draws": 2}
    sets = list(method.privatize(queries, **given))
    assert len(sets) == (2 if method.needs_generator else 1)
    for drawn in sets:
        assert drawn.method == name
        assert len(drawn.images) == len(queries)
        assert (drawn.used_identities is not None) == method.has_replacement
        np.testing.assert_array_equal(drawn.images, round_to_bytes(drawn.images))
    np.testing.assert_array_equal(queries.images, before[0])
    np.testing.assert_array_equal(gallery.images, before[1])


@pytest.mark.parametrize("name", ["blur-9", "k-same-3"])
def test_the_order_of_the_queries_changes_no_image(name):
    queries, gallery = random_queries(), random_gallery()
    back = np.arange(len(queries))[::-1]
    given = {"gallery": gallery, "generator": None, "seed": 0, "draws": 1}
    forth = next(METHODS[name].privatize(queries, **given))
    turned = next(METHODS[name].privatize(queries.take(back), **given))
    np.testing.assert_array_equal(forth.images[back], turned.images)
