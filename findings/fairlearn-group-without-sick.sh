#!/usr/bin/env bash
# In a small group of patients nobody may be sick, and a sensitivity doesn't exist there. scikit-learn's
# recall warns and can give NaN for it. fairlearn's true_positive_rate says 0 without a warning (and its
# false_negative_rate says 0 as well, though the two add up to 1 wherever they exist), so that a network
# without a fault in either group has the greatest unfairness that there is, 1.0. Look at the number of
# sick patients of each group first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" fairlearn==0.15.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import functools
import warnings

import fairlearn
import sklearn
from fairlearn.metrics import MetricFrame, equalized_odds_difference
from fairlearn.metrics import false_negative_rate, true_positive_rate
from sklearn.metrics import recall_score

print("fairlearn", fairlearn.__version__, "scikit-learn", sklearn.__version__)
sick = predicted = [1, 1, 0, 0, 0, 0, 0]
group = ["left"] * 4 + ["right"] * 3
rates = {
    "true_positive_rate": true_positive_rate,
    "false_negative_rate": false_negative_rate,
    "recall": functools.partial(recall_score, zero_division=float("nan")),
}
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    frame = MetricFrame(metrics=rates, y_true=sick, y_pred=predicted, sensitive_features=group)
    for name, values in frame.by_group.items():
        print(f"{name}: left {values['left']}, right (nobody sick) {values['right']}")
    unfair = equalized_odds_difference(sick, predicted, sensitive_features=group)
    print("equalized_odds_difference of predictions without a fault:", unfair)
print("warnings:", len(warned))
PY
diff "$folder/seen" - << 'SEEN'
fairlearn 0.15.0 scikit-learn 1.9.1
true_positive_rate: left 1.0, right (nobody sick) 0.0
false_negative_rate: left 0.0, right (nobody sick) 0.0
recall: left 1.0, right (nobody sick) nan
equalized_odds_difference of predictions without a fault: 1.0
warnings: 0
SEEN
