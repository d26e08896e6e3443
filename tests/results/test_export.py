"""What a set reveals, by hand: its numbers decide whether patients' data are shared."""

import numpy as np
import pytest
from planted_run import open_run

from replication.attack.table2 import MEASURES
from replication.errors import MethodRefused, SettingsError
from replication.records import EyeDataset, PrivatizedSet, to_unit_range
from replication.results.export import Leaks, measure_leaks
from replication.results.finished_run import FinishedRun
from replication.store.arrays import load_privatized, write_refusal
from replication.store.files import write_json
from replication.store.run_folder import RunStore

METHOD, PATIENTS, SIDE = "k-same-3", 8, 8
ATTACKED = [  # method, measure, value, chance
    (METHOD, "identity_static", 0.02, 0.01),
    (METHOD, "identity_best", 0.6, 0.01),
    (METHOD, "identity_lda_image", 0.7, 0.01),
    (METHOD, "unseen_lda_auc", 0.8, 0.5),
    (METHOD, "unseen_siamese_auc", 0.9, 0.5),
    (METHOD, "unseen_siamese_eer", 0.1, 0.5),
    (METHOD, "used_shown", 0.4, 0.375),
    (METHOD, "near_copies", 0.1, None),
    (METHOD, "ssim", 1.0, None),
    ("blur-3", "identity_best", 1.0, 0.01),
]


def draw_flat(levels) -> np.ndarray:
    """Return an image of each gray level."""
    return to_unit_range(np.array(levels)[:, None, None, None] * np.ones((1, SIDE, SIDE, 3)))


def measure(*, one_pixel: float = 0, attacked=ATTACKED) -> Leaks:
    """Measure five images, one pixel of the first one being of so many gray levels."""
    identity = np.arange(PATIENTS)
    training = EyeDataset(draw_flat([0, 200] * 4), identity, identity < 4, identity.astype(str))
    images = draw_flat([0, 0.6, 7, 40, 100])
    images[0, 3, 5] = to_unit_range(np.array(one_pixel))
    rows = [
        dict(zip(("method", "measure", "value", "chance"), row, strict=True))
        | {"requirement": MEASURES[row[1]].requirement.value, "low": row[2] - 0.01}
        | {"high": row[2] + 0.01}
        for row in attacked
    ]
    return measure_leaks(
        PrivatizedSet(METHOD, 0, images, None),
        rows,
        training=training,
        originals=draw_flat([3, 10, 60]),
    )


def test_each_victim_has_the_worst_figure_and_the_medians_of_distances_follow():
    # The means of the distances are 29.5 and 24.3. A used one is named hardly above chance, so the
    # worst of the replaced is the copies.
    assert str(measure()) == (
        f"{METHOD}\n  - privacy of the patient, at worst: best retrained attacker 60.0 (59.0 to "
        "61.0) / 1.0; unseen patients, AUC, Siamese 0.90 (0.89 to 0.91) / 0.50\n"
        "  - privacy of the replaced, at worst: near copies 10.0 (9.0 to 11.0)\n"
        "  - the nearest training image is 7.0 gray levels away, the median (test originals: "
        "10.0); 1 are copies of one"
    )


def test_the_papers_own_network_is_an_attacker_too():
    rows = [(METHOD, "identity_static", 0.9, 0.01), *ATTACKED[1:]]
    assert "at worst: static network (as the paper) 90.0" in str(measure(attacked=rows))


def test_at_chance_what_is_named_most_is_reported():
    rows = [(METHOD, "near_copies", 0, None), (METHOD, "used_shown", 0.3, 0.375)]
    assert "any of the used named, static 30.0 (29.0 to 31.0) / 37.5" in str(measure(attacked=rows))


def test_an_attack_on_other_methods_is_none_on_this_one():
    assert str(measure(attacked=ATTACKED[-1:])).splitlines()[1] == "  - not attacked"


# One pixel of 64: the image is an eighth of its error away, the next image 0.6.
@pytest.mark.parametrize(("one_pixel", "copies"), [(0, 1), (1, 1), (3.9, 1), (4.1, 0)])
def test_rounding_makes_no_other_image_of_a_copy(one_pixel, copies):
    assert measure(one_pixel=one_pixel).copies == copies


def test_a_run_of_an_unknown_kind_of_data_is_one_sentence(tmp_path):
    run = {"source": {"kind": "zoo", "name": "x"}, "profile": {"name": "smoke"}}
    run |= {"seed": 0, "draws": 1, "split": "image"}
    write_json(tmp_path / "run.json", run)
    with pytest.raises(SettingsError, match="run.json: unknown kind of data 'zoo'"):
        _ = FinishedRun(RunStore(tmp_path)).source


def test_methods_that_refused_the_data_have_nothing_to_export(tmp_path):
    store = open_run(tmp_path)
    for name in ("blur-3", "evidence-code-k5"):
        with store.writing(f"05_privatized/{name}", {}) as folder:
            np.save(folder / "draw-0.npy", np.zeros((1, 8, 8, 3), np.uint8))
    with store.writing("05_privatized/evidence-code-k3", {}) as folder:
        write_refusal(folder, "two patients")
    run = FinishedRun(store)
    assert run.released == ["blur-3", "evidence-code-k5"]
    with pytest.raises(MethodRefused, match="evidence-code-k3: two patients"):
        next(load_privatized(store.folder("05_privatized/evidence-code-k3"), "evidence-code-k3"))
