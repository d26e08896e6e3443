#!/usr/bin/env bash
# RO-Crate 1.1 has no term `sha256`, so a crate adds one to its JSON-LD context. rocrate reads such a crate
# and writes it again without the addition: the property is there to the eye, and means nothing to a
# reader of JSON-LD, which leaves out words that no context defines. No warning. Two files of one name
# from two folders are one file in a crate, the last one, without a word too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder/lib" rocrate==0.16.0
PYTHONPATH=$folder/lib "$python" -W error - "$folder" << 'PY' | tee "$folder/seen"
import json
import sys
from importlib.metadata import version
from pathlib import Path

from rocrate.rocrate import ROCrate

print("rocrate", version("rocrate"))
folder = Path(sys.argv[1])
for name in ("left", "right"):
    (folder / name).mkdir()
    (folder / name / "eye.csv").write_text(name)
crate = ROCrate(version="1.1")
crate.metadata.extra_terms = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
crate.add_file(folder / "left/eye.csv", properties={"sha256": "0" * 64})
crate.write(folder / "once")
ROCrate(folder / "once").write(folder / "twice")
for name in ("once", "twice"):
    read = json.loads((folder / name / "ro-crate-metadata.json").read_text())
    [file] = [each for each in read["@graph"] if each["@type"] == "File"]
    print(f"{name}: sha256 written {'sha256' in file}, defined {'sha256' in str(read['@context'])}")
crate = ROCrate()
for name in ("left", "right"):
    crate.add_file(folder / name / "eye.csv")
crate.write(folder / "both")
print(f"two files of one name: {len(crate.get_by_type('File'))},", (folder / "both/eye.csv").read_text())
PY
diff "$folder/seen" - << 'SEEN'
rocrate 0.16.0
once: sha256 written True, defined True
twice: sha256 written True, defined False
two files of one name: 1, right
SEEN
