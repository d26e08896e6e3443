#!/usr/bin/env bash
# A column of whole numbers with one empty cell is a column of floats to pandas, which writes 61 as 61.0.
# OpenDP's cast of text to integers with a default (make_cast_default) takes a decimal point for no number:
# every age of the table becomes 0, not the missing one alone, before any noise is added, and a private
# mean is one of zeros. The cast to None and an imputation make the constant of all of them. A blank
# before the number does the same. No warning. Cast to floats, and clean the text before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" opendp==0.16.0 pandas==3.1.1 numpy==2.4.6
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
from importlib.metadata import version

import opendp.prelude as dp
import pandas as pd

print("OpenDP", version("opendp"), "pandas", pd.__version__)
dp.enable_features("contrib")
texts = dp.vector_domain(dp.atom_domain(T=str)), dp.symmetric_distance()
whole = texts >> dp.t.then_cast_default(TOA=int)
imputed = texts >> dp.t.then_cast(TOA=int) >> dp.t.then_impute_constant(50)
floats = texts >> dp.t.then_cast_default(TOA=float)
for ages in ([61, 48, 55], [61, None, 55]):
    written = pd.DataFrame({"age": ages}).to_csv(index=False).split()[1:]
    print(f"{ages} is written as {' '.join(written)}")
    print(f"  as integers {whole(written)}, imputed {imputed(written)}, as floats {floats(written)}")
print("with a blank before each number:", whole([" 61", " 48", " 55"]))
PY
diff "$folder/seen" - << 'SEEN'
OpenDP 0.16.0 pandas 3.1.1
[61, 48, 55] is written as 61 48 55
  as integers [61, 48, 55], imputed [61, 48, 55], as floats [61.0, 48.0, 55.0]
[61, None, 55] is written as 61.0 "" 55.0
  as integers [0, 0, 0], imputed [50, 50, 50], as floats [61.0, 0.0, 55.0]
with a blank before each number: [0, 0, 0]
SEEN
