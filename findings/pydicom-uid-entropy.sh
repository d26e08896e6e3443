#!/usr/bin/env bash
# pydicom's generate_uid(entropy_srcs=[...]) gives the same UID for the same words, as a pseudonymizer needs.
# It joins the words without a gap: image 11 of patient 1 and image 1 of patient 11 become one UID, and two
# images one object. With prefix=None the words are ignored, and each call gives another UID.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" pydicom==3.0.2
PYTHONPATH=$folder "$python" << 'PY' | tee "$folder/seen"
import pydicom
from pydicom.uid import generate_uid

print("pydicom", pydicom.__version__)
images = [(str(patient), str(image)) for patient in range(1, 116) for image in range(1, 41)]
joined = {generate_uid(entropy_srcs=list(image)) for image in images}
print(f"{len(images)} images of 115 patients, two words each: {len(joined)} UIDs")
print("one word with a separator:", len({generate_uid(entropy_srcs=["|".join(image)]) for image in images}))
same = [generate_uid(prefix=None, entropy_srcs=["1", "1"]) for _ in range(2)]
print("prefix=None, the same words twice, equal:", same[0] == same[1])
PY
diff "$folder/seen" - << 'SEEN'
pydicom 3.0.2
4600 images of 115 patients, two words each: 4303 UIDs
one word with a separator: 4600
prefix=None, the same words twice, equal: False
SEEN
