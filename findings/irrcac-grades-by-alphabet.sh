#!/usr/bin/env bash
# Agreement of two graders is weighted by how far apart their grades lie. irrCAC sorts grades that are words
# by the alphabet, mild, moderate, none, severe, and weighs by the places in that list: none is next to
# severe. The order of a pandas Categorical is not looked at. Weighted agreement of the same gradings is
# 0.27 instead of 0.78; without weights nothing shows. Give `categories` in their order, or numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" irrCAC==0.4.4 pandas==2.3.3 scipy==1.12.0 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
from importlib.metadata import version

import pandas as pd
from irrCAC.raw import CAC

print("irrCAC", version("irrCAC"))
order = ["none", "mild", "moderate", "severe"]
first = ["none", "mild", "severe", "moderate", "none", "mild", "severe"]
second = ["mild", "mild", "severe", "severe", "none", "moderate", "moderate"]
words = pd.DataFrame({"first": first, "second": second})
for name, grades, options in (
    ("words", words, {}),
    ("ordered Categorical", words.apply(lambda column: pd.Categorical(column, order, ordered=True)), {}),
    ("words with categories", words, {"categories": order}),
    ("numbers", words.apply(lambda column: column.map(order.index)), {}),
):
    found = [CAC(grades, weights=each, **options).gwet()["est"] for each in ("quadratic", "identity")]
    weighted, plain = (each["coefficient_value"] for each in found)
    print(f"{name}: Gwet's coefficient weighted {weighted:.2f}, without weights {plain:.2f}")
PY
diff "$folder/seen" - << 'SEEN'
irrCAC 0.4.4
words: Gwet's coefficient weighted 0.27, without weights 0.24
ordered Categorical: Gwet's coefficient weighted 0.27, without weights 0.24
words with categories: Gwet's coefficient weighted 0.78, without weights 0.24
numbers: Gwet's coefficient weighted 0.78, without weights 0.24
SEEN
