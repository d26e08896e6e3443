"""Command line of the replication: one command per stage, and `replicate` for all of them."""

import logging

import click

from replication.command_line import (
    data_commands,
    result_commands,
    run_commands,
    stage_commands,
    sweep_command,
)
from replication.system.quiet_libraries import quieten_libraries

PROGRAM = "privacy-explanations"  # setup.py: the console script
COMPLETE_VARIABLE = "_PRIVACY_EXPLANATIONS_COMPLETE"  # click's name for that program


def main() -> None:
    """Run the command line; an error of the project becomes one sentence and its exit code."""
    quieten_libraries()
    cli()


class InOrder(click.Group):
    """Lists commands as they stand here, in the order in which they are wanted."""

    def list_commands(self, context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-v",
    "--verbose",
    count=True,
    help="Say what is found and done on the way; -vv also names files, and so patients.",
)
def cli(verbose: int) -> None:
    """Replicate "Towards Privacy-preserving Explanations in Medical Image Analysis" (2021).

    \b
    Start here:
      python cli.py replicate --all                  Table 1, on the surrogate
      python cli.py replicate --all --data-dir DIR   on a folder of Warsaw
      python cli.py data doctor DIR                  what is in a folder?
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s")
    if verbose > 1:
        logging.getLogger("replication").setLevel(logging.DEBUG)


@click.command(short_help="Print a script for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that has SHELL complete commands, options, methods and profiles.

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


# In the order in which they are wanted.
for command in (
    run_commands.replicate,
    sweep_command.sweep,
    run_commands.check,
    run_commands.report,
    stage_commands.preprocess,
    stage_commands.validate,
    stage_commands.train_evaluators,
    stage_commands.train_vgan,
    stage_commands.privatize,
    stage_commands.evaluate,
    stage_commands.attack,
    stage_commands.explain,
    result_commands.measure_departures,
    result_commands.check_explanations,
    result_commands.export,
    result_commands.keep_baseline,
    result_commands.readme,
    result_commands.derive_bands,
    result_commands.compare_seeds,
    result_commands.audit_paper,
    result_commands.results,
    completion,
    data_commands.data,
):
    cli.add_command(command)

if __name__ == "__main__":
    main()
