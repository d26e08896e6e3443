"""k-Same (pixel) as the package anonypyx 0.2 does it, rewritten in our own words to be timed.

After Newton, Sweeney and Malin (2005): images are projected on all their principal components,
and then, while at least 2k are left, a random image and its nearest neighbours are taken out as a
cluster; a cluster's images all become its mean. Its steps and its library calls (scikit-learn's
PCA, SciPy's `cdist`, pandas' frames) are anonypyx's, for they are what costs.
"""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA


def k_same_pixel(images: np.ndarray, *, k: int, seed: int) -> np.ndarray:
    """Return each image's cluster mean.

    Args:
        images: (N, H, W) gray.
        k: images in a cluster, of which the last has up to 2k - 1.
        seed: of the images that clusters start from.
    """
    flat = images.reshape(len(images), -1)
    components = PCA(n_components=min(flat.shape)).fit_transform(flat)
    pixels, projected = pd.DataFrame(flat), pd.DataFrame(components)
    averaged = np.empty(flat.shape)
    for cluster in _partition(projected, k=k, rng=np.random.default_rng(seed)):
        averaged[cluster] = pixels.loc[cluster].mean().to_numpy()
    return averaged.reshape(images.shape)


def _partition(projected: pd.DataFrame, *, k: int, rng: np.random.Generator) -> list[pd.Index]:
    left, clusters = projected.index, []
    while len(left) >= 2 * k:
        start = projected.loc[left].sample(n=1, random_state=rng)
        distance = cdist(start, projected.loc[left])[0]
        nearest = left.take(np.argpartition(distance, k)[:k])
        left = left.drop(nearest)
        clusters.append(nearest)
    return [*clusters, left]
