"""Who may import whom: the rules of docs/architecture.md, read off the sources by ast.

A module here is a dotted name (`replication.privatize.blur`); a package stands for its __init__.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("keras_models", "replication", "validation")

# Other modules of `replication` are what stages are made of.
STAGES = frozenset(
    f"replication.{name}"
    for name in (
        "preprocess",
        "validate",
        "split",
        "split_by_patient",
        "train_evaluators",
        "train_vgan",
        "evaluate",
        "attack_sets",
        "explain",
        "explain_sets",
        "report",
        "pipeline",
    )
)
# Only these import a stage: the pipeline with its work, who opens and who does runs, and a check
# that no stage reads, which has an evaluator explained that no run has trained.
MAY_DRIVE_STAGES = frozenset(
    f"replication.{name}"
    for name in (
        "pipeline",
        "stage_work",
        "training_work",
        "attack_work",
        "explain_work",
        "departure_work",
        "open_run",
        "sweep",
        "check_explanations",
    )
)
# The raw data comes before every stage; who meets it outside the pipeline says where it lies.
READERS = frozenset(f"replication.{name}" for name in ("warsaw", "manifest", "synthetic_eyes"))
MAY_READ = frozenset({"replication.sources", "replication.doctor"})
DEEP_LEARNING = frozenset({"tensorflow", "keras", "tensorflow_addons", "keras_models"})
# To import one of these is to import TensorFlow, so the rule holds along every chain of imports.
MAY_USE_DEEP_LEARNING = frozenset(
    f"replication.{name}"
    for name in (
        "trained_networks",
        "attacker_networks",
        "network_weights",
        "randomised_evaluators",
        "train_evaluators",
        "train_vgan",
        "training_devices",
        "evaluate",
        "explain",
        "explain_sets",
        "explain_worker",
        "run_data",
        "stage_work",
        "training_work",
        "attack_work",
        "explain_work",
        "departure_work",
        "pipeline",
        "open_run",
        "sweep",
        "check_explanations",
    )
)
ONLY_IN = {
    "dask": "replication.cluster",
    "distributed": "replication.cluster",
    "great_expectations": "validation.gx_runner",
    "innvestigate": "replication.explain_worker",
}
# A file that describes a network may bring code along; weights are arrays alone.
BUILDERS_FROM_FILES = frozenset(
    {"load_model", "model_from_json", "model_from_yaml", "model_from_config", "SavedModel"}
)
# Cells of the user's data must not be formulas where we write them (replication.csv_table).
TABLE_WRITERS = frozenset({"to_csv", "to_excel", "to_html"})
MAY_WRITE_TABLES = frozenset(
    {
        "replication.csv_table",
        "replication.run_data",  # the text of a manifest, for its hash alone
    }
)
PICKLERS = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"})
SLOW_TO_IMPORT = DEEP_LEARNING | {"cv2", "great_expectations", "matplotlib", "pandas", "scipy"}
SLOW_TO_IMPORT |= {"dask", "distributed"}


@dataclass(frozen=True)
class Import:
    """One import: who, whom, and whether it runs when the module itself is imported."""

    importer: str
    imported: str
    at_import: bool

    @property
    def top(self) -> str:
        return self.imported.partition(".")[0]


def list_modules(root: Path) -> dict[str, Path]:
    """Name every source of the project: the three packages and cli.py."""
    paths = [path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))]
    paths += sorted(root.glob("cli.py"))
    return {name_module(path.relative_to(root)): path for path in paths}


def name_module(path: Path) -> str:
    """Return `a.b` for a/b.py and `a` for a/__init__.py."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def read_imports(root: Path) -> list[Import]:
    """List the imports of all modules, in functions too."""
    modules = list_modules(root)
    found = []
    for importer, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        late = {id(node) for node in _inside_functions(tree)}
        package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
        for node in ast.walk(tree):
            for name in _imported_names(node, package):
                known = name if name in modules else name.rpartition(".")[0] or name
                whom = known if known in modules else name
                found.append(Import(importer, whom, id(node) not in late))
    return found


def _inside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from ast.walk(node)


