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
from replication.privatize import draws as draws_of_blocks
from replication.privatize.blocks import UNKNOWN, BlockCounts, name_classes, privatize_blocks
from replication.privatize.methods import METHODS

TOO_LARGE = ("k-same-6", "k-same-9", "k-same-12", "k-same-grouped-12")
SMALL_K = [name for name in METHODS if name not in TOO_LARGE]


class NoisyGenerator(LatentGenerator):
    """Decoded: the latent's first 16 numbers as a tiny image, shifted by the identity if any."""

    def __init__(self):
        super().__init__(spread=0.5)

    def decode(self, latent, identity=None):
        tiny = latent[:, :16, None].repeat(3, axis=2).reshape(-1, 4, 4, 3)
        shift = 0 if identity is None else identity[:, None, None, None] / 12
        return np.tanh(tiny + shift).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    for module in (many_images, draws_of_blocks):
        monkeypatch.setattr(module, "BLOCK_IMAGES", 5)


def run(name, folder, queries, without_iris=(), **options):
    """Privatize into blocks; return how many images were read for each, and what was counted."""
    table = pd.DataFrame({"image_id": queries.image_id, "path": queries.image_id})
    read = []

    def read_images(rows):
        read.append(len(rows))
        found = pd.DataFrame({"iris_found": ~np.isin(rows.index, without_iris)}, index=rows.index)
        found = found.assign(frame_width_px=640, frame_height_px=480)
        return queries.take(rows.index.to_numpy()), found.reset_index(drop=True)

    given = {
        "request": {"method": name},
        "method": METHODS[name],
        "gallery": random_gallery(),
        "generator": NoisyGenerator(),
        "seed": 3,
        "draws": 2,
    }
    counts = privatize_blocks(table, folder, read_images=read_images, **(given | options))
    return read, counts


def read_blocks(folder, draw, kind="draw"):
    return np.concatenate([np.load(f) for f in sorted(folder.glob(f"images-*/{kind}-{draw}.npy"))])


@pytest.mark.parametrize("name", SMALL_K)
def test_blocks_give_the_bytes_of_one_go(tmp_path, name, monkeypatch):
    queries = random_queries()
    read, counts = run(name, tmp_path / "blocks", queries)
    assert (read, counts) == ([5, 5, 5, 1], BlockCounts(16, 0, 0))
    given = {"gallery": random_gallery(), "generator": NoisyGenerator(), "seed": 3, "draws": 2}
    for one in METHODS[name].privatize(queries, **given):
        levels = np.rint((one.images + 1) * 127.5).astype(np.uint8)
        np.testing.assert_array_equal(read_blocks(tmp_path / "blocks", one.draw), levels)
        if one.used_identities is not None:
            used = read_blocks(tmp_path / "blocks", one.draw, "used")
            np.testing.assert_array_equal(used, one.used_identities)
        if one.code is not None:
            code = read_blocks(tmp_path / "blocks", one.draw, "code")
            np.testing.assert_array_equal(code, one.code)


@pytest.mark.parametrize("name", ["pprl-vgan-averaged-random", "blur-9", "dp-pix-16"])
def test_what_is_there_is_not_made_again_and_what_is_missing_comes_out_the_same(tmp_path, name):
    queries, folder = random_queries(), tmp_path / "blocks"
    run(name, folder, queries)
    whole = read_blocks(folder, 0)
    for start in (5, 15):
        shutil.rmtree(folder / f"images-{start:09d}")
    (folder / ".images-000000005.partial").mkdir()
    assert run(name, folder, queries)[0] == [5, 1]
    np.testing.assert_array_equal(read_blocks(folder, 0), whole)
    assert run(name, folder, queries) == ([], BlockCounts(16, 0, 0))


def test_another_question_needs_another_folder(tmp_path):
    run("blur-9", tmp_path / "blocks", random_queries())
    with pytest.raises(SettingsError, match="something else \\(method\\)"):
        run("blur-3", tmp_path / "blocks", random_queries())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(SettingsError, match="other files"):
        run("blur-9", tmp_path / "full", random_queries())


LEAVE_OUT = [f"k-same-{k}" for k in (3, 6, 9, 12)]


