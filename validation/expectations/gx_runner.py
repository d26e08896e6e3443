"""Judge tables by suites with Great Expectations, and write its Data Docs.

The only place that imports Great Expectations, and only when it is run: the import takes seconds.
Nothing is sent anywhere and nothing is written outside the given folder, and no cell of a table is
named in it (`validation.expectations.data_docs`): keys of rows at fault are in what is returned.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from validation.expectations.data_docs import close_pages, remove_names
from validation.expectations.suites import Expectation, Suite

PROJECT = "great_expectations"
DATA_DOCS = "data_docs"


@dataclass(frozen=True)
class JudgedExpectation:
    """What became of one expectation of the suite of that name.

    Args:
        observed: the value measured on the whole table; for expectations on single rows the
            fraction of rows that meet them.
        at_fault: keys of the rows that don't, in the table's order, each once; empty for
            expectations on the whole table.
    """

    suite: str
    expectation: Expectation
    success: bool
    observed: object
    at_fault: tuple[str, ...]


def run_suites(
    suites: Sequence[Suite], tables: Mapping[str, pd.DataFrame], folder: Path
) -> list[JudgedExpectation]:
    """Judge every expectation, in the suites' order.

    Writes `data_docs/index.html`, to be read, and `great_expectations/`, the project behind it.

    Args:
        suites: what to expect.
        tables: by the names that the suites use.
        folder: to write into; the project and Data Docs of an earlier call are replaced.

    Raises:
        RuntimeError: when an expectation can't be evaluated, a column being missing for example.
    """
    context = open_project(folder)
    source = context.data_sources.add_pandas("tables")
    outcomes = []
    for suite in suites:
        outcomes += _run_suite(context, source, suite, tables[suite.table])
    remove_names(folder / PROJECT / "validations")
    context.build_data_docs()
    close_pages(folder / DATA_DOCS)
    return outcomes


def open_project(folder: Path):
    """Make an empty Great Expectations project in the folder, in place of an earlier one.

    Usage data and progress bars are off.
    """
    # Read when the package is imported, so it is set before.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    for name in (PROJECT, DATA_DOCS):
        shutil.rmtree(folder / name, ignore_errors=True)
    return great_expectations.get_context(
        mode="file", context_root_dir=folder / PROJECT, project_config=_describe_project()
    )


def _describe_project() -> dict:
    """Return a project's settings: the default ones less its plugins, which would be put on Python's path."""
    stores = {
        "expectations_store": ("ExpectationsStore", "expectations"),
        "validation_results_store": ("ValidationResultsStore", "validations"),
        "checkpoint_store": ("CheckpointStore", "checkpoints"),
        "validation_definition_store": ("ValidationDefinitionStore", "validation_definitions"),
    }
    return {
        "config_version": 4.0,
        "analytics_enabled": False,
        "progress_bars": {"globally": False, "metric_calculations": False},
        "stores": {
            name: {"class_name": kind, "store_backend": _keep_in(place)}
            for name, (kind, place) in stores.items()
        },
        **{
            f"{name}_name": name
            for name in stores
            if name != "validation_definition_store"  # found by its own name alone
        },
        "data_docs_sites": {
            "local_site": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": _keep_in(f"../{DATA_DOCS}"),
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        },
    }


def _keep_in(place: str) -> dict:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": f"{place}/"}


def _run_suite(context, source, suite: Suite, table: pd.DataFrame) -> list[JudgedExpectation]:
    """Run one suite on its table, and keep suite and result in the project."""
    from great_expectations import ExpectationSuite, ValidationDefinition

    asset = source.add_dataframe_asset(f"{suite.table}-{suite.name}")
    expectations = [_translate(expectation) for expectation in suite.expectations]
    definition = context.validation_definitions.add(
        ValidationDefinition(
            name=suite.name,
            data=asset.add_batch_definition_whole_dataframe("all"),
            suite=context.suites.add(ExpectationSuite(suite.name, expectations=expectations)),
        )
    )
    result = definition.run(
        batch_parameters={"dataframe": table},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [suite.key]},
    )
    by_name = {each.expectation_config.meta["name"]: each for each in result.results}
    return [_read_outcome(suite, e, by_name[e.name], table) for e in suite.expectations]


def _translate(expectation: Expectation):
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=expectation.type,
        kwargs=dict(expectation.arguments),
        meta={"name": expectation.name},
        description=f"{expectation.name}: {expectation.meaning}",
    ).to_domain_obj()


def _read_outcome(
    suite: Suite, expectation: Expectation, judged, table: pd.DataFrame
) -> JudgedExpectation:
    measured = judged.to_json_dict()["result"]
    if not measured:
        raise RuntimeError(f"{expectation.name}: can't be evaluated ({judged.exception_info})")
    success = bool(judged.success)
    if "unexpected_index_column_names" not in measured:
        return JudgedExpectation(suite.name, expectation, success, measured["observed_value"], ())
    keys = [row[suite.key] for row in measured["unexpected_index_list"]]
    unmet = measured["unexpected_count"]
    # Great Expectations judges no empty cell; what is not there has not passed.
    if measured.get("missing_count"):
        empty = table[expectation.arguments["column"]].isna()
        keys += table.loc[empty, suite.key].tolist()
        unmet += int(empty.sum())
        success = False
    at_fault = tuple(dict.fromkeys(map(str, keys)))
    return JudgedExpectation(suite.name, expectation, success, 1 - unmet / len(table), at_fault)
