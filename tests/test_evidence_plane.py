"""The plane of Table 2: the same bytes twice, and nothing where no sign's place is known."""

import numpy as np

from replication.evidence_plane import draw_evidence_plane
from replication.table1 import ROWS


def plant_rows(measures):
    places = np.linspace(0.1, 0.9, len(ROWS))
    return [
        {"method": row.method, "measure": name, "value": at, "low": low, "high": at, "chance": 0.01}
        for row, at in zip(ROWS, places, strict=True)
        for name in measures
        for low in [at - 0.05 if row.method != "blur-3" else None]
    ]


def test_it_is_drawn_with_the_same_bytes_twice(tmp_path):
    rows = plant_rows(("identity_best", "sign_kind_auc"))
    drawn = []
    for name in ("one", "other"):
        files = [tmp_path / f"{name}{ending}" for ending in (".png", ".pdf")]
        assert draw_evidence_plane(rows, title="drawn eyes", files=files)
        drawn.append([file.read_bytes() for file in files])
    assert drawn[0] == drawn[1]


def test_without_a_known_sign_there_is_none(tmp_path):
    rows = plant_rows(("identity_best",))
    assert not draw_evidence_plane(rows, title="eyes", files=[tmp_path / "plane.png"])
    assert not list(tmp_path.iterdir())
