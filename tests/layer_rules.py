"""Who may import whom: the rules of docs/architecture.md, read from the sources by ast.

A module here is a dotted name (`replication.privatize.blur`); a package stands for its __init__.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("keras_models", "replication", "validation")

# A room imports rooms to its left only. (A file that lies in no room is one of its own.)
ROOMS = {
    "replication": [
        *["errors", "config", "records", "system", "store", "surrogate", "data", "preprocess"],
        *["validate", "train", "privatize", "figures", "evaluate", "attack", "explain", "results"],
        *["report", "cases", "pipeline", "studies", "sweep", "command_line"],
    ],
    "validation": ["statistics", "paper", "claims", "blessing", "expectations"],
}
# What a stage does is called by those who drive stages; the report may be made again by a command.
DOORS_IN = frozenset(
    f"replication.{door}"
    for door in (
        *[
            "preprocess.stage",
            "validate.stage",
            "train.evaluators",
            "train.vgan",
            "train.pp_mir",
            "train.code_generator",
        ],
        *["evaluate.stage", "attack.stage", "explain.stage", "report.stage"],
    )
)
MAY_DRIVE_STAGES = ("pipeline", "studies")
DEEP_LEARNING = frozenset({"tensorflow", "keras", "tensorflow_addons", "keras_models"})
# To import one of these is to import TensorFlow, so the rule holds along every chain of imports.
MAY_USE_DEEP_LEARNING = frozenset(
    f"replication.{name}"
    for name in (
        *["train.evaluators", "train.vgan", "train.pp_mir", "train.code_generator"],
        *["train.steps", "train.trained", "train.weights", "train.own_network", "attack.networks"],
        *["explain.worker", "studies.untrained_networks", "studies.check_explanations"],
    )
)
WORKER = "replication.explain.worker"
ONLY_IN = {
    "dask": "replication.sweep.dask_workers",
    "distributed": "replication.sweep.dask_workers",
    "great_expectations": "validation.expectations.gx_runner",
    "innvestigate": WORKER,
    "rocrate": "replication.results.ro_crate",
}
# A file that describes a network may bring code along; weights are arrays alone.
BUILDERS_FROM_FILES = frozenset(
    {"load_model", "model_from_json", "model_from_yaml", "model_from_config", "SavedModel"}
)
# Cells of the user's data must not be formulas where we write them (replication.store.tables).
TABLE_WRITERS = frozenset({"to_csv", "to_excel", "to_html"})
MAY_WRITE_TABLES = frozenset(
    {
        "replication.store.tables",
        "replication.pipeline.run_data",  # the text of a manifest, for its hash alone
    }
)
PICKLERS = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"})
SLOW_TO_IMPORT = DEEP_LEARNING | {"cv2", "great_expectations", "matplotlib", "pandas", "scipy"}
SLOW_TO_IMPORT |= {"dask", "distributed"}
QUICK_TO_IMPORT = ("replication.errors", "replication.config", "replication.system.")


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
    """Apply every rule to every import and every call; return a sentence for each violation."""
    imports = read_imports(root)
    found = [
        f"{item.importer} imports {item.imported}: {why}"
        for item in imports
        for rule in (check_layer, check_stage, check_deep_learning, check_owner, check_cli)
        if (why := rule(item))
    ]
    found += [
        f"{module}: {why}"
        for module, path in list_modules(root).items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (why := check_call(module, node))
    ]
    return list(dict.fromkeys(found)) + find_circle(imports)


def find_circle(imports: list[Import]) -> list[str]:
    """Return the first circle of modules that import each other, in functions too."""
    graph: dict[str, set[str]] = {}
    for item in imports:
        if item.imported != item.importer:
            graph.setdefault(item.importer, set()).add(item.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"a circle of imports: {' <- '.join(error.args[1])}"]
    return []


def is_command_line(module: str) -> bool:
    """Return whether a module is cli.py or one of those that it is made of."""
    return module == "cli" or module.startswith("replication.command_line")


def find_room(module: str) -> int | None:
    """Return a module's place in the order of rooms, None where it is in no order."""
    top, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return ROOMS[top].index(room) if room in ROOMS.get(top, ()) else None


