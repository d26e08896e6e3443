"""What calibration reads of a data set, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from drawn_eyes import write_warsaw

from replication.config import SurrogateSettings
from replication.data.sources import Kind, Source
from replication.errors import DataError
from replication.studies import calibration_eyes
from replication.studies.calibration_eyes import EQUAL_RADIUS, measure_eyes, read_eyes
from replication.surrogate.plan import plan_eyes
from replication.surrogate.synthesize import synthesize

SETTINGS, SEED = SurrogateSettings(patients=20, images=120, glaucoma_images=60), 1


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory) -> Source:
    root = tmp_path_factory.mktemp("calibration") / "eyes"
    synthesize(root, SETTINGS, seed=SEED, workers=1)
    return Source(Kind.SURROGATE, root)


def test_eyes_come_with_their_twins_and_at_one_size(surrogate, monkeypatch) -> None:
    monkeypatch.setattr(calibration_eyes, "FEWEST_IMAGES", 100)
    eyes = read_eyes(surrogate, workers=1)
    assert eyes.images.shape == eyes.equal.shape == (len(eyes.patient), 64, 64)
    assert len(eyes.images) > 115
    assert eyes.glaucoma[eyes.sick].all() and len(eyes.sick) == eyes.glaucoma.sum()
    assert (eyes.images[eyes.sick] != eyes.twins).any(axis=(1, 2)).mean() > 0.95
    assert set("|".join(eyes.kinds).split("|")) == {"hole", "haze", "dilated", "atrophy"}
    # An iris's radius is a fifth of the frame's width, and a third of the equal image's.
    assert eyes.radius_share[0] == pytest.approx(124 / 640, rel=0.05)
    size = eyes.radius_share[0] / EQUAL_RADIUS * 64
    small = eyes.images[:, 32 - round(size / 2) : 32 + round(size / 2)]
    small = small[:, :, 32 - round(size / 2) : 32 + round(size / 2)]
    assert eyes.equal.mean() == pytest.approx(small.mean(), rel=0.02)
    found = measure_eyes(eyes)
    assert all(np.isfinite(value) for value in found.values())
    planned = plan_eyes(SETTINGS, seed=SEED)
    sick, well = ({e.patient for e in planned if e.glaucoma is kind} for kind in (True, False))
    assert found["half sick"] == pytest.approx(len(sick & well) / len(sick))
    images = pd.DataFrame([(e.patient, e.glaucoma, e.images) for e in planned])
    most = images.groupby([0, 1])[2].sum().groupby(level=0).max().sum()
    assert found["by patient"] == pytest.approx(most / SETTINGS.images, abs=0.03)


def test_too_few_images_are_refused_in_one_sentence(surrogate, tmp_path) -> None:
    with pytest.raises(DataError, match="needs 200 images in which the iris is found, got 120"):
        read_eyes(surrogate, workers=1)
    root = write_warsaw(tmp_path / "few")
    (root / "twins-NIR").mkdir()
    (root / "signs.csv").write_text("file,signs\n")
    with pytest.raises(DataError, match="needs 200 images .* got 5"):
        read_eyes(Source(Kind.FOLDER, root), workers=1)


def test_eyes_without_an_iris_are_refused(surrogate, monkeypatch) -> None:
    monkeypatch.setattr(calibration_eyes, "FEWEST_IMAGES", 100)
    whole = calibration_eyes.preprocess_images

    def lose_irises(*args, **options):
        pixels, facts = whole(*args, **options)
        return pixels, facts.assign(iris_found=np.arange(len(facts)) < 30)

    monkeypatch.setattr(calibration_eyes, "preprocess_images", lose_irises)
    with pytest.raises(DataError, match="in which the iris is found, got 30"):
        read_eyes(surrogate, workers=1)


def test_data_without_twins_are_refused(tmp_path) -> None:
    root = write_warsaw(tmp_path / "eyes")
    with pytest.raises(DataError, match="again without their signs, in twins-NIR"):
        read_eyes(Source(Kind.FOLDER, root), workers=1)
    (root / "twins-NIR").mkdir()
    with pytest.raises(DataError, match="and signs.csv"):
        read_eyes(Source(Kind.FOLDER, root), workers=1)
