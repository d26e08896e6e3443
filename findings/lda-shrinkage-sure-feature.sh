#!/usr/bin/env bash
# A feature that is the same in all images of a person, and differs between persons, names them with
# certainty. scikit-learn's LinearDiscriminantAnalysis with shrinkage="auto" standardises each class,
# takes a deviation of 0 for 1, and shrinks: the sure feature gets the variance of an average one,
# and two classes are told apart in 66 of 100 rows. With a small number for shrinkage its variance stays
# near 0, and all are told apart. An attacker who learns patients from privatized images by the
# automatic shrinkage misses what is written into them without noise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" scikit-learn==1.9.1 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import numpy as np
import sklearn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

print("scikit-learn", sklearn.__version__)
rng = np.random.default_rng(0)
classes = np.repeat([0, 1], 40)
noise = rng.normal(size=(2, 80, 10))
sure = np.tile(0.5 * classes[:, None], (2, 1, 1))
for name, values in (("noise alone", noise), ("with a sure feature", np.concatenate([noise, sure], 2))):
    learned, asked = values
    for shrinkage in ("auto", 0.01):
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        right = lda.fit(learned, classes).score(asked, classes)
        print(f"{name}, shrinkage {shrinkage}: {right:.2f} right")
PY
diff "$folder/seen" - << 'SEEN'
scikit-learn 1.9.1
noise alone, shrinkage auto: 0.54 right
noise alone, shrinkage 0.01: 0.54 right
with a sure feature, shrinkage auto: 0.66 right
with a sure feature, shrinkage 0.01: 1.00 right
SEEN
