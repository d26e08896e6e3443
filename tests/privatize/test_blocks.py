"""Blocks give the bytes of one go, go on where they were, and take no more than a block at once."""

import shutil
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries
from latent_generator import LatentGenerator

from replication.errors import DataError, SettingsError
from replication.privatize import blocks as many_images
from replication.privatize.blocks import name_classes, privatize_blocks
from replication.privatize.methods import METHODS

SMALL_K = [name for name in METHODS if name not in ("k-same-6", "k-same-9", "k-same-12")]


class NoisyGenerator(LatentGenerator):
    """Decoded: the latent's first 16 numbers as a tiny image, shifted by the identity."""

    def __init__(self):
        super().__init__(spread=0.5)

    def decode(self, latent, identity):
        tiny = latent[:, :16, None].repeat(3, axis=2).reshape(-1, 4, 4, 3)
        return np.tanh(tiny + identity[:, None, None, None] / 12).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(many_images, "BLOCK_IMAGES", 5)


def run(name, folder, queries, **options):
    table = pd.DataFrame({"image_id": queries.image_id, "path": queries.image_id})
    read = []

    def read_images(rows):
        read.append(len(rows))
        return queries.take(rows.index.to_numpy())

    given = {
        "request": {"method": name},
        "method": METHODS[name],
        "gallery": random_gallery(),
        "generator": NoisyGenerator(),
        "seed": 3,
        "draws": 2,
    }
    privatize_blocks(table, folder, read_images=read_images, **(given | options))
    return read


def read_blocks(folder, draw, kind="draw"):
    return np.concatenate([np.load(f) for f in sorted(folder.glob(f"images-*/{kind}-{draw}.npy"))])


@pytest.mark.parametrize("name", SMALL_K)
def test_blocks_give_the_bytes_of_one_go(tmp_path, name, monkeypatch):
    queries = random_queries()
    assert run(name, tmp_path / "blocks", queries) == [5, 5, 5, 1]
    given = {"gallery": random_gallery(), "generator": NoisyGenerator(), "seed": 3, "draws": 2}
    for one in METHODS[name].privatize(queries, **given):
        levels = np.rint((one.images + 1) * 127.5).astype(np.uint8)
        np.testing.assert_array_equal(read_blocks(tmp_path / "blocks", one.draw), levels)
        if one.used_identities is not None:
            used = read_blocks(tmp_path / "blocks", one.draw, "used")
            np.testing.assert_array_equal(used, one.used_identities)


@pytest.mark.parametrize("name", ["pprl-vgan-averaged-random", "blur-9"])
def test_what_is_there_is_not_made_again_and_what_is_missing_comes_out_the_same(tmp_path, name):
    queries, folder = random_queries(), tmp_path / "blocks"
    run(name, folder, queries)
    whole = read_blocks(folder, 0)
    for start in (5, 15):
        shutil.rmtree(folder / f"images-{start:09d}")
    (folder / ".images-000000005.partial").mkdir()
    assert run(name, folder, queries) == [5, 1]
    np.testing.assert_array_equal(read_blocks(folder, 0), whole)
    assert run(name, folder, queries) == []


def test_another_question_needs_another_folder(tmp_path):
    run("blur-9", tmp_path / "blocks", random_queries())
    with pytest.raises(SettingsError, match="something else \\(method\\)"):
        run("blur-3", tmp_path / "blocks", random_queries())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(SettingsError, match="other files"):
        run("blur-9", tmp_path / "full", random_queries())


def test_a_strangers_image_is_privatized_but_for_methods_that_paint_the_original():
    patients, classes = pd.Series(["ann", "zoe"]), {"ann": 4}
    for name, method in METHODS.items():
        if "averaged" in name:
            with pytest.raises(DataError, match="patient 'zoe' is not among the run's"):
                name_classes(patients, classes, method=method)
        else:
            assert name_classes(patients, classes, method=method).tolist() == [4, -1]


def test_memory_is_that_of_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(many_images, "BLOCK_IMAGES", 40)
    peaks = []
    for images in (80, 800):
        queries = random_eyes([0] * images, [True] * images, seed=0, prefix="q", size_px=32)
        tracemalloc.start()
        run("blur-9", tmp_path / str(images), queries)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