def test_numbers_are_the_runs_patients_however_many_zeros_they_have():
    patients, classes = pd.Series(["3", "0003", "10", " 4 "]), {"0003": 4, "0010": 9, "0004": 5}
    found = name_classes(patients, classes, method=METHODS["k-same-3"], numbered=True)
    assert found.tolist() == [4, 4, 9, 5]
    # Elsewhere an id is a name.
    found = name_classes(patients, classes, method=METHODS["blur-3"])
    assert found.tolist() == [UNKNOWN, 4, UNKNOWN, UNKNOWN]


def test_whom_a_method_has_to_know_it_knows_or_refuses_without_a_name():
    patients, classes = pd.Series(["ann", "zoe", "zoe"]), {"ann": 4}
    unknown = "the run doesn't know the patients of 2 of 3 images, and "
    for name, method in METHODS.items():
        if "averaged" in name:
            with pytest.raises(DataError, match=f"^{unknown}{name} paints the original identity"):
                name_classes(patients, classes, method=method, allow_unknown=True)
            continue
        if name in LEAVE_OUT:
            with pytest.raises(DataError, match=f"^{unknown}{name} has to .* --unknown-patients"):
                name_classes(patients, classes, method=method)
        found = name_classes(patients, classes, method=method, allow_unknown=name in LEAVE_OUT)
        assert found.tolist() == [4, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("name", SMALL_K)
def test_the_registry_knows_who_is_left_out(name):
    queries = random_queries()
    given = {"gallery": random_gallery(), "generator": NoisyGenerator(), "seed": 3, "draws": 20}
    used = [s.used_identities for s in METHODS[name].privatize(queries, **given)]
    own = any((u == queries.identity[:, None]).any() for u in used if u is not None)
    if METHODS[name].others_only:
        assert not own
    else:
        assert own or used[0] is None or "different" in name


def test_unknown_patients_and_frames_without_an_iris_are_counted_and_listed(tmp_path):
    queries, folder = random_queries(), tmp_path / "blocks"
    queries.identity[[2, 15]] = UNKNOWN
    counts = BlockCounts(images=16, unknown_patients=2, without_iris=1)
    for _ in range(2):  # made, and found made
        assert run("blur-9", folder, queries, without_iris=[7])[1] == counts
    files = sorted(folder.glob("images-*/images.csv"))
    table = pd.concat(map(pd.read_csv, files), ignore_index=True)
    assert np.flatnonzero(~table["patient_known"]).tolist() == [2, 15]
    assert np.flatnonzero(~table["iris_found"]).tolist() == [7]
    assert set(table["frame_width_px"]) == {640} and set(table["frame_height_px"]) == {480}


@pytest.mark.parametrize(("images", "without_iris", "refused"), [(10, 1, False), (16, 2, True)])
def test_more_frames_without_an_iris_than_a_run_may_have_are_refused(
    tmp_path, images, without_iris, refused
):
    queries, folder = random_queries().take(np.arange(images)), tmp_path / "blocks"
    last = list(range(images - without_iris, images))
    if not refused:
        run("blur-9", folder, queries, without_iris=last)
        return
    shown = []

    def show(images, place):
        (place / "uncentred").mkdir()
        shown.append((images["row"].tolist(), images["path"].tolist(), place))
        return "look there"

    options = {"without_iris": last, "on_uncentred": show}
    refused = "^no iris was found in 2 of 16 images, .* at least 90%: look there"
    for _ in range(2):
        with pytest.raises(DataError, match=refused):
            run("blur-9", folder, queries, **options)
        assert len(list(folder.glob("images-*"))) == 3  # of 4: those before the one too many
    assert shown == [([15, 16], queries.image_id[14:].tolist(), folder)] * 2
    run("blur-9", folder, queries, without_iris=last, max_uncentred=2 / 16)
    assert len(list(folder.glob("images-*"))) == 4
    assert not (folder / "uncentred").exists()


def test_a_folder_in_which_nothing_was_made_yet_is_free(tmp_path):
    queries, folder = random_queries(), tmp_path / "blocks"
    with pytest.raises(DataError, match="^no iris was found in 5 of 16"):
        run("blur-3", folder, queries, without_iris=range(16))
    assert run("blur-9", folder, queries)[0] == [5, 5, 5, 1]


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
