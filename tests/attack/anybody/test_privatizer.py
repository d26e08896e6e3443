"""A user's function as the method: what it is given, what becomes of its images, and its faults."""

import sys

import cv2
import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.attack.anybody.attack import attack_images
from replication.attack.anybody.collection import Collection
from replication.attack.anybody.figures import BEST
from replication.attack.anybody.manifests import Kind, read_manifest
from replication.attack.anybody.privatizer import find_privatizer
from replication.errors import SettingsError
from replication.records import to_bytes

EYES = plant_eyes(12, 8)
LEVELS = to_bytes(EYES.images)
NAMES = [f"anna-{number}" for number in EYES.identity]
ORIGINALS = Collection.of_arrays("originals", LEVELS, NAMES, disease=EYES.glaucoma.astype(int))


def test_it_is_given_images_patients_and_a_seed_of_each_draw(write_module):
    write_module(
        "calls = []\n"
        "def keep(images, patients, *, seed):\n"
        "    calls.append((images.copy(), patients, seed))\n"
        "    images[:] = 0\n"  # a copy, so the next draw has the originals again
        "    return images\n"
    )
    releases = find_privatizer("mine:keep").release(ORIGINALS, draws=3, seed=0)
    calls = sys.modules["mine"].calls
    for images, patients, seed in calls:
        assert (images == LEVELS).all() and list(patients) == NAMES
        assert type(seed) is int and 0 <= seed < 2**32
    assert len({seed for _, _, seed in calls}) == 3
    assert len(releases) == 3 * len(LEVELS)
    assert not releases.load(np.arange(len(releases))).any()
    find_privatizer("mine:keep").release(ORIGINALS, draws=3, seed=0)
    find_privatizer("mine:keep").release(ORIGINALS, draws=3, seed=1)
    seeds = [seed for _, _, seed in calls]
    assert seeds[:3] == seeds[3:6] and not set(seeds[:3]) & set(seeds[6:])


def test_gray_images_have_no_channel_and_deep_ones_are_scaled(write_module):
    write_module("def keep(images, patients, *, seed):\n    return images\n")
    deep = LEVELS[..., 0].astype(np.uint16) * 16
    deep[0, 0, 0] = 4095
    originals = Collection.of_arrays("originals", deep, NAMES)
    releases = find_privatizer("mine:keep").release(originals, draws=1, seed=0)
    found = releases.load(np.arange(len(releases)))
    assert found.dtype == np.uint8 and found.shape == (*LEVELS.shape[:3], 1)
    assert np.abs(found[1:, ..., 0].astype(int) - LEVELS[1:, ..., 0]).max() <= 1


def test_colours_are_red_green_blue(write_module, tmp_path):
    write_module(
        "def keep(images, patients, *, seed):\n"
        "    assert (images == (30, 20, 10)).all()\n"
        "    return images\n"
    )
    cv2.imwrite(str(tmp_path / "0.png"), np.full((4, 4, 3), (10, 20, 30), np.uint8))  # blue first
    (tmp_path / "originals.csv").write_text("path,patient_id\n0.png,anna\n")
    originals = read_manifest(tmp_path / "originals.csv", Kind.ORIGINALS)
    find_privatizer("mine:keep").release(originals, draws=1, seed=0)


def test_its_images_are_attacked_as_those_of_a_manifest(write_module):
    write_module("def invert(images, patients, *, seed):\n    return 255 - images\n")
    releases = find_privatizer("mine:invert").release(ORIGINALS, draws=1, seed=0)
    handed_in = Collection.of_arrays(
        "privatized", 255 - LEVELS, NAMES, source=range(len(LEVELS)), disease=ORIGINALS.disease
    )
    assert attack_images(ORIGINALS, releases) == attack_images(ORIGINALS, handed_in)


def test_several_draws_are_learned_from_and_read(write_module):
    write_module(
        "import numpy as np\n"
        "def blend(images, patients, *, seed):\n"
        "    noise = np.random.default_rng(seed).normal(128, 40, images.shape)\n"
        "    return np.clip(noise + 0.15 * (images - 128.0), 0, 255).astype(np.uint8)\n"
    )
    privatizer = find_privatizer("mine:blend")
    values = {}
    for draws in (1, 3):
        findings = attack_images(ORIGINALS, privatizer.release(ORIGINALS, draws=draws, seed=0))
        assert findings.facts["draws"] == draws
        assert {row["read"] for row in findings.grid} == {1, 3}.intersection(range(draws + 1))
        [values[draws]] = [one.value for one in findings.figures if one.measure == BEST]
    assert values[3] > values[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("    raise KeyError(patients[0])", "mine.py line 3 raised KeyError: '…' (`cli.py -vv`"),
        ("    return cv2.blur(images, None)", "mine.py line 3 raised error: '…'"),
        ("    raise SystemExit(0)", "mine.py line 3 raised SystemExit: '…'"),
        ("    return images[1:]", "mine.py line 2 returned (95, 16, 16, 3) uint8, expected (96, "),
        ("    return images / 255", "mine.py line 2 returned (96, 16, 16, 3) float64, expected"),
        ("    return None", "mine.py line 2 returned NoneType, expected (96, 16, 16, 3) uint8"),
    ],
)
def test_a_function_that_fails_is_one_sentence_with_file_and_line_and_no_name(
    write_module, line, words
):
    write_module(f"import cv2\ndef fail(images, patients, *, seed):\n{line}\n")
    with pytest.raises(SettingsError) as caught:
        find_privatizer("mine:fail").release(ORIGINALS, draws=1, seed=0)
    assert str(caught.value).startswith(f"mine:fail: {words}")
    assert "anna" not in str(caught.value) and caught.value.exit_code == 3
    assert ("anna-0" in caught.value.named) is ("KeyError" in words)


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("mine", "", "--privatizer 'mine': write module:function, as blur:privatize"),
        ("../mine:f", "", "--privatizer '../mine:f': write module:function"),
        ("none:f", "", "none:f: no module none in this folder or among the installed packages"),
        ("none.at:f", "", "none.at:f: no module none in this folder"),
        ("mine:f", "import none", "mine:f: mine.py line 1 raised ModuleNotFoundError: No module n"),
        ("mine:f", "\ndef f(:", "mine:f: mine.py line 2 raised SyntaxError: invalid syntax"),
        ("mine:f", "import sys\nsys.exit(0)", "mine:f: mine.py line 2 raised SystemExit: 0"),
        ("mine:f", "x = 1", "mine:f: mine has no function f"),
        ("mine:f", "f = 1", "mine:f: mine has no function f"),
        (
            "mine:f",
            "def f(images):\n    return images",
            "mine:f: mine.py line 1 can't be called with (images, patients, seed=0): too many",
        ),
        ("math:sqrt", "", "math:sqrt: math can't be called with (images, patients, seed=0)"),
    ],
)
def test_what_is_no_function_of_these_parameters_is_one_sentence(write_module, name, source, words):
    write_module(source)
    with pytest.raises(SettingsError) as caught:
        find_privatizer(name)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 3
