"""Twins of preprocessed images: with its sign the image itself, without it another only there."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes, random_gallery

from replication.attack.twins import (
    check_drawn,
    check_files,
    draw_twins,
    has_twins,
    move_changes,
    read_twins,
    swap_twins,
)
from replication.config import PreprocessSettings, SurrogateSettings
from replication.errors import DataError
from replication.preprocess.places import SIGN_COLUMNS, mask_signs, read_signs
from replication.preprocess.stage import preprocess_images
from replication.privatize.methods import METHODS
from replication.records import to_bytes, to_unit_range
from replication.surrogate.synthesize import synthesize

SIZE = 64


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory) -> tuple[Path, np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Draw and preprocess three patients: root, images, facts and signs."""
    root = tmp_path_factory.mktemp("eyes") / "surrogate"
    settings = SurrogateSettings(patients=3, images=8, glaucoma_images=4)
    synthesize(root, settings, seed=3, workers=1)
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*_IG_*.jpg"))
    manifest = pd.DataFrame({"image_id": paths, "path": paths})
    manifest["eye"] = ["left" if "left/" in path else "right" for path in paths]
    images, facts = preprocess_images(manifest, root, PreprocessSettings(), workers=1)
    return root, images, facts, read_signs(root / "truth.csv")


@pytest.fixture(scope="module")
def twins(surrogate) -> np.ndarray:
    root, _, facts, _ = surrogate
    return draw_twins(root, facts, size_px=SIZE, workers=1)


def test_with_its_sign_an_image_is_the_stored_one(surrogate):
    root, images, facts, _ = surrogate
    calls = []
    again = draw_twins(
        root, facts, size_px=SIZE, workers=1, with_signs=True, on_image=lambda: calls.append(1)
    )
    np.testing.assert_array_equal(again, images)
    assert len(calls) == len(images)


def test_a_twin_differs_at_its_sign_alone_or_is_refused(surrogate, twins):
    _, images, facts, signs = surrogate
    mask = mask_signs(facts, signs)
    change = np.abs(images.astype(int) - twins)
    signed = mask.any(axis=(1, 2))
    assert signed.sum() == 4
    assert not change[~signed].any()
    assert (change[signed].max(axis=(1, 2)) > 2).all()
    assert change[~mask].sum() < 0.01 * change.sum()
    check_drawn(images, twins, facts, signs)
    other = twins.copy()
    other[4, 2, 3] ^= 1
    with pytest.raises(DataError, match=f"1 of {len(twins)} differ from their originals beside"):
        check_drawn(images, other, facts, signs)


def test_a_twin_from_a_file_may_differ_a_little_beside_its_sign_and_is_no_other_eye(
    surrogate, twins
):
    """A soft sign spreads, and a file format carries it further."""
    _, images, facts, signs = surrogate
    ill = mask_signs(facts, signs).any(axis=(1, 2))
    images, twins, facts = images[ill], twins[ill], facts[ill]
    lossy = twins.copy()
    lossy[:, ::2, ::3] ^= 1
    check_files(images, lossy, facts, signs, folder="eyes/twins-NIR")
    with pytest.raises(DataError, match="differ from their originals beside"):
        check_drawn(images, lossy, facts, signs)
    strangers = np.roll(twins, 1, axis=0)
    with pytest.raises(DataError, match=r"eyes/twins-NIR: \d+ of \d+ images .* over 10% of the"):
        check_files(images, strangers, facts, signs, folder="eyes/twins-NIR")


def test_a_twin_of_a_large_sign_without_an_edge_is_one(surrogate):
    """Haze fades with its own radius: on a large iris it reaches further than focus carries a sign."""
    _, images, facts, _ = surrogate
    one, file = facts.iloc[:1], Path(facts["path"].iloc[0]).name
    radius, fading = 150, 135  # px of the frame
    change = np.zeros(images[:1].shape)
    for distance in range(10, 400, 10):
        disc = pd.DataFrame([(file, "haze", 320, 240, distance)], columns=list(SIGN_COLUMNS))
        lost = [np.exp(-((r / fading) ** 2) / 2) for r in (distance, distance + 10)]
        change += 60 * (lost[0] - lost[1]) * mask_signs(one, disc)
    sign = pd.DataFrame([(file, "haze", 320, 240, radius)], columns=list(SIGN_COLUMNS))
    plain, ill = np.full(change.shape, 90, np.uint8), (90 + change).astype(np.uint8)
    check_files(ill, plain, one, sign, folder="eyes/twins-NIR")
    with pytest.raises(DataError, match="1 of 1 images .* over 10% of the"):
        check_files(ill, plain, one, sign.assign(radius_px=100), folder="eyes/twins-NIR")


def test_any_rows_in_any_order_by_any_number_of_workers(surrogate, twins):
    root, _, facts, _ = surrogate
    order = np.random.default_rng(0).permutation(len(facts))[:5]
    # What was read from a CSV has numpy's types and further columns.
    some = pd.read_csv(StringIO(facts.assign(more=1).to_csv())).iloc[order]
    found = draw_twins(root, some, size_px=SIZE, workers=2)
    np.testing.assert_array_equal(found, twins[order])


