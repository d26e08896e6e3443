#!/usr/bin/env bash
# A Croissant field may take a part of a column by a regular expression, such as a patient's number out of a
# file's name. mlcroissant matches it at the start of the cell alone, not anywhere in it, and a cell that
# it doesn't match is handed on whole: a file's name stands where the number should. Of several groups the
# first counts. The log has a line for each such cell; the record comes all the same, with the declared
# type, and the metadata validates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" mlcroissant==1.1.1 pandas==3.0.6 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import mlcroissant as mlc

print("mlcroissant", version("mlcroissant"))
folder = Path(sys.argv[1])
table = folder / "eyes.csv"
table.write_text("file\n0060_L.jpg\nIG_0060_L.jpg\nother.jpg\n")


def read(regex: str) -> list:
    """Return the field of each row that the expression makes of its file's name."""
    extract = mlc.Extract(column="file")
    source = mlc.Source(file_object="eyes.csv", extract=extract, transforms=[mlc.Transform(regex=regex)])
    metadata = mlc.Metadata(
        name="eyes",
        description="three eyes",
        license=["https://spdx.org/licenses/MIT"],
        cite_as="nobody",
        date_published="2026-01-01",
        version="1.0.0",
        distribution=[
            mlc.FileObject(
                id="eyes.csv",
                name="eyes.csv",
                content_url="eyes.csv",
                encoding_formats=["text/csv"],
                sha256=hashlib.sha256(table.read_bytes()).hexdigest(),
            )
        ],
        record_sets=[
            mlc.RecordSet(
                id="eyes",
                name="eyes",
                fields=[
                    mlc.Field(
                        id="eyes/patient",
                        name="patient",
                        data_types=[mlc.DataType.TEXT],
                        source=source,
                    )
                ],
            )
        ],
    )
    (folder / "croissant.json").write_text(json.dumps(metadata.to_json(), default=str))
    dataset = mlc.Dataset(folder / "croissant.json")
    assert dataset.metadata.ctx.issues.report() == ""
    return [record["eyes/patient"].decode() for record in dataset.records("eyes")]


for regex in (r"(\d{4})", r".*?(\d{4})", r"(\d{4})_(\w)"):
    print(f"{regex}:", *read(regex))
PY
diff "$folder/seen" - << 'SEEN'
mlcroissant 1.1.1
(\d{4}): 0060 IG_0060_L.jpg other.jpg
.*?(\d{4}): 0060 0060 other.jpg
(\d{4})_(\w): 0060 IG_0060_L.jpg other.jpg
SEEN
