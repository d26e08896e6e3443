"""Eyes of noise, some of them ill by a spot to the right or to the left."""

import numpy as np

from replication.records import EyeDataset

AXES = (28.0, 28.0)
SIDE = 64


def draw_eyes(*, patients=24, images=4, seed=0, shown=True):
    """Noise about an eye of each patient's; the last third is ill, by a spot to the right or left."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.08, (patients, SIDE, SIDE))
    identity = np.repeat(np.arange(patients), images)
    ill = identity >= 2 * patients // 3
    eyes = own[identity] + rng.normal(0, 0.05, (len(identity), SIDE, SIDE))
    for row in np.flatnonzero(ill & shown):
        column = SIDE // 2 + (14 if identity[row] % 2 else -14)
        eyes[row, SIDE // 2 - 4 : SIDE // 2 + 4, column - 4 : column + 4] += 0.6
    repeated = np.repeat(np.clip(eyes, -1, 1).astype(np.float32)[..., None], 3, axis=-1)
    return EyeDataset(repeated, identity, ill, np.array([f"eye-{i}" for i in range(len(ill))]))