def check_layer(item: Import) -> str | None:
    """keras_models and validation import no other package; a room imports rooms to its left only."""
    own = item.importer.partition(".")[0]
    if own in ("keras_models", "validation") and item.top in {*PACKAGES, "cli"} - {own}:
        return f"{own} stands alone"
    if own == "validation" and item.top in DEEP_LEARNING | {"cv2"}:
        return "validation reads tables, never images or models"
    if item.top == "cli":
        return "the command line is above the packages"
    if item.top != own or own not in ROOMS:
        return None
    if item.importer.count(".") < 2 and item.importer.rpartition(".")[2] not in ROOMS[own]:
        return "a package imports nothing"
    here, there = find_room(item.importer), find_room(item.imported)
    if here is None or there is None:
        return f"in no room of {own}"
    return "a room imports rooms to its left only" if there > here else None


def check_stage(item: Import) -> str | None:
    """Only those who drive stages call one; a method is reached through the registry of methods."""
    room = item.importer.split(".")[1] if "." in item.importer else ""
    if item.imported in DOORS_IN and room not in MAY_DRIVE_STAGES:
        own = item.imported.split(".")[1] == room
        made_again = is_command_line(item.importer) and item.imported == "replication.report.stage"
        if not (own or made_again):
            return "a stage is called by the pipeline and by studies"
    inside = item.imported.startswith("replication.privatize.")
    if inside and room != "privatize" and not item.imported.endswith((".methods", ".blocks")):
        return "methods are reached through replication.privatize.methods"
    return None


def check_deep_learning(item: Import) -> str | None:
    """Only what trains, runs or explains a network imports TensorFlow; others import it late."""
    if not item.importer.startswith("replication.") or is_command_line(item.importer):
        return None
    if item.importer in MAY_USE_DEEP_LEARNING or item.imported == WORKER:
        return None
    if item.imported in MAY_USE_DEEP_LEARNING:
        drives = item.importer.split(".")[1] in MAY_DRIVE_STAGES and not item.at_import
        return None if drives else "no TensorFlow here"
    return "no TensorFlow here" if item.top in DEEP_LEARNING else None


def check_owner(item: Import) -> str | None:
    """Some imports have one home, the explanation worker has no importer, pickles have no place."""
    if item.top in ONLY_IN and item.importer != ONLY_IN[item.top]:
        return f"only {ONLY_IN[item.top]} does"
    if item.imported == WORKER:
        return "it is run as a process of its own"
    return "no pickles" if item.top in PICKLERS else None


def check_cli(item: Import) -> str | None:
    """The command line imports what is slow to import inside its commands."""
    if not is_command_line(item.importer):
        return None
    if item.top == "keras_models":
        return "networks are reached through the pipeline"
    quick = is_command_line(item.imported) or item.imported.startswith(QUICK_TO_IMPORT)
    if item.at_import and (item.top in SLOW_TO_IMPORT or (item.top in PACKAGES and not quick)):
        return "import it inside the command, or --help becomes slow"
    return None


def check_call(module: str, call: ast.Call) -> str | None:
    """No call makes data into code: here, or in the program that opens a table."""
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in BUILDERS_FROM_FILES:
        return f"{name} builds what a file describes, load weights into a network built here"
    writes = isinstance(call.func, ast.Attribute) and module.startswith("replication.")
    if name in TABLE_WRITERS and writes and module not in MAY_WRITE_TABLES:
        return f"{name} writes cells that may be formulas, use replication.store.tables"
    pickles = [word.value for word in call.keywords if word.arg == "allow_pickle"]
    if any(not (isinstance(value, ast.Constant) and value.value is False) for value in pickles):
        return "allows pickles"
    loads = ast.unparse(call.func) in ("np.load", "numpy.load", "np.save", "numpy.save")
    return f"{name} without allow_pickle=False" if loads and not pickles else None
