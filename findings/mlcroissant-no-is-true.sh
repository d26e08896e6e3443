#!/usr/bin/env bash
# Croissant metadata declares the type of every column. mlcroissant reads the CSV by pandas first and
# converts afterwards: a column of yes and no declared as sc:Boolean is True in every row, since a text
# that isn't empty is true, and ids with leading zeros beside an empty cell come as numbers with a
# decimal point. No warning; the metadata validates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" mlcroissant==1.1.1 pandas==3.0.6 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import hashlib
import json
import logging
import sys
from pathlib import Path

logging.disable(logging.CRITICAL)
import mlcroissant as mlc
from importlib.metadata import version

print("mlcroissant", version("mlcroissant"), "pandas", version("pandas"))
folder = Path(sys.argv[1])
(folder / "eyes.csv").write_text("patient,sick\n0060,no\n,yes\n")


metadata = mlc.Metadata(
    name="eyes",
    description="two eyes",
    distribution=[
        mlc.FileObject(
            id="eyes.csv",
            name="eyes.csv",
            content_url="eyes.csv",
            encoding_formats=["text/csv"],
            sha256=hashlib.sha256((folder / "eyes.csv").read_bytes()).hexdigest(),
        )
    ],
    record_sets=[
        mlc.RecordSet(
            id="eyes",
            name="eyes",
            fields=[
                mlc.Field(
                    id=f"eyes/{column}",
                    name=column,
                    data_types=[kind],
                    source=mlc.Source(file_object="eyes.csv", extract=mlc.Extract(column=column)),
                )
                for column, kind in (("patient", mlc.DataType.TEXT), ("sick", mlc.DataType.BOOL))
            ],
        )
    ],
)
(folder / "croissant.json").write_text(json.dumps(metadata.to_json(), default=str))
dataset = mlc.Dataset(folder / "croissant.json")
for record, written in zip(dataset.records("eyes"), ("0060, no", "(empty), yes"), strict=True):
    print(f"{written}:", record["eyes/patient"], record["eyes/sick"])
PY
diff "$folder/seen" - << 'SEEN'
mlcroissant 1.1.1 pandas 3.0.6
0060, no: b'60.0' True
(empty), yes: None True
SEEN
