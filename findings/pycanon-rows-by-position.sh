#!/usr/bin/env bash
# pycanon finds the rows that share their quasi-identifiers by their labels in the pandas index, and reads
# their secrets by position. A table that was sorted keeps its labels, so that l and t are those of other
# patients' rows: a group of which everybody is sick, so that its members are known to be (l = 1), passes
# for diverse. k is right, and nothing warns. Reset the index of a sorted or filtered table first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" pycanon==1.3.6 pandas==2.3.3 numpy==2.0.2
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
from importlib.metadata import version

import pandas as pd
from pycanon.anonymity import k_anonymity, l_diversity, t_closeness

print("pycanon", version("pycanon"), "pandas", pd.__version__)
sex, eye = list("FFFMMM"), ["well", "well", "sick", "sick", "sick", "sick"]
table = pd.DataFrame({"sex": sex, "eye": eye, "day": [1, 4, 5, 2, 3, 6]})
by_day = table.sort_values("day")
for words, each in (
    ("as it was read", table),
    ("sorted by the day", by_day),
    ("sorted, with a new index", by_day.reset_index(drop=True)),
):
    k, diverse = k_anonymity(each, ["sex"]), l_diversity(each, ["sex"], ["eye"])
    print(f"{words}: k = {k}, l = {diverse}, t = {t_closeness(each, ['sex'], ['eye']):.2f}")
PY
diff "$folder/seen" - << 'SEEN'
pycanon 1.3.6 pandas 2.3.3
as it was read: k = 3, l = 1, t = 0.33
sorted by the day: k = 3, l = 2, t = 0.00
sorted, with a new index: k = 3, l = 1, t = 0.33
SEEN
