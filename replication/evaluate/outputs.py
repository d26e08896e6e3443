"""What stage 06 left in a run's folder, read back by those who come after the stages."""

import numpy as np
import pandas as pd

from replication.evaluate.table1 import Table1, from_json
from replication.store.run_folder import RunStore
from replication.store.tables import read_table as read_csv_table

EVALUATED = "06_evaluated"
TABLE, PAGE, PREDICTIONS = "table1.json", "table1.md", "predictions.csv"


def read_table(store: RunStore) -> Table1:
    """Return the table that a run measured.

    Raises:
        StageNotRun: when its evaluation isn't complete.
        DataError: when the file is no Table 1.
    """
    return from_json((store.folder(EVALUATED) / TABLE).read_text(encoding="utf-8"))


def read_predictions(store: RunStore) -> pd.DataFrame:
    """Return the predictions behind the table, as `evaluate_sets` describes them.

    Raises:
        StageNotRun: when its evaluation isn't complete.
        DataError: when the file is no table.
    """
    return read_csv_table(store.folder(EVALUATED) / PREDICTIONS, text=("image_id",))


def read_glaucoma_probabilities(store: RunStore) -> dict[tuple[str, int], np.ndarray]:
    """Return what the glaucoma network gave each test image, in their order.

    Returns:
        By method and draw, (N, 2) float32 probabilities of no glaucoma and of glaucoma.

    Raises:
        StageNotRun: when its evaluation isn't complete.
    """
    found = {
        key: rows["glaucoma_probability"].to_numpy(np.float32)
        for key, rows in read_predictions(store).groupby(["method", "draw"])
    }
    return {key: np.column_stack([1 - ill, ill]) for key, ill in found.items()}
