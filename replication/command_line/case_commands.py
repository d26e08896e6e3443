"""Commands that explain by similar cases of a run."""

from pathlib import Path

import click

from replication.command_line.opening import (
    known_methods,
    open_run,
    warn_of_commit,
    write_for_owner_alone,
)
from replication.command_line.options import (
    PATH,
    choice_option,
    count_option,
    methods_option,
    run_options,
)


# click would name a file that may not be read, and words that are too many: other images.
@click.command("explain-case", short_help="Explain one image by similar, privatized cases.")
@click.argument("file", metavar="IMAGE", type=click.Path(path_type=Path, readable=False))
@choice_option("--eye", choices=("left", "right"), help="Which eye IMAGE shows.")
@click.option(
    "--patient",
    metavar="ID",
    help="Whose eye it is, as the run's data name patients: none of theirs is shown. Without it "
    "they are found where the run has the same image.",
)
@click.option(
    "--method",
    metavar="NAME",
    help="Privatize the cases by it.  [default: whose worst figure in the run's Table 2 is best]",
)
@count_option("--cases", "count", default=3, help="Cases with the diagnosis of the verdict.")
@click.option("--out", type=PATH, help="Folder of the card.  [default: card in the run]")
@run_options
def explain_case(
    file: Path,
    eye: str,
    patient: str | None,
    method: str | None,
    count: int,
    out: Path | None,
    **options,
) -> None:
    """Explain IMAGE (a camera's frame with its label strip) by similar cases of a run.

    Writes a card, index.html and card.json: the glaucoma network's verdict and where it comes from; the
    nearest cases with that diagnosis and one with the other, of other patients, privatized, and
    only what passes a gate of attackers; how similar they are and where; what the method shows of
    whom. What was shown is recorded in ledger.jsonl in the run, which is to be kept.

    \b
    Examples:
      python cli.py explain-case eye.jpg --from-baseline --method k-same-6
      python cli.py explain-case eye.jpg --patient 17 --data-dir ~/Warsaw
    """
    from replication.privatize.methods import find_method

    found = find_method(method) if method else None
    # Of a method that is named, no other's generator is trained.
    run = open_run((found.name,) if found else known_methods(), **options)
    run.run(until=(found.generator or "03_evaluators") if found else "07_attacked")
    from replication.pipeline.cases import PAGE, choose_method
    from replication.pipeline.cases import explain_case as explain

    write_for_owner_alone()
    folder = out or run.store.root / "card"
    warn_of_commit(folder)
    found = found or choose_method(run.data)
    card = explain(
        run.data, file, eye=eye, patient=patient, method=found, count=count, folder=folder
    )
    _print_card(card)
    click.echo(f"Written: {folder / PAGE}")


@click.command("judge-cases", short_help="Measure how good cases are: Table 3.")
@methods_option(help="Of this privatizer alone; may be given several times.")
@run_options
def judge_cases(methods: tuple[str, ...], **options) -> None:
    """Measure over all test images how good the cases of `explain-case` are: Table 3.

    Of the nearest cases, how many have the same diagnosis, beside cases at random; whether their
    pictures keep their verdict; how often no case is near enough; how many the gate refuses. By patient,
    with intervals. Leaves cases/table3.md and table3.csv in the run.

    \b
    Examples:
      python cli.py judge-cases --from-baseline
      python cli.py judge-cases --split patient --method k-same-grouped-6
    """
    from replication.privatize.methods import find_method

    found = [find_method(name) for name in methods or known_methods()]
    run = open_run(tuple(each.name for each in found), **options)
    found = [each for each in found if each.name in run.data.methods]
    run.run(until="04" if any(each.generator for each in found) else "03_evaluators")
    from replication.pipeline.cases import RELEASED, TABLE3
    from replication.pipeline.cases import judge_cases as judge

    click.echo(judge(run.data, found).to_markdown())
    click.echo(f"Written: {run.store.root / RELEASED / TABLE3}")


def _print_card(card) -> None:
    """Print the verdict, what is shown and what isn't."""
    click.echo(f"Glaucoma: {100 * card.query.probability:.1f}%")
    click.echo(f"Method: {card.method.name}")
    for name, cases in (("Cases", card.cases), ("Counter-case", card.counter)):
        alike = ", ".join(f"{100 - 100 * case.percentile:.1f}%" for case in cases)
        near = f"more alike than {alike} of known pairs" if cases else "no case is near enough"
        click.echo(f"{name}: {near}")
    for reason, count in card.refused.items():
        click.echo(f"Not shown: {count}, {reason}")
