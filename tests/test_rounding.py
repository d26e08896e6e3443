"""Other ways of computing the same: the bands of the regression test hold what they change.

The log has what they change: `pytest -m slow --log-cli-level=INFO tests/test_rounding.py`.
"""

import logging
import os
import subprocess
import sys

import pandas as pd
import pytest
from places import ROOT

from replication.results.check import check_run
from replication.store.run_folder import RunStore
from validation.blessing.blessing import DRIFT
from validation.blessing.drift import GENERATED, TIE, TIE_OF_GENERATED

WAYS = {
    "as-it-comes": {},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "without-onednn": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "other-blas": {"OPENBLAS_CORETYPE": "Nehalem"},  # NumPy's products as an old processor's
}
OF_TENSORFLOW = ["avx2", "without-onednn"]
LEADS = ["identity_lead", "replacement_lead", "glaucoma_probability"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The table from the reference weights, computed in these ways; in minutes."""
    folder = tmp_path_factory.mktemp("ways")
    words = [sys.executable, str(ROOT / "cli.py"), "evaluate", "--from-baseline"]
    for name, environment in WAYS.items():
        subprocess.run(
            [*words, "--run", name], cwd=folder, env=os.environ | environment, check=True
        )
    return {name: folder / "artifacts" / "runs" / name for name in WAYS}


@pytest.mark.parametrize("way", WAYS)
def test_every_number_stays_in_its_band(runs, way):
    drift = [check for check in check_run(RunStore(runs[way])).checks if check.group == DRIFT]
    assert len(drift) == 51
    assert [check for check in drift if check.verdict != "inside"] == []


@pytest.mark.parametrize("way", OF_TENSORFLOW)
def test_no_decision_moves_by_as_much_as_a_tie(runs, way):
    one, other = (
        pd.read_csv(runs[name] / "06_evaluated" / "predictions.csv")
        for name in ("as-it-comes", way)
    )
    moved = (one[LEADS] - other[LEADS]).abs().max(axis=1)
    generated = one["method"].str.startswith(GENERATED)
    of_generated, of_others = moved[generated].max(), moved[~generated].max()
    logging.getLogger(__name__).info("%s: %.1e, others %.1e", way, of_generated, of_others)
    assert 0 < of_generated < TIE_OF_GENERATED
    assert of_others < TIE


def test_other_products_of_matrices_choose_the_same_images(runs):
    one, other = (
        (runs[name] / "06_evaluated" / "predictions.csv").read_bytes()
        for name in ("as-it-comes", "other-blas")
    )
    assert one == other
