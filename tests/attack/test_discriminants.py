import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from replication.attack.discriminants import ShrunkDiscriminants

SIZE = 30


def draw_rows(counts, *, seed):
    """Rows of classes whose values are correlated and of several scales; the third never changes."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(len(counts)), counts)
    mixed = rng.normal(size=(SIZE, SIZE)) * np.geomspace(0.1, 10, SIZE)
    values = np.random.default_rng(0).normal(size=(len(counts), SIZE))[classes]
    values += rng.normal(size=(len(classes), SIZE)) @ mixed / 20
    values[:, 2] = 0.25
    return values, classes


@pytest.mark.parametrize("counts", [(1, 2, 5, 9, 40), (2, 2, 1, 2)], ids=["shrunk", "singular"])
def test_classes_are_weighed_as_by_scikit_learn(counts):
    values, classes = draw_rows(counts, seed=1)
    ours = ShrunkDiscriminants().fit(values, classes)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Only one sample available", UserWarning)
        theirs.fit(values, classes)
    np.testing.assert_allclose(ours.slopes_.T, theirs.coef_, rtol=1e-6, atol=1e-9)
    weighed = ours.offsets_ + ours.log_priors_
    np.testing.assert_allclose(weighed, theirs.intercept_, rtol=1e-6)
    others, _ = draw_rows((50, 50), seed=2)
    np.testing.assert_array_equal(ours.predict(others), theirs.predict(others))
    assert len(np.unique(ours.predict(others))) > 1
