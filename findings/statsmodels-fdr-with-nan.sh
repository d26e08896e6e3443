#!/usr/bin/env bash
# A p-value that could not be computed is NaN. SciPy's false_discovery_control refuses a family with
# one; statsmodels' multipletests takes it without a word. Under Benjamini-Hochberg every corrected
# p-value of the family is then NaN, while the flags beside them still call two of them significant;
# under Holm the NaN stays alone but counts as a member of the family.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" statsmodels==0.15.0 scipy==1.17.1 numpy==1.26.4 pandas==3.0.6
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import numpy as np
import scipy
import statsmodels
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

print("statsmodels", statsmodels.__version__, "SciPy", scipy.__version__)
family = np.array([0.0001, 0.0002, np.nan, 0.9])
try:
    false_discovery_control(family)
except ValueError as error:
    print("SciPy:", type(error).__name__)
for method in ("fdr_bh", "holm"):
    significant, corrected = multipletests(family, method=method)[:2]
    print(f"statsmodels {method}:", significant.tolist(), corrected.round(4).tolist())
PY
diff "$folder/seen" - << 'SEEN'
statsmodels 0.15.0 SciPy 1.17.1
SciPy: ValueError
statsmodels fdr_bh: [True, True, False, False] [nan, nan, nan, nan]
statsmodels holm: [True, True, False, False] [0.0004, 0.0006, nan, 1.0]
SEEN
