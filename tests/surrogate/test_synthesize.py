"""The surrogate: layout, exact counts, truth, twins, and the same bytes from the same seed."""

import csv
import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies
from hypothesis import settings as hypothesis_settings

from replication.config import SurrogateSettings
from replication.errors import DataError
from replication.surrogate.frame import draw_frame, paint_eye
from replication.surrogate.iris import draw_nevi
from replication.surrogate.patient import Eye, SignKind, describe_eye, describe_shot
from replication.surrogate.plan import is_as_drawn, plan_eyes
from replication.surrogate.synthesize import draw_contact_sheet, draw_twin, synthesize

SETTINGS = SurrogateSettings(patients=9, images=34, glaucoma_images=14)
SEED = 5
STRIP_ROWS = 11
TWIN_MARGIN_PX = 28  # focus and lid blur reach 16 px, a JPEG block 8 x 8 more at its diagonal


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("surrogate") / "warsaw"
    synthesize(folder, SETTINGS, seed=SEED, workers=1)
    return folder


@pytest.fixture(scope="module")
def truth(root) -> list[dict[str, str]]:
    with (root / "truth.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_frame(root: Path, row: dict[str, str]) -> np.ndarray:
    folder = f"{int(row['patient']):04d}{row['eye']}"
    return cv2.imread(str(root / "images-NIR" / folder / row["file"]), cv2.IMREAD_UNCHANGED)


def digest_files(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def parse_circles(row: dict[str, str]) -> list[tuple[str, float, float, float]]:
    signs = [sign.split(":") for sign in row["signs"].split("|") if sign]
    return [(kind, float(x), float(y), float(radius)) for kind, x, y, radius in signs]


def make_outside(circles: list[tuple[str, float, float, float]]) -> np.ndarray:
    outside = np.ones((480, 640), bool)
    y, x = np.mgrid[:480, :640]
    for _, centre_x, centre_y, radius in circles:
        outside &= np.hypot(x - centre_x, y - centre_y) > radius + TWIN_MARGIN_PX
    return outside


def test_layout_is_warsaw(root):
    folders = sorted(path.name for path in (root / "images-NIR").iterdir())
    assert all(name[:4].isdigit() and name[4:] in ("left", "right") for name in folders)
    files = [path.name for path in (root / "images-NIR").rglob("*.jpg")]
    assert sum("_IG_" in name for name in files) == SETTINGS.images
    assert any("_TC_" in name for name in files)
    assert all("_CA_" in path.name for path in (root / "images-visible").rglob("*.jpg"))
    assert any((root / "images-visible").rglob("*.jpg"))


def test_annotations_agree_with_the_signs(root, truth):
    lines = (root / "medical-description-v2-1.csv").read_text(encoding="utf-8").splitlines()
    with_glaucoma = set()
    for line in lines[1:]:
        patient, left, right = line.split(";")
        for eye, text in (("left", left), ("right", right)):
            if {"glaucoma", "secondary glaucoma"} & {word.strip() for word in text.split(",")}:
                with_glaucoma.add((patient, eye))
    assert len(lines) == SETTINGS.patients + 1
    assert {(r["patient"], r["eye"]) for r in truth if r["signs"]} == with_glaucoma
    labelled = sum((row["patient"], row["eye"]) in with_glaucoma for row in truth)
    assert labelled == SETTINGS.glaucoma_images


def test_frames_have_the_size_and_a_strip_with_text(root, truth):
    for row in truth:
        frame = read_frame(root, row)
        assert frame.shape == (480, 640)
        strip = frame[-STRIP_ROWS:]
        assert np.median(strip) < 10
        assert 0.005 < np.mean(strip > 128) < 0.2


def test_truth_lies_on_a_dark_pupil_inside_a_paler_eye(root, truth):
    off_centre = []
    for row in truth:
        frame = read_frame(root, row).astype(float)
        x, y, radius = (float(row[name]) for name in ("pupil_x", "pupil_y", "pupil_r"))
        iris_radius = float(row["iris_r"])
        disc = np.hypot(*(np.mgrid[:480, :640] - np.array([y, x])[:, None, None])) < 0.6 * radius
        assert radius < iris_radius
        if "haze" not in row["signs"]:
            assert np.median(frame[disc]) < np.median(frame[:-STRIP_ROWS]) - 20
        off_centre.append(abs(float(row["iris_x"]) - 320) + abs(float(row["iris_y"]) - 240))
    assert np.median(off_centre) > 10


@pytest.mark.parametrize("glaucoma", [True, False])
def test_redrawing_gives_the_file_back(root, truth, glaucoma):
    row = next(row for row in truth if bool(row["signs"]) == glaucoma)
    again = draw_twin(root, row["file"], with_signs=True)
    assert np.array_equal(again, read_frame(root, row))
    assert np.array_equal(again, draw_twin(root, row["file"])) != glaucoma


def test_a_twin_differs_at_its_signs_and_nowhere_else(root, truth):
    for row in [row for row in truth if row["signs"]][::3]:
        frame, twin = read_frame(root, row), draw_twin(root, row["file"])
        outside = make_outside(parse_circles(row))
        assert np.array_equal(frame[outside], twin[outside])
        assert np.abs(frame.astype(int) - twin)[~outside].max() > 10


@pytest.mark.parametrize("kind", list(SignKind))
def test_each_sign_stays_in_its_circle_and_is_seen_at_network_size(kind):
    identity = describe_eye(3, 1, Eye.RIGHT, kinds=(kind,))
    eye, shot = paint_eye(identity), replace(describe_shot(identity, 1, 1), sign_strength=1.0)
    drawn = draw_frame(eye, shot, image=1, label=("", ""))
    twin = draw_frame(eye, shot, image=1, label=("", ""), with_signs=False)
    circles = [(kind, c.x, c.y, c.radius) for kind, c in drawn.signs]
    outside = make_outside(circles)
    assert [found for found, *_ in circles] == [kind]
    assert np.array_equal(drawn.pixels[outside], twin.pixels[outside])
    small = [
        cv2.resize(frame.pixels, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
        for frame in (drawn, twin)
    ]
    assert np.abs(small[0] - small[1]).max() > 8


def test_a_right_eye_is_the_mirrored_sibling():
    """Mirrored, the right eye is nearer to its left sibling than to other patients' left eyes."""

    def draw_plain(patient: int, eye: Eye) -> np.ndarray:
        identity = describe_eye(SEED, patient, eye, kinds=())
        shot = describe_shot(describe_eye(SEED, 1, Eye.LEFT, kinds=()), 1, 1)
        frame = draw_frame(paint_eye(identity), shot, image=1, label=("", "")).pixels
        return cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA).astype(float)

    left = [draw_plain(patient, Eye.LEFT) for patient in range(1, 9)]
    mirrored = [draw_plain(patient, Eye.RIGHT)[:, ::-1] for patient in range(1, 9)]
    nearest = [int(np.argmin([np.abs(m - image).mean() for image in left])) for m in mirrored]
    assert sum(found == own for own, found in enumerate(nearest)) >= 6


@pytest.mark.parametrize("seed", range(5))
def test_disease_is_of_patients_and_its_kinds_have_their_shares(seed):
    """Of about 60 sick patients at most a fifth have a healthy eye; both eyes have one kind."""
    eyes = plan_eyes(SurrogateSettings(), seed=seed)
    sick = {eye.patient for eye in eyes if eye.glaucoma}
    half_sick = {eye.patient for eye in eyes if not eye.glaucoma} & sick
    assert 55 <= len(sick) <= 65
    assert 0.05 <= len(half_sick) / len(sick) <= 0.2
    kinds = {patient: {e.kinds for e in eyes if e.patient == patient} - {()} for patient in sick}
    assert {len(found) for found in kinds.values()} == {1}
    first = Counter(next(iter(found))[0] for found in kinds.values())
    for kind, share in zip(SignKind, (0.4, 0.4, 0.1, 0.1), strict=True):
        assert first[kind] / len(sick) == pytest.approx(share, abs=0.02)
    second = sum(len(next(iter(found))) == 2 for found in kinds.values())
    assert second / len(sick) == pytest.approx(1 / 3, abs=0.02)
    assert 4 <= 425 / sum(eye.glaucoma for eye in eyes) <= 5


@pytest.mark.parametrize("kind", list(SignKind))
def test_signs_lie_above_or_towards_the_temple_and_alike_in_all_patients(kind):
    """At 11 to 1 or 2 to 4 o'clock in a left eye; a patient's two eyes are no nearer than others'."""
    angles = np.array(
        [
            [describe_eye(SEED, patient, eye, kinds=(kind,)).signs[0].angle for eye in Eye]
            for patient in range(1, 301)
        ]
    )
    above = np.abs(angles + np.pi / 2) <= np.pi / 6
    assert (above | (np.abs(angles) <= np.pi / 6)).all()
    assert 0.4 < above.mean() < 0.6
    assert 0.4 < (above[:, 0] == above[:, 1]).mean() < 0.6
    assert abs(np.corrcoef(angles.T)[0, 1]) < 0.15


def test_severity_is_of_the_eye_and_its_sessions_differ_little():
    severity, spread = [], []
    for patient in range(1, 201):
        identity = describe_eye(SEED, patient, Eye.LEFT, kinds=(SignKind.HAZE,))
        shots = [describe_shot(identity, image, session) for image, session in ((1, 1), (5, 2))]
        strength = [shot.sign_strength for shot in shots]
        severity.append(identity.severity)
        spread.append(strength[0] - strength[1])
    assert 0.6 <= min(severity) < 0.62 and 1.18 < max(severity) <= 1.2
    assert np.std(spread) == pytest.approx(0.1 * 2**0.5, rel=0.15)


def test_a_nevus_is_soft_and_paler_than_the_pupil_where_a_hole_is_sharp():
    """What sets the confounder apart, with iris and pupil as they are in the eye."""
    traits = {"iris_gray": 120.0, "pupil_gray": 30.0}
    for seed in range(20):
        nevi = draw_nevi(np.random.default_rng(seed), traits)
        assert 120 + nevi.min() > 30 + 10
        assert np.abs(np.diff(nevi, axis=1)).max() < 12  # gray levels per column, 1 px of the frame


def test_same_bytes_with_any_number_of_workers(root, tmp_path):
    calls = []
    synthesize(tmp_path / "again", SETTINGS, seed=SEED, workers=2, on_image=lambda: calls.append(1))
    assert len(calls) == SETTINGS.images
    assert digest_files(tmp_path / "again") == digest_files(root)


def test_another_seed_gives_other_eyes_and_no_two_files_are_equal(root, tmp_path):
    synthesize(tmp_path / "other", SETTINGS, seed=SEED + 1, workers=1)
    images = [d for name, d in digest_files(tmp_path / "other").items() if name.endswith("jpg")]
    images += [d for name, d in digest_files(root).items() if name.endswith("jpg")]
    assert len(set(images)) == len(images)


def test_eyes_drawn_another_way_are_no_surrogate(root, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(root, old)
    assert is_as_drawn(old)
    origin = json.loads((old / "surrogate.json").read_text())
    (old / "surrogate.json").write_text(json.dumps(origin | {"drawing": origin["drawing"] - 1}))
    assert not is_as_drawn(old)


def test_an_existing_folder_is_refused_and_kept(root):
    before = digest_files(root)
    with pytest.raises(DataError, match="exists already"):
        synthesize(root, SETTINGS, seed=SEED, workers=1)
    assert digest_files(root) == before


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    failure = Mock(side_effect=OSError("disk full"))
    monkeypatch.setattr("replication.surrogate.synthesize.draw_planned", failure)
    with pytest.raises(OSError, match="disk full"):
        synthesize(tmp_path / "broken", SETTINGS, seed=SEED, workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "counts", [(0, 10, 2), (10, 9, 2), (3, 10, 11), (3, 10, -1), (1, 1, 0.5), (10000, 20000, 9)]
)
def test_impossible_counts_are_one_sentence(tmp_path, counts):
    with pytest.raises(DataError, match="can't be drawn"):
        synthesize(tmp_path / "none", SurrogateSettings(*counts), seed=SEED, workers=1)
    assert list(tmp_path.iterdir()) == []


@given(strategies.data())
@hypothesis_settings(deadline=None, max_examples=150)
def test_planned_counts_are_exact(data):
    patients = data.draw(strategies.integers(1, 150))
    images = data.draw(strategies.integers(max(2, patients), 2500))
    sick = data.draw(strategies.integers(0, images))
    seed = data.draw(strategies.integers(0, 2**40))
    eyes = plan_eyes(SurrogateSettings(patients, images, sick), seed=seed)
    assert {eye.patient for eye in eyes} == set(range(1, patients + 1))
    assert sum(eye.images for eye in eyes) == images
    assert sum(eye.images for eye in eyes if eye.glaucoma) == sick
    assert min(eye.images for eye in eyes) >= 1
    assert max(Counter((eye.patient, eye.eye) for eye in eyes).values()) == 1
    assert list(eyes) == sorted(eyes, key=lambda eye: (eye.patient, eye.eye))


def test_twin_of_an_unknown_file_or_folder_is_refused(root, tmp_path):
    with pytest.raises(DataError, match="no image"):
        draw_twin(root, "0001_L_IG_99.jpg")
    with pytest.raises(DataError, match="not a surrogate"):
        draw_twin(tmp_path, "0001_L_IG_11.jpg")


def test_contact_sheet_shows_the_files(root, tmp_path):
    draw_contact_sheet(root, tmp_path / "sheet.png", seed=0)
    sheet = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[1] == 4 * 320
    assert sheet.shape[0] % 240 == 0 and sheet.std() > 20
