"""A drawn iris's centre is among the proposed ones."""

import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.preprocess.iris_evidence import find_edge_points
from replication.preprocess.iris_votes import PROPOSALS, VOTE_CELL_PX, propose_centres


@pytest.mark.parametrize("centre", [(320, 240), (250, 200), (400, 280)])
def test_the_centre_of_an_iris_is_proposed_first(centre: tuple[int, int]) -> None:
    points = find_edge_points(draw_eye(centre=centre))
    x, y = propose_centres(points)
    assert len(x) <= PROPOSALS
    middle = np.array(centre) * points.scale
    assert np.hypot(x[0] - middle[0], y[0] - middle[1]) < 2 * VOTE_CELL_PX
