"""Quantus's scores of relevance maps: a second opinion, on the maps as they are."""

import numpy as np
import quantus


def score_by_quantus(
    metric: type[quantus.Metric], maps: np.ndarray, masks: np.ndarray, **options
) -> np.ndarray:
    """Return the (N,) scores of a localisation metric of Quantus.

    Args:
        metric: such as `quantus.PointingGame`.
        maps: (N, S, S).
        masks: (N, S, S) bool.
        options: of the metric.
    """
    judge = metric(abs=False, normalise=False, disable_warnings=True, **options)
    scores = judge(
        model=None,
        x_batch=np.zeros_like(maps)[:, None],
        y_batch=np.zeros(len(maps), int),
        a_batch=maps[:, None],
        s_batch=masks[:, None],
        channel_first=True,
    )
    return np.asarray(scores, float)