def _imported_names(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return []


def find_violations(root: Path) -> list[str]:
    """Apply every rule to every import; each answer is a sentence."""
    found = []
    for item in read_imports(root):
        found += [
            f"{item.importer} imports {item.imported}: {why}"
            for rule in (check_layer, check_stage, check_deep_learning, check_owner, check_cli)
            if (why := rule(item))
        ]
    return list(dict.fromkeys(found)) + find_unpickling(root) + find_unsafe_calls(root)


def is_command_line(module: str) -> bool:
    """Tell whether a module is cli.py or one of those that it is made of."""
    return module == "cli" or module.startswith("replication.command_line")


def check_layer(item: Import) -> str | None:
    """keras_models and validation know neither each other nor replication; nobody knows commands."""
    own = item.importer.partition(".")[0]
    if own in ("keras_models", "validation") and item.top in {*PACKAGES, "cli"} - {own}:
        return f"{own} stands alone"
    below = own == "replication" and not is_command_line(item.importer)
    if item.top == "cli" or (below and is_command_line(item.imported)):
        return "the command line is above the packages"
    if own == "validation" and item.top in DEEP_LEARNING | {"cv2"}:
        return "validation knows tables, never images or models"
    return None


def check_stage(item: Import) -> str | None:
    """Only those who drive stages import one; a method is reached through the registry of methods."""
    if item.importer == "replication":
        return "replication/__init__.py imports nothing"
    if item.importer in MAY_DRIVE_STAGES or is_command_line(item.importer):
        return None
    if item.imported in STAGES:
        return "a stage never imports a stage, they meet through records and the store"
    if item.imported in READERS and item.importer not in MAY_READ:
        return "the raw data is reached through replication.sources"
    method = item.imported.startswith("replication.privatize.")
    if method and not item.importer.startswith("replication.privatize"):
        return "methods are reached through replication.privatize.METHODS"
    return None


def check_deep_learning(item: Import) -> str | None:
    """Of the stages only those that train or run a network import one."""
    if not item.importer.startswith("replication.") or item.importer in MAY_USE_DEEP_LEARNING:
        return None
    if is_command_line(item.importer):  # has a rule of its own
        return None
    reaches = item.top in DEEP_LEARNING or item.imported in MAY_USE_DEEP_LEARNING - STAGES
    return "no TensorFlow here" if reaches else None


def check_owner(item: Import) -> str | None:
    """Some imports have one home, the explanation worker has no importer, pickles have no place."""
    if item.top in ONLY_IN and item.importer != ONLY_IN[item.top]:
        return f"only {ONLY_IN[item.top]} does"
    if item.imported == "replication.explain_worker":
        return "it is run as a process of its own"
    return "no pickles" if item.top in PICKLERS else None


def check_cli(item: Import) -> str | None:
    """The command line knows the pipeline and, of stages, the one without TensorFlow; slow is late."""
    if not is_command_line(item.importer):
        return None
    if item.imported.startswith("replication.privatize."):
        return "methods are reached through replication.privatize.METHODS"
    if (
        item.imported in STAGES - {"replication.pipeline", "replication.report"}
        or item.top == "keras_models"
    ):
        return "the command line talks to the pipeline"
    if item.at_import and (item.top in SLOW_TO_IMPORT or item.imported in MAY_USE_DEEP_LEARNING):
        return "import it inside the command, or --help waits for it"
    return None


def find_unpickling(root: Path) -> list[str]:
    """Find `allow_pickle` given as anything but False."""
    return [
        f"{module} allows pickles"
        for module, path in list_modules(root).items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword)
        and node.arg == "allow_pickle"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]


def find_unsafe_calls(root: Path) -> list[str]:
    """Find calls by which data could become code: here, or in the program that opens a table."""
    found = []
    for module, path in list_modules(root).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                found += [f"{module}: {why}" for why in [judge_call(module, name, node)] if why]
    return found


def judge_call(module: str, name: str, call: ast.Call) -> str | None:
    """Return why a call is not allowed, or None."""
    if name in BUILDERS_FROM_FILES:
        return f"{name} builds what a file describes, load weights into a network built here"
    writes = isinstance(call.func, ast.Attribute) and module.startswith("replication.")
    if name in TABLE_WRITERS and writes and module not in MAY_WRITE_TABLES:
        return f"{name} writes cells that may be formulas, use replication.csv_table"
    loads = ast.unparse(call.func) in ("np.load", "numpy.load", "np.save", "numpy.save")
    if loads and not any(word.arg == "allow_pickle" for word in call.keywords):
        return f"{name} without allow_pickle=False"
    return None
