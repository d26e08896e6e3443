"""The project keeps the rules of layer_rules, and each rule finds a planted fault."""

from pathlib import Path

import pytest
from layer_rules import find_violations, list_modules, read_imports
from places import ROOT


def test_the_project_keeps_its_layers() -> None:
    assert find_violations(ROOT) == []


def test_the_project_is_read_at_all() -> None:
    modules = list_modules(ROOT)
    assert {"replication.records", "keras_models", "validation"} <= modules.keys()
    assert any(item.imported == "replication.errors" for item in read_imports(ROOT))


@pytest.mark.parametrize(
    ("path", "source", "why"),
    [
        ("keras_models/a.py", "import replication.records", "stands alone"),
        ("keras_models/a.py", "def f():\n    from validation import paper", "stands alone"),
        ("validation/paper/a.py", "from keras_models import evaluator", "stands alone"),
        ("validation/paper/a.py", "import tensorflow as tf", "reads tables"),
        ("validation/paper/a.py", "import cv2", "reads tables"),
        ("validation/paper/a.py", "import great_expectations", "only validation.expectations.gx"),
        ("validation/paper/a.py", "import validation.claims.judge", "to its left only"),
        ("replication/__init__.py", "import replication.errors", "a package imports nothing"),
        ("replication/errors.py", "import replication.records", "to its left only"),
        ("replication/preprocess/split.py", "from replication import train", "to its left only"),
        ("replication/preprocess/split.py", "from ..train import x", "to its left only"),
        ("replication/records.py", "def f():\n    import replication.report.eyes", "left only"),
        ("replication/records.py", "import replication.oddments", "in no room"),
        ("replication/explain/outputs.py", "import replication.preprocess.stage", "by studies"),
        ("replication/report/eyes.py", "from replication.evaluate.stage import x", "by studies"),
        ("replication/evaluate/stage.py", "import replication.train.trained", "no TensorFlow"),
        ("replication/evaluate/stage.py", "import replication.privatize.blur", "are reached"),
        ("replication/privatize/blur.py", "import tensorflow.keras", "no TensorFlow"),
        ("replication/evaluate/stage.py", "def f():\n    import keras", "no TensorFlow"),
        ("replication/data/warsaw.py", "__import__('tensorflow')", "no TensorFlow"),
        ("replication/records.py", "from keras_models import evaluator", "no TensorFlow"),
        ("replication/pipeline/order.py", "def f():\n    import dask", "only replication.sweep"),
        ("replication/explain/outputs.py", "import innvestigate.a", "only replication.explain"),
        ("replication/pipeline/order.py", "import replication.explain.worker", "of its own"),
        ("replication/store/locks.py", "import pickle", "no pickles"),
        ("replication/store/locks.py", "def f(load):\n    load('a', allow_pickle=True)", "pickles"),
        ("replication/store/locks.py", "import numpy as np\nnp.load('a')", "without allow_pickle"),
        ("keras_models/a.py", "def f(m):\n    m.models.load_model('a')", "builds what a file"),
        ("replication/store/locks.py", "def f(table):\n    table.to_csv('a')", "may be formulas"),
        ("replication/errors.py", "import cli", "above the packages"),
        ("replication/errors.py", "import replication.command_line.a", "to its left only"),
        ("replication/command_line/a.py", "import cli", "above the packages"),
        ("cli.py", "import replication.pipeline.order", "inside the command"),
        ("cli.py", "import pandas", "inside the command"),
        ("cli.py", "def f():\n    import replication.preprocess.stage", "by the pipeline"),
        ("cli.py", "def f():\n    import keras_models.evaluator", "reached through the pipeline"),
        ("replication/command_line/a.py", "import cv2", "inside the command"),
        (
            "replication/command_line/a.py",
            "def f():\n    import replication.privatize.blur",
            "reached",
        ),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, path: str, source: str, why: str) -> None:
    plant(tmp_path, path, source)
    violations = find_violations(tmp_path)
    assert len(violations) == 1
    assert why in violations[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("keras_models/a.py", "import tensorflow, keras_models.evaluator"),
        ("validation/expectations/gx_runner.py", "import great_expectations"),
        ("validation/claims/judge.py", "import validation.paper.a"),
        ("replication/explain/worker.py", "import innvestigate, tensorflow"),
        ("replication/train/vgan.py", "from keras_models.evaluator import x\nimport tensorflow"),
        ("replication/evaluate/stage.py", "from replication.privatize.methods import METHODS"),
        ("replication/preprocess/stage.py", "from replication.preprocess.split import x"),
        ("replication/pipeline/order.py", "from replication.preprocess import stage, split"),
        ("replication/pipeline/order.py", "def f():\n    from replication.train import trained"),
        ("replication/privatize/methods.py", "from replication.privatize.blur import b"),
        ("replication/store/locks.py", "def f(load):\n    load('a', allow_pickle=False)"),
        ("replication/store/tables.py", "def f(table):\n    table.to_csv('a')"),
        ("cli.py", "import click\ndef f():\n    from replication.pipeline import order"),
        ("cli.py", "def f():\n    from replication.report.stage import remake_report"),
        ("cli.py", "from replication.command_line import a"),
        ("replication/command_line/a.py", "def f():\n    from replication.pipeline import order"),
    ],
)
def test_a_lawful_import_is_no_violation(tmp_path: Path, path: str, source: str) -> None:
    plant(tmp_path, path, source)
    assert find_violations(tmp_path) == []


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "replication/preprocess/split.py", "from replication.preprocess import stage")
    stage = tmp_path / "replication" / "preprocess" / "stage.py"
    stage.write_text("def f():\n    import replication.preprocess.split", encoding="utf-8")
    [violation] = find_violations(tmp_path)
    assert "circle" in violation
    assert {"replication.preprocess.split", "replication.preprocess.stage"} <= {*violation.split()}


FILES = """
cli.py keras_models/a.py keras_models/evaluator.py validation/paper/a.py validation/claims/judge.py
validation/expectations/gx_runner.py replication/errors.py replication/records.py
replication/oddments.py replication/store/locks.py replication/store/tables.py
replication/data/warsaw.py replication/preprocess/split.py replication/preprocess/stage.py
replication/train/trained.py replication/train/vgan.py replication/privatize/blur.py
replication/privatize/methods.py replication/evaluate/stage.py replication/explain/outputs.py
replication/explain/worker.py replication/report/eyes.py replication/report/stage.py
replication/pipeline/order.py replication/command_line/a.py
"""


def plant(root: Path, path: str, source: str) -> None:
    """Write one faulty source into a small copy of the project's layout."""
    files = FILES.split()
    files += sorted({f"{name.rpartition('/')[0]}/__init__.py" for name in files if "/" in name})
    for name in [*files, "replication/__init__.py", "validation/__init__.py"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / path).write_text(source, encoding="utf-8")
