"""k-Same of another project, anonypyx, on real eyes: a bound for the patient, and none for others."""

from importlib.util import find_spec

import pytest
from k_same_of_anonypyx import write_folder
from places import REAL_EYES

from replication.attack.anybody.attack import attack_images
from replication.attack.anybody.figures import BEST, SOLVED, Found
from replication.attack.anybody.manifests import Kind, read_manifest

K = 6

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("anonypyx") is None, reason="anonypyx 0.2.11 is not installed"),
    pytest.mark.skipif(not REAL_EYES.is_dir(), reason="the real eyes are not here"),
]


def test_the_patient_is_hidden_among_k_and_all_k_are_shown(tmp_path):
    originals, privatized = write_folder(REAL_EYES, tmp_path / "eyes", K)
    findings = attack_images(
        read_manifest(originals, Kind.ORIGINALS), read_manifest(privatized, Kind.PRIVATIZED)
    )
    figures = {one.measure: one for one in findings.figures}
    assert figures[BEST].low < 1 / K
    assert findings.controls["originals"].value > 0.8
    assert figures[SOLVED].value > 0.9
    assert findings.verdicts[1].found == Found.LEAKS
