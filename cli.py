"""Command line of the replication: one command per stage, and `replicate` for all of them."""

import logging
import sys
import traceback
from io import TextIOWrapper

import click

from replication.command_line import (
    case_commands,
    check_and_report,
    data_commands,
    run_commands,
    stage_commands,
    study_commands,
)
from replication.system.quiet_libraries import quieten_libraries

PROGRAM = "privacy-explanations"  # setup.py: the console script
COMPLETE_VARIABLE = "_PRIVACY_EXPLANATIONS_COMPLETE"  # click's name for that program
UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h; Python's own 1 is that of a limit not kept


def main() -> None:
    """Run the command line; an error of the project becomes one sentence and its exit code.

    Any other exception is a fault of this program: its traceback is printed, the exit code UNEXPECTED.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the stream can't write is written by its letters' numbers.
        sys.stdout.reconfigure(errors="backslashreplace")
    quieten_libraries()
    try:
        cli()
    except Exception:  # noqa: BLE001 (of any other, whatever it is)
        traceback.print_exc()
        sys.exit(UNEXPECTED)


class InOrder(click.Group):
    """Lists commands in the order in which they are added, that in which users need them."""

    def list_commands(self, context) -> list[str]:
        return list(self.commands)

    def invoke(self, context):
        """Run a command; words too many, as a shell makes of `*`, are counted in no error by name."""
        try:
            return super().invoke(context)
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message:
                raise
            raise click.UsageError("Got unexpected extra arguments.", error.ctx) from None


@click.group(
    cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    help="Log what is found and done; -vv also logs names of files, and so of patients.",
)
def cli(verbose: int) -> None:
    """Replicate "Towards Privacy-preserving Explanations in Medical Image Analysis" (2021).

    \b
    Start here:
      python cli.py replicate --all                  Table 1, on the surrogate
      python cli.py replicate --all --data-dir DIR   on a folder of Warsaw
      python cli.py data doctor DIR                  what is in a folder?
    """
    logging.basicConfig(format="%(message)s")
    if verbose:  # ours; libraries only warn
        logging.getLogger("replication").setLevel(logging.INFO if verbose == 1 else logging.DEBUG)


@click.command(short_help="Print a script for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script by which SHELL completes commands, options, methods and profiles.

    It completes the installed command, .venv/bin/privacy-explanations, which does what cli.py
    does.

    \b
    Examples:
      python cli.py completion bash > .venv/completion
      source .venv/completion
      .venv/bin/privacy-explanations replicate --method pprl-<Tab>
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)(cli, {}, PROGRAM, COMPLETE_VARIABLE)
    click.echo(script.source())


for command in (
    run_commands.replicate,
    run_commands.sweep,
    check_and_report.check,
    check_and_report.report,
    stage_commands.preprocess,
    stage_commands.validate,
    stage_commands.train_evaluators,
    stage_commands.train_vgan,
    stage_commands.train_pp_mir,
    stage_commands.train_code,
    stage_commands.privatize,
    stage_commands.evaluate,
    stage_commands.attack,
    stage_commands.explain,
    case_commands.explain_case,
    case_commands.judge_cases,
    study_commands.measure_departures,
    study_commands.measure_forks,
    study_commands.measure_frontier,
    study_commands.cross_validate,
    study_commands.check_explanations,
    check_and_report.export,
    check_and_report.keep_baseline,
    check_and_report.keep_seeds,
    check_and_report.readme,
    check_and_report.derive_bands,
    check_and_report.compare_seeds,
    study_commands.audit_paper,
    study_commands.write_coverage,
    check_and_report.results,
    completion,
    data_commands.data,
):
    cli.add_command(command)

if __name__ == "__main__":
    main()
