"""Measure how good the cases of a run are, over all its test images: Table 3."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.cases.search import weigh_places
from replication.cases.table3 import Answering, Asked, lay_out_table3, measure_cases
from replication.pipeline.case_releases import RELEASED, release, release_originals
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import explaining
from replication.privatize.methods import BASELINE, Method
from replication.records import judge_ill
from replication.store.files import write_text
from replication.store.run_record import describe_split
from replication.store.tables import Section, write_table

SHOWN = 3  # cases with the verdict's diagnosis, as `explain-case` shows unless asked for others
TABLE3 = "table3.md"


def judge_cases(run: RunData, methods: Sequence[Method]) -> Section:
    """Measure how good the cases of methods are over all test images, and write Table 3.

    Args:
        run: complete up to the networks that the methods need.
        methods: by which cases are privatized; the originals stand above them.
    """
    gallery, validation = run.train_set, run.dataset.take(run.splits.validation)
    network, test = run.load_evaluator("glaucoma"), run.test_set
    released = {BASELINE: release_originals(run)}
    released |= {method.name: release(run, method) for method in methods}
    predictions = network.predict(test.images)
    with run.store.scratch() as scratch, explaining(run, scratch, len(test)) as (worker, options):
        relevance = worker.explain(test.images, predictions=predictions, **options)
    features = network.embed(test.images)
    asked = Asked(
        test,
        judge_ill(predictions),
        features,
        weigh_places(relevance.maps, features.shape[1:3]),
        validation,
        network.embed(validation.images),
    )
    verdicts, measured = judge_ill(network.predict(gallery.images)), {}
    with run.track("judging cases", len(released)) as advance:
        for name, cases in released.items():
            kept = judge_ill(network.predict(cases.images)) == verdicts
            answering = Answering(gallery, cases, network.embed(cases.images), kept)
            rng = np.random.default_rng(run.seed)
            measured[name] = measure_cases(asked, answering, count=SHOWN, rng=rng)
            advance()
    heading = f"Table 3 on {run.source.title}: {len(test)} test images."
    table = lay_out_table3(measured, heading=heading + describe_split(run.split_record))
    rows = pd.concat([each.assign(method=name) for name, each in measured.items()])
    write_table(rows, run.store.root / RELEASED / "table3.csv")
    write_text(run.store.root / RELEASED / TABLE3, table.to_markdown() + "\n")
    return table
