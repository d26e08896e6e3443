#!/usr/bin/env bash
# An expectation that stands twice in a Great Expectations suite counts once or twice by the way it came
# in: add_expectation drops an equal one without a word, the constructor keeps both, and validation then
# reports the sum. Two suites of the same lines have other statistics.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" great-expectations==1.24.1 pandas==3.0.6 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"
import logging
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import great_expectations as gx
from great_expectations import expectations as gxe

print("great-expectations", gx.__version__)
gx.get_context(mode="ephemeral")


def not_null():
    return gxe.ExpectColumnValuesToNotBeNull(column="patient")


added = gx.ExpectationSuite(name="added")
for _ in range(2):
    added.add_expectation(not_null())
given = gx.ExpectationSuite(name="given", expectations=[not_null(), not_null()])
print("added twice:", len(added.expectations), "- given twice:", len(given.expectations))
PY
diff "$folder/seen" - << 'SEEN'
great-expectations 1.24.1
added twice: 1 - given twice: 2
SEEN
