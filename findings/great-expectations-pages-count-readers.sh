#!/usr/bin/env bash
# With usage data switched off nothing is sent while Great Expectations validates and builds its pages.
# The pages themselves ask for their logo from the makers' server, by an address that holds the project's
# id and the time of the build, whenever somebody opens them; and they name the cells that were not as
# expected. Scripts, styles and pictures come from seven hosts of others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" great-expectations==1.24.1 pandas==3.0.6 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"
import logging
import re
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe

print("great-expectations", gx.__version__)
project = Path(sys.argv[1]) / "project"
context = gx.get_context(mode="file", project_root_dir=project)
asset = context.data_sources.add_pandas("tables").add_dataframe_asset("eyes")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite("eyes"))
suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="patient"))
definition = gx.ValidationDefinition(name="eyes", data=batch, suite=suite)
table = pd.DataFrame({"patient": ["ann", "bob", "bob"]})
context.validation_definitions.add(definition).run(batch_parameters={"dataframe": table})
context.build_data_docs()
config = (project / "gx" / "great_expectations.yml").read_text()
identity = re.search(r"data_context_id: ([\w-]+)", config)[1]
pages = "".join(page.read_text() for page in sorted((project / "gx").rglob("*.html")))
loaded = re.findall(r'<(?:script|link|img)\b[^>]*?(?:src|href)="https://([^/"]+)(/[^"]*)', pages)
print("hosts:", len({host for host, _ in loaded}))
print("addresses with the project's id:", any(identity in path for _, path in loaded))
print("a patient is named:", "bob" in pages)
PY
diff "$folder/seen" - << 'SEEN'
great-expectations 1.24.1
hosts: 7
addresses with the project's id: True
a patient is named: True
SEEN
