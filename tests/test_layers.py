"""The project keeps the rules of layer_rules, and each rule finds a fault planted against it."""

from __future__ import annotations

from pathlib import Path

import pytest
from layer_rules import PACKAGES, find_violations, list_modules, read_imports

ROOT = Path(__file__).resolve().parents[1]


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
        ("keras_models/a.py", "def f():\n    from validation import bands", "stands alone"),
        ("validation/a.py", "from keras_models import evaluator", "stands alone"),
        ("validation/a.py", "import tensorflow as tf", "knows tables"),
        ("validation/a.py", "import cv2", "knows tables"),
        ("validation/a.py", "import great_expectations", "only validation.gx_runner"),
        ("replication/__init__.py", "import numpy", "imports nothing"),
        ("replication/split.py", "from replication import preprocess", "never imports"),
        ("replication/split.py", "from . import preprocess", "never imports a stage"),
        ("replication/split.py", "from .preprocess import x", "never imports a stage"),
        ("replication/split.py", "import replication.pipeline", "never imports a stage"),
        ("replication/explanation_sanity.py", "import replication.explain", "never imports"),
        ("replication/split.py", "import replication.check_explanations", "no TensorFlow"),
        ("replication/report.py", "from replication.explain import x", "never imports a stage"),
        ("replication/report.py", "import replication.trained_networks", "no TensorFlow"),
        ("replication/evaluate.py", "from replication.privatize.blur import b", "METHODS"),
        ("replication/privatize/blur.py", "from ..warsaw import x", "replication.sources"),
        ("replication/privatize/blur.py", "import tensorflow.keras", "no TensorFlow"),
        ("replication/metrics.py", "def f():\n    import keras", "no TensorFlow"),
        ("replication/warsaw.py", "__import__('tensorflow')", "no TensorFlow"),
        ("replication/records.py", "from keras_models import evaluator", "no TensorFlow"),
        ("replication/iris.py", "from replication.trained_networks import x", "no TensorFlow"),
        ("replication/pipeline.py", "def f():\n    import distributed", "only replication.cluster"),
        ("replication/explain.py", "import innvestigate.analyzer", "only replication.explain"),
        ("replication/pipeline.py", "import replication.explain_worker", "process of its own"),
        ("replication/store.py", "import pickle", "no pickles"),
        ("replication/store.py", "def f(load):\n    load('a', allow_pickle=True)", "pickles"),
        ("replication/store.py", "import numpy as np\nnp.load('a')", "without allow_pickle"),
        ("keras_models/a.py", "def f(m):\n    m.models.load_model('a')", "builds what a file"),
        ("replication/store.py", "def f(table):\n    table.to_csv('a')", "may be formulas"),
        ("replication/errors.py", "import cli", "above the packages"),
        ("replication/errors.py", "import replication.command_line.a", "above the packages"),
        ("replication/command_line/a.py", "import cli", "above the packages"),
        ("cli.py", "import replication.pipeline", "inside the command"),
        ("cli.py", "import replication.check_explanations", "inside the command"),
        ("cli.py", "import pandas", "inside the command"),
        ("cli.py", "def f():\n    import replication.split", "talks to the pipeline"),
        ("cli.py", "def f():\n    import keras_models.evaluator", "talks to the pipeline"),
        ("replication/command_line/a.py", "import replication.pipeline", "inside the command"),
        ("replication/command_line/a.py", "import cv2", "inside the command"),
        ("replication/command_line/a.py", "def f():\n    import replication.split", "the pipeline"),
        (
            "replication/command_line/a.py",
            "def f():\n    import replication.privatize.blur",
            "through replication.privatize.METHODS",
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
        ("validation/gx_runner.py", "import great_expectations, validation.suites"),
        ("replication/explain_worker.py", "import innvestigate, tensorflow"),
        ("replication/train_vgan.py", "from keras_models.evaluator import x\nimport tensorflow"),
        ("replication/evaluate.py", "from replication.privatize import METHODS"),
        ("replication/preprocess.py", "from replication.iris import find_iris"),
        ("replication/pipeline.py", "from replication import warsaw, split"),
        ("replication/check_explanations.py", "from replication import split, trained_networks"),
        ("replication/privatize/__init__.py", "from replication.privatize.blur import b"),
        ("replication/store.py", "def f(load):\n    load('a', allow_pickle=False)"),
        ("replication/csv_table.py", "def f(table):\n    table.to_csv('a')"),
        ("cli.py", "import click\ndef f():\n    from replication import pipeline"),
        ("cli.py", "def f():\n    from replication.report import remake_report"),
        ("cli.py", "from replication.command_line import a"),
        ("replication/command_line/a.py", "def f():\n    from replication import pipeline"),
    ],
)
def test_a_lawful_import_is_left_alone(tmp_path: Path, path: str, source: str) -> None:
    plant(tmp_path, path, source)
    assert find_violations(tmp_path) == []


INNER = ("replication/privatize", "replication/command_line")


def plant(root: Path, path: str, source: str) -> None:
    """Write one faulty source into a small copy of the project's layout."""
    names = (
        "warsaw",
        "split",
        "preprocess",
        "iris",
        "pipeline",
        "records",
        "report",
        "trained_networks",
    )
    names += ("explain", "explain_worker", "check_explanations", "privatize/blur")
    names += ("command_line/a",)
    files = [f"replication/{name}.py" for name in names]
    files += [f"{name}/__init__.py" for name in (*PACKAGES, *INNER)]
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / path).write_text(source, encoding="utf-8")
