"""Commands that explain by similar cases of a run."""

from collections import Counter
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
    circle_option,
    count_option,
    methods_option,
    run_options,
)


# click would name a file that may not be read, and words that are too many: other images.
@click.command("explain-case", short_help="Explain images by similar, privatized cases.")
@click.argument(
    "file", metavar="[IMAGE]", required=False, type=click.Path(path_type=Path, readable=False)
)
@choice_option("--eye", choices=("left", "right"), help="Which eye IMAGE shows.")
@circle_option
@click.option(
    "--patient",
    metavar="ID",
    help="Whose eye it is, as the run's data name patients: none of theirs is shown. Without it "
    "they are found where the run has the same image.",
)
@click.option(
    "--queries",
    type=PATH,
    help="CSV of many images in the place of IMAGE: path,eye, and patient_id where it is known.",
)
@click.option(
    "--method",
    metavar="NAME",
    help="Privatize the cases by it.  [default: whose worst figure in the run's Table 2 is best]",
)
@count_option("--cases", "count", default=3, help="Cases with the diagnosis of the verdict.")
@click.option(
    "--out", type=PATH, help="Folder of the card.  [default: card in the run, or cards of many]"
)
@click.option("--pdf", is_flag=True, help="Print each card by Chromium, too.")
@run_options
def explain_case(
    file: Path | None,
    eye: str,
    circle: tuple[float, float, float] | None,
    patient: str | None,
    queries: Path | None,
    method: str | None,
    count: int,
    out: Path | None,
    pdf: bool,
    **options,
) -> None:
    """Explain IMAGE (a camera's frame with its label strip) by similar cases of a run.

    Writes a card, index.html and card.json: the glaucoma network's verdict and where it comes from; the
    nearest cases with that diagnosis and one with the other, of other patients, privatized, and
    only what passes a gate of attackers; how similar they are and where; what the method shows of
    whom. What was shown is recorded in ledger.jsonl in the run, which is to be kept.

    With --queries: a card for each image of a file and an overview. With --no-mirroring it needs no
    eye, with --centring manifest it has centre_x,centre_y,radius, as the run's manifest. Without an
    IMAGE and --queries, --manifest is of the images to explain, and not the run's data.

    \b
    Examples:
      python cli.py explain-case eye.jpg --from-baseline --method k-same-6
      python cli.py explain-case eye.jpg --patient 17 --data-dir ~/Warsaw
      python cli.py explain-case --queries eyes.csv --data-dir ~/Warsaw
    """
    from replication.errors import SettingsError
    from replication.explain.one_image import find_circle
    from replication.privatize.methods import find_method
    from replication.system.browser import find_browser

    if file is None and queries is None:
        queries, options["manifest"] = options["manifest"], None
    if (file is None) == (queries is None):
        raise SettingsError("explain-case: give either an IMAGE, or --queries with many")
    if queries and (patient or circle):
        option = "--patient" if patient else "--circle"
        raise SettingsError(f"{option}: is of one IMAGE; give columns in --queries")
    browser = find_browser("--pdf") if pdf else None
    found = find_method(method) if method else None
    # Of a method that is named, no other's generator is trained.
    run = open_run((found.name,) if found else known_methods(), **options)
    found_circle = None if queries else find_circle(circle, run.data.profile.preprocess)
    run.run(until=(found.generator or "03_evaluators") if found else "07_attacked")
    from replication.pipeline import cases

    write_for_owner_alone()
    folder = out or run.store.root / ("cards" if queries else "card")
    warn_of_commit(folder)
    given = {"method": found or cases.choose_method(run.data), "count": count, "folder": folder}
    given["browser"] = browser
    if queries:
        _print_rows(cases.explain_cases(run.data, queries, **given))
    else:
        given |= {"eye": eye, "circle": found_circle, "patient": patient}
        _print_card(cases.explain_case(run.data, file, **given))
    click.echo(f"Written: {folder / cases.PAGE}")


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
    run.run(until="04" if any(each.generator for each in found) else "03_evaluators")
    from replication.pipeline import case_judging
    from replication.store.words import put

    click.echo(put(case_judging.judge_cases(run.data, found).to_markdown()))
    click.echo(f"Written: {run.store.root / case_judging.RELEASED / case_judging.TABLE3}")


def _print_card(card) -> None:
    """Print the verdict, what is shown and what isn't."""
    from replication.store.words import put

    click.echo(put(f"Glaucoma: {100 * card.query.probability:.1f}%"))
    click.echo(f"Method: {card.method.name}")
    for name, cases in (("Cases", card.cases), ("Counter-case", card.counter)):
        alike = ", ".join(f"{100 - 100 * case.percentile:.1f}%" for case in cases)
        near = f"more alike than {alike} of known pairs" if cases else "no case is near enough"
        click.echo(f"{name}: {near}")
    for reason, count in card.refused.items():
        click.echo(f"Not shown: {count}, {reason}")


def _print_rows(listed) -> None:
    """Print how many rows have a card, and how many of which problem have none."""
    problems = Counter(row.problem for row in listed if not row.card)
    click.echo(f"Answered: {len(listed) - problems.total()} of {len(listed)}")
    for problem, count in problems.items():
        click.echo(f"Not answered: {count}, {problem}")
