"""What commands print of a run: tables, verdicts, and where the rest is."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import click

from replication.command_line import opening

NOT_MEASURED = 4
WHOLE_WORDS = {"break_long_words": False, "break_on_hyphens": False}  # a path stays one
WORST_FIRST = (3, 1, NOT_MEASURED)


def print_table1(run) -> None:
    """Print Table 1, ours beside the paper's, and where the files are."""
    from replication.evaluate.table1 import to_terminal
    from replication.results.finished_run import FinishedRun
    from replication.store.run_record import describe_split
    from validation.paper.numbers import read_paper_percent

    title = f"Table 1 on {run.data.source.title}." + describe_split(run.data.described)
    table = FinishedRun(run.store).table
    _print_lines(to_terminal(table, paper_percent=read_paper_percent(), title=title))
    click.echo(f"Files: {run.store.root} (the table: 06_evaluated/table1.md)")


def print_table2(run) -> None:
    """Print the main figures of Table 2, and where the rest is."""
    from replication.attack.table2_text import lay_out_table2
    from replication.results.finished_run import FinishedRun
    from replication.store.words import put

    attack = FinishedRun(run.store).attack
    _print_lines(lay_out_table2(attack["rows"], title=attack["heading"]))
    for bound in attack.get("proven", ()):
        if bound["holds"] is False:
            click.echo(textwrap.fill(put(f"Leak: {bound['sentence']}."), 78, **WHOLE_WORDS))
    click.echo(f"All of it, with intervals and chance: {run.store.root}/07_attacked/table2.md")


def _print_lines(lines: Iterable[str]) -> None:
    from replication.store.words import put

    for line in map(put, lines):
        click.secho(line, bold=not line.startswith(" "))


def print_explanation(found, picture: Path) -> None:
    """Print what the glaucoma network predicts for one image."""
    from replication.store.words import put

    explained = "glaucoma" if found.explains_glaucoma else "no glaucoma"
    click.echo(put(f"Glaucoma: {100 * found.glaucoma_probability:.1f}%"))
    click.echo(put(f"Explained: {explained}, log-odds {found.logit:.2f}"))
    if found.empty:
        click.echo("The map is empty: Deep Taylor explains positive log-odds alone.")
    click.echo(f"Written: {picture}")


def print_verdict(run, *, whole: bool, in_one_line: bool = False) -> int:
    """Print a run's verdict; return its exit code, in which nothing left out on purpose counts."""
    from replication.results.check import check_run
    from replication.results.finished_run import SMOKE

    blessing = check_run(run.store)
    if in_one_line:
        counts = "; ".join(_count_verdicts(blessing))
        click.echo(f"{run.store.root.name}: {blessing.word} ({counts})")
    else:
        print_blessing(run.store, blessing)
    left_out = run.data.profile.name == SMOKE or not whole
    return 0 if left_out and blessing.exit_code == NOT_MEASURED else blessing.exit_code


def print_blessing(store, blessing) -> None:
    """Print the counts of verdicts, the verdict on the run and its reasons."""
    from replication.store.words import put

    for counts in _count_verdicts(blessing):
        click.echo(counts)
    click.echo(blessing.word)
    if blessing.held_against:
        click.echo(textwrap.fill(put(blessing.held_against), 78, **WHOLE_WORDS))
    for reason in blessing.reasons:
        click.echo(textwrap.fill(put(reason), 78, initial_indent="  ", subsequent_indent="    "))
    click.echo(f"Why: {store.root / 'check.md'}")


def _count_verdicts(blessing) -> list[str]:
    from validation.blessing.blessing import summarise

    return [f"{group}: {verdicts}" for group, verdicts in summarise(blessing)]


def print_spread(stores: dict, named: str | None) -> None:
    """Write mean and standard deviation over the runs of several seeds, and print where."""
    from replication.results.seeds import summarise_seeds

    first = next(iter(stores.values())).root
    stem = named or first.name.removesuffix(f"-seed-{min(stores)}")
    folder = opening.ARTIFACTS / "runs" / f"{stem}-seeds-{min(stores)}-to-{max(stores)}"
    summarise_seeds(stores, folder)
    click.echo(f"Mean and standard deviation over the seeds: {folder / 'seeds.md'}")


def find_worst(codes: set[int]) -> int:
    """Return the exit code of many runs: that of a fault, else of the worst verdict."""
    faults = sorted(codes - {0, *WORST_FIRST})
    return next((code for code in (*faults, *WORST_FIRST) if code in codes), 0)
