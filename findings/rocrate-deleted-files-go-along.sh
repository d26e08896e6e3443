#!/usr/bin/env bash
# An RO-Crate is read, a file that must not be shared is deleted from it, and the crate is written: the
# file is no more listed, and lies in the new folder all the same, because rocrate copies whatever of the
# old folder isn't listed. So does a file that was never listed, in a folder and in a zip. Reading with
# `exclude` leaves files out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder/lib" rocrate==0.16.0
PYTHONPATH=$folder/lib "$python" - "$folder" << 'PY' | tee "$folder/seen"
import json
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

from rocrate.rocrate import ROCrate

print("rocrate", version("rocrate"))
folder = Path(sys.argv[1])
for name in ("table.csv", "patients.csv"):
    (folder / name).write_text(name)
crate = ROCrate()
for name in ("table.csv", "patients.csv"):
    crate.add_file(folder / name)
crate.write(folder / "crate")
(folder / "crate" / "notes.txt").write_text("never listed")


def show(words: str, there: list[str], metadata: str) -> None:
    """Print which files are there and which of them are listed."""
    listed = [each["@id"] for each in json.loads(metadata)["@graph"] if each["@type"] == "File"]
    there = sorted(name for name in there if not name.startswith("ro-crate"))
    print(f"{words}: there {', '.join(there)}; listed {', '.join(sorted(listed))}")


for words, options in (("deleted", {}), ("excluded", {"exclude": ["patients.csv", "notes.txt"]})):
    again = ROCrate(folder / "crate", **options)
    again.delete(again.get("patients.csv"))
    again.write(folder / words)
    there = [file.name for file in (folder / words).iterdir()]
    show(words, there, (folder / words / "ro-crate-metadata.json").read_text())
again = ROCrate(folder / "crate")
again.delete(again.get("patients.csv"))
with zipfile.ZipFile(again.write_zip(folder / "crate.zip")) as archive:
    show("zip", archive.namelist(), archive.read("ro-crate-metadata.json").decode())
PY
diff "$folder/seen" - << 'SEEN'
rocrate 0.16.0
deleted: there notes.txt, patients.csv, table.csv; listed table.csv
excluded: there table.csv; listed table.csv
zip: there notes.txt, patients.csv, table.csv; listed table.csv
SEEN
