"""The registry of methods: names, the common shape, and what every privatizer keeps."""

import numpy as np
import pytest
from fake_eyes import random_gallery, random_queries
from latent_generator import LatentGenerator

from replication.errors import SettingsError
from replication.privatize.methods import BEYOND, METHODS, ROWS, find_method
from replication.records import round_to_bytes

TOO_LARGE = ("k-same-6", "k-same-9", "k-same-12", "k-same-grouped-12")
SMALL_K = [name for name in METHODS if name not in TOO_LARGE]


def test_the_registry_is_in_the_order_of_table_1_and_what_the_paper_lacks_comes_last():
    assert list(METHODS) == [
        "pprl-vgan-random",
        "pprl-vgan-same-pathology",
        "pprl-vgan-different-pathology",
        "pprl-vgan-averaged-random",
        "pprl-vgan-averaged-same-pathology",
        *(f"blur-{kernel}" for kernel in (3, 9, 15, 21)),
        *(f"k-same-{k}" for k in (3, 6, 9, 12)),
        *(f"k-same-grouped-{k}" for k in (3, 6, 12)),
        "dp-pix-16",
        *(f"evidence-code-k{k}" for k in (3, 5, 10)),
        "pp-mir",
    ]
    assert [row.name for row in ROWS] == ["original", *list(METHODS)[:13]]
    assert [row.name for row in BEYOND] == list(METHODS)[13:]


def test_the_row_of_dp_pix_names_what_its_noise_is_made_of():
    row, bound = METHODS["dp-pix-16"], METHODS["dp-pix-16"].privatize.keywords
    assert bound == {"method": "dp-pix-16", "cell_px": 16, "neighbour_px": 16, "epsilon": 0.5}
    assert "epsilon = 0.5 for m = 16 pixels, not for a person" in row.dataset
    assert row.short == "DP-Pix eps 0.5 m 16"


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
    assert len(sets) == (2 if method.is_drawn else 1)
    for drawn in sets:
        assert drawn.method == name
        assert len(drawn.images) == len(queries)
        assert (drawn.used_identities is not None) == method.has_replacement
        np.testing.assert_array_equal(drawn.images, round_to_bytes(drawn.images))
    np.testing.assert_array_equal(queries.images, before[0])
    np.testing.assert_array_equal(gallery.images, before[1])


@pytest.mark.parametrize("name", ["blur-9", "k-same-3", "k-same-grouped-3"])
def test_the_order_of_the_queries_changes_no_image(name):
    queries, gallery = random_queries(), random_gallery()
    back = np.arange(len(queries))[::-1]
    given = {"gallery": gallery, "generator": None, "seed": 0, "draws": 1}
    forth = next(METHODS[name].privatize(queries, **given))
    turned = next(METHODS[name].privatize(queries.take(back), **given))
    np.testing.assert_array_equal(forth.images[back], turned.images)
