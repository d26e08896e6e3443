"""What commands print of a run: tables, verdicts, and where the rest is."""

import textwrap
from pathlib import Path

import click

from replication.command_line import opening

NOT_MEASURED = 4
WORST_FIRST = (3, 1, NOT_MEASURED)


def show_table(run) -> None:
    """Print Table 1, ours beside the paper's, and where the files are."""
    from replication.evaluate.outputs import read_table
    from replication.evaluate.table1 import lay_out_for_terminal
    from replication.store.run_record import tell_split
    from validation.paper.numbers import read_paper_percent

    title = f"Table 1 on {run.data.source.title}." + tell_split(by_patient=run.data.by_patient)
    for line in lay_out_for_terminal(
        read_table(run.store), paper_percent=read_paper_percent(), title=title
    ):
        click.secho(line, bold=not line.startswith(" "))
    click.echo(f"Files: {run.store.root} (the table: 06_evaluated/table1.md)")


def show_table2(run) -> None:
    """Print the heart of Table 2, and where the rest is."""
    from replication.attack.outputs import read_attack
    from replication.attack.table2_text import lay_out_table2

    attack = read_attack(run.store)
    for line in lay_out_table2(attack["rows"], title=attack["heading"]):
        click.secho(line, bold=not line.startswith(" "))
    click.echo(f"All of it, with intervals and chance: {run.store.root}/07_attacked/table2.md")


def show_expectations(run) -> None:
    """Say that all expectations hold, and where they are."""
    page = run.store.root / "02_validated" / "validation.md"
    click.echo(f"Every expectation holds. What was expected and found: {page}")


def show_explanation(found, picture: Path) -> None:
    """Print what the glaucoma network makes of one image."""
    explained = "glaucoma" if found.explains_glaucoma else "no glaucoma"
    click.echo(f"Glaucoma: {100 * found.glaucoma_probability:.1f}%")
    click.echo(f"Explained: {explained}, logit {found.logit:.2f}")
    if found.empty:
        click.echo("The map is empty: Deep Taylor explains positive logits alone.")
    if not found.iris_found:
        click.echo("No iris was found, so the image is not centred.")
    click.echo(f"Written: {picture}")


def show_verdict(run, *, whole: bool) -> int:
    """Print the verdict; return the exit code that goes with it."""
    from replication.results.check import check_run

    blessing = check_run(run.store)
    show_blessing(run.store, blessing)
    return _judge(run, blessing, whole=whole)


def show_verdict_line(run, *, whole: bool) -> int:
    """Print the verdict of one of many runs; return the exit code that goes with it."""
    from replication.results.check import check_run
    from validation.blessing.text import summarise

    blessing = check_run(run.store)
    counts = "; ".join(f"{group}: {verdicts}" for group, verdicts in summarise(blessing))
    click.echo(f"{run.store.root.name}: {blessing.word} ({counts})")
    return _judge(run, blessing, whole=whole)


def show_blessing(store, blessing) -> None:
    from validation.blessing.text import summarise

    for group, verdicts in summarise(blessing):
        click.echo(f"{group}: {verdicts}")
    click.echo(blessing.word)
    for reason in blessing.reasons:
        click.echo(textwrap.fill(reason, 78, initial_indent="  ", subsequent_indent="    "))
    click.echo(f"Why: {store.root / 'check.md'}")


def _judge(run, blessing, *, whole: bool) -> int:
    """Return a verdict's exit code; what was left out on purpose is no fault."""
    from replication.results.check import SMOKE

    left_out = run.data.profile.name == SMOKE or not whole
    return 0 if left_out and blessing.exit_code == NOT_MEASURED else blessing.exit_code


def show_spread(stores: dict, named: str | None) -> None:
    from replication.results.seeds import summarise_seeds

    first = next(iter(stores.values())).root
    stem = named or first.name.removesuffix(f"-seed-{min(stores)}")
    folder = opening.ARTIFACTS / "runs" / f"{stem}-seeds-{min(stores)}-to-{max(stores)}"
    summarise_seeds(stores, folder)
    click.echo(f"Mean and deviation over the seeds: {folder / 'seeds.md'}")