def test_only_images_of_a_surrogate_have_twins(surrogate, tmp_path):
    root, _, facts, _ = surrogate
    with pytest.raises(DataError, match="not a surrogate"):
        draw_twins(tmp_path, facts, size_px=SIZE, workers=1)
    with pytest.raises(DataError, match="no image of that name"):
        draw_twins(root, facts.assign(path="a/0009_X.jpg"), size_px=SIZE, workers=1)
    assert draw_twins(root, facts.iloc[:0], size_px=SIZE, workers=2).shape == (0, SIZE, SIZE)


def plant_twins(eyes) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(eyes.glaucoma)
    return 255 - to_bytes(eyes.images[rows])[..., 0], rows


def test_swapping_changes_the_images_named_and_nothing_else():
    eyes = random_eyes([0, 0, 1, 2], [True, True, False, True], seed=0, prefix="test")
    twins, rows = plant_twins(eyes)
    before = eyes.images.copy()
    swapped = swap_twins(eyes, twins, rows)
    np.testing.assert_array_equal(to_bytes(swapped.images[rows]), np.stack([twins] * 3, axis=-1))
    np.testing.assert_array_equal(swapped.images[2], eyes.images[2])
    np.testing.assert_array_equal(eyes.images, before)
    for name in ("identity", "glaucoma", "image_id"):
        np.testing.assert_array_equal(getattr(swapped, name), getattr(eyes, name))
    with pytest.raises(DataError, match=r"twins: expected \(3, 8, 8\), got \(2, 8, 8\)"):
        swap_twins(eyes, twins[1:], rows)


def test_twins_of_files_are_read_as_their_originals_were(surrogate, tmp_path):
    root, images, facts, _ = surrogate
    assert not has_twins(tmp_path)
    facts = facts.assign(white_level=255)
    for path in facts["path"]:  # the twin of an image is the image itself
        copy = tmp_path / path.replace("images-NIR", "twins-NIR")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((root / path).read_bytes())
    assert has_twins(tmp_path)
    order = [4, 0, 6]
    found = read_twins(tmp_path, facts.iloc[order], size_px=SIZE)
    np.testing.assert_array_equal(found, images[order])
    copy.unlink()
    with pytest.raises(DataError, match="twins-NIR: 1 of 8 images with glaucoma have no twin"):
        read_twins(tmp_path, facts, size_px=SIZE)
    own = facts.assign(path=[Path(path).name for path in facts["path"]])
    with pytest.raises(DataError, match="8 of 8 images"):  # and not the originals themselves
        read_twins(root, own, size_px=SIZE)


def test_shams_change_as_much_elsewhere_and_planted_signs_are_the_twins_changes():
    identity, glaucoma = [0, 1, 2, 3], [True, True, False, False]
    eyes = random_eyes(identity, glaucoma, seed=0, prefix="test")
    gray = np.random.default_rng(1).integers(60, 190, (4, 8, 8), dtype=np.uint8)
    eyes.images[:] = to_unit_range(gray)[..., None]
    change = np.zeros((2, 8, 8), int)
    change[0, 1, 6] = 40  # at one place
    change[1, 2:6, 2:6] = 40  # about the middle: any turn leaves it there
    originals = to_bytes(eyes.images)[..., 0].astype(int)
    twins = (originals[:2] + change).astype(np.uint8)
    moved, shams, planted = move_changes(eyes, twins, np.array([0, 1]), seed=5)
    assert shams.tolist() == [0] and planted.tolist() == [2, 3]
    by = to_bytes(moved.images)[..., 0].astype(int) - originals
    assert by[0].sum() == 40 and by[0, 1, 6] == 0
    np.testing.assert_array_equal(by[1], 0)
    for row in planted:
        assert min(np.abs(by[row] + one).max() for one in change) == 0
    again, _, _ = move_changes(eyes, twins, np.array([0, 1]), seed=5)
    np.testing.assert_array_equal(again.images, moved.images)
    none, shams, planted = move_changes(eyes, twins[:0], np.zeros(0, int), seed=5)
    assert len(shams) == len(planted) == 0
    np.testing.assert_array_equal(to_bytes(none.images), to_bytes(eyes.images))


class MeanGenerator:
    """Encodes an image to its mean, and paints mean, noise and identity."""

    def encode(self, images):
        mean = images.mean(axis=(1, 2, 3))[:, None]
        return mean, np.full_like(mean, 0.1)

    def decode(self, latent, identity):
        level = np.clip(latent[:, 0] / 2 + identity / 100, -1, 1)
        return np.broadcast_to(level[:, None, None, None], (len(level), 8, 8, 3)).astype(np.float32)


def test_a_privatizer_draws_the_same_for_a_twin():
    gallery = random_gallery()
    eyes = random_eyes([0, 6, 7, 1], [False, True, True, False], seed=1, prefix="test")
    twins, rows = plant_twins(eyes)
    for name in ("pprl-vgan-random", "pprl-vgan-averaged-same-pathology"):
        options = {"gallery": gallery, "generator": MeanGenerator(), "seed": 5, "draws": 2}
        sets = [
            METHODS[name].privatize(queries, **options)
            for queries in (eyes, swap_twins(eyes, twins, rows))
        ]
        for own, twin in zip(*sets, strict=True):
            np.testing.assert_array_equal(own.used_identities, twin.used_identities)
            np.testing.assert_array_equal(own.images[~eyes.glaucoma], twin.images[~eyes.glaucoma])
            assert (own.images[rows] != twin.images[rows]).any(axis=(1, 2, 3)).all()
