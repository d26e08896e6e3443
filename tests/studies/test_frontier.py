"""The frontier on eyes of which the kinds are known: two spots, four patients each."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from coded_eyes import draw_eyes

from replication.config import SMOKE, PreprocessSettings
from replication.errors import SettingsError
from replication.records import Splits
from replication.studies import frontier
from replication.studies.frontier import measure_frontier, write_frontier

PATIENTS, IMAGES = 24, 4


class Verdicts:
    """A network that is right about every image of a data set."""

    def __init__(self, eyes):
        self.ill = {
            image.tobytes(): ill for image, ill in zip(eyes.images, eyes.glaucoma, strict=True)
        }

    def predict(self, images):
        ill = np.array([self.ill[image.tobytes()] for image in images], float)
        return np.column_stack([1 - ill, ill])


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    root, eyes = tmp_path_factory.mktemp("eyes"), draw_eyes(patients=PATIENTS, images=IMAGES)
    names = [f"{row}.png" for row in range(len(eyes))]
    signs = [
        f"{'right' if who % 2 else 'left'}:1:1:1" if ill else ""
        for who, ill in zip(eyes.identity, eyes.glaucoma, strict=True)
    ]
    pd.DataFrame({"file": names, "signs": signs}).to_csv(root / "signs.csv", index=False)
    facts = pd.DataFrame({"path": [f"images/{name}" for name in names]})
    facts = facts.assign(frame_width_px=64, frame_height_px=64, strip_rows_removed=0)
    places = np.arange(len(eyes)).reshape(PATIENTS, IMAGES)
    splits = Splits(places[:, :3].ravel(), np.array([], int), places[:, 3])
    run = SimpleNamespace(
        profile=SMOKE,
        dataset=eyes,
        splits=splits,
        source=SimpleNamespace(root=root),
        store=SimpleNamespace(folder=lambda unit: root),
        load_evaluator=lambda task: Verdicts(eyes),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontier, "load_manifest", lambda folder: facts.assign(iris_radius_px=28.0))
        return measure_frontier(run).set_index("k")


def test_a_code_of_one_patient_tells_everything_and_one_of_all_no_kind(rows):
    assert rows.index.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert rows["codes"].tolist() == [4, 2, 2, 1, 1, 1, 1, 1]
    assert rows.loc[3, "kind_auc"] == 1
    assert rows.loc[8, "kind_auc"] == 0.5


def test_what_is_proven_is_counted_and_bounds_the_codes_reader(rows):
    # One test image of each patient: a name for each code is right once among its patients.
    np.testing.assert_allclose(rows["proven"], (rows["codes"] + 1) / PATIENTS)
    np.testing.assert_allclose(rows["proven_sick"], rows["codes"] / 8)
    np.testing.assert_allclose(rows["proven_equal_sick"], rows["codes"] / 8)
    assert (rows["read"] <= rows["proven"]).all()
    assert (rows["read_sick"] <= rows["proven_sick"]).all()
    np.testing.assert_allclose(rows["read_sick"], rows["codes"] / 8)


def test_the_page_has_a_row_for_each_k_and_its_picture(rows, tmp_path):
    page = write_frontier(rows.reset_index(), tmp_path, heading="Planted eyes.")
    assert "| 3 | 2 | 12.5 | 25.0 | 25.0 | 12.5 | 25.0 | 1.000 |" in page
    assert (tmp_path / "frontier.md").read_text() == page
    assert (tmp_path / "images/frontier.png").stat().st_size > 5000
    unknown = rows.reset_index().assign(kind_auc=np.nan)
    (tmp_path / "plain").mkdir()
    page = write_frontier(unknown, tmp_path / "plain", heading="Planted eyes.")
    assert "not measured" in page
    assert not (tmp_path / "plain" / "images").exists()


def test_images_without_irises_are_refused():
    steps = PreprocessSettings(centring="none")
    run = SimpleNamespace(profile=replace(SMOKE, preprocess=steps))
    with pytest.raises(SettingsError, match="--centring none finds none"):
        measure_frontier(run)
