"""Commands of studies: what no stage measures, of a run's choices, its maps and the paper."""

from pathlib import Path

import click

from replication.command_line.opening import (
    known_methods,
    open_run,
    run_until,
    warn_of_commit,
)
from replication.command_line.options import (
    PATH,
    count_option,
    exit_on_error,
    json_option,
    run_options,
    seed_option,
)
from replication.system.provenance import ROOT


@click.command("measure-departures", short_help="Measure what some choices of ours cost.")
@run_options
def measure_departures(**options) -> None:
    """Measure what choices of ours cost on a run's data.

    Trains the evaluation networks and PPRL-VGAN anew with the other choice, and privatizes anew: an
    hour and a half on two cores. Killed, it resumes where it was. Each choice is a row of
    docs/departures.md.

    \b
    Example:
      python cli.py measure-departures --data-dir ~/Warsaw
    """
    _refuse_own(**options)
    from replication.studies.departures import measure_departures as measure

    run = run_until("05_privatized", **options)
    for name, accuracies in measure(run.data):
        figures = ", ".join(f"{task} {100 * value:.2f}%" for task, value in accuracies.items())
        click.echo(f"{name}: {figures}")
    click.echo(f"Written: {run.store.root / 'departures.json'}")


@click.command("measure-forks", short_help="Judge the claims under each choice left open.")
@run_options
@click.option("--into", type=PATH, help="A folder that gets a copy of forks.md and forks.json.")
def measure_forks(into: Path | None, **options) -> None:
    """Judge the paper's claims under each choice that the paper leaves open.

    Privatizes the test images anew by the run's own networks, which are trained where they aren't
    yet, and judges the claims about Table 1 again; three minutes on two cores. A claim that depends
    on a choice is a finding and no error. Leaves forks.json and forks.md in the run; `report` and
    `check` name what was found.

    \b
    Examples:
      python cli.py measure-forks --data-dir ~/Warsaw
      python cli.py measure-forks --from-baseline --into docs
    """
    from replication.results.forks import FIGURES, PAGE
    from replication.store.files import read_json, write_json, write_text
    from replication.studies.forks import measure_forks as measure

    run = open_run(known_methods(), **options)
    run.run(until="06_evaluated")
    page = measure(run.data)
    click.echo(page)
    click.echo(f"Written: {run.store.root / PAGE}")
    if into is not None:
        if run.data.source.kind.private:
            warn_of_commit(into)
        into.mkdir(parents=True, exist_ok=True)
        write_json(into / FIGURES, read_json(run.store.root / FIGURES))
        write_text(into / PAGE, page)


@click.command("measure-frontier", short_help="Measure what a disease code shows, for every k.")
@run_options
@click.option(
    "--into", type=PATH, help="A folder that gets frontier.md, .csv and images/frontier.png, too."
)
def measure_frontier(into: Path | None, **options) -> None:
    """Measure what a code of the disease shows of the sign, and of the patient, for k from 1 to 20.

    Learns codes from the training images and reads them from the test images by the run's glaucoma
    network, which is trained where it isn't yet; no image is drawn. Leaves frontier.md, frontier.csv
    and, where kinds of signs are known, images/frontier.png in the run; a minute on two cores.

    \b
    Examples:
      python cli.py measure-frontier --data-dir ~/Warsaw
      python cli.py measure-frontier --from-baseline --into docs
    """
    _refuse_own(**options)
    from replication.studies.frontier import measure_frontier as measure
    from replication.studies.frontier import write_frontier

    run = open_run((), **options)
    run.run(until="03_evaluators")
    rows, data = measure(run.data), run.data
    heading = (
        f"Data {data.source.title}, profile {data.profile.name}, seed {data.seed}, "
        f"{len(data.splits.test)} test images."
    )
    if into is not None:
        if data.source.kind.private:
            warn_of_commit(into)
        into.mkdir(parents=True, exist_ok=True)
    for folder in filter(None, (run.store.root, into)):
        page = write_frontier(rows, folder, heading=heading)
    click.echo(page)
    click.echo(f"Written: {run.store.root / 'frontier.md'}")


@click.command("cross-validate", short_help="Measure whether the disease generalises.")
@run_options
def cross_validate(**options) -> None:
    """Measure how well glaucoma is recognised in patients that a network never met.

    Trains five glaucoma networks by patient, so that every patient is tested once; some ten minutes
    on two cores. Killed, it resumes where it was. Leaves cross_validation.json and
    cross_validation.csv in the run.

    \b
    Example:
      python cli.py cross-validate --data-dir ~/Warsaw
    """
    _refuse_own(**options)
    from replication.studies.cross_validation import FIGURES
    from replication.studies.cross_validation import cross_validate as measure

    run = run_until("02_validated", **options)
    for name, figure in measure(run.data).items():
        ends = [f"{100 * figure[end]:.2f}" for end in ("low", "high") if end in figure]
        interval = f" ({' to '.join(ends)})" if ends else ""
        click.echo(f"{name}: {100 * figure['value']:.2f}%{interval}")
    click.echo(f"Written: {run.store.root / FIGURES}")


@click.command("check-explanations", short_help="Measure whether maps depend on what was learned.")
@click.argument("run", type=PATH)
@count_option("--images", default=60, help="Test originals in the sample.")
@seed_option("--seed", help="Of the sample and of untrained layers.")
@exit_on_error
def check_explanations(run: Path, images: int, seed: int) -> None:
    """Measure whether RUN's Deep Taylor maps depend on what the glaucoma network has learned.

    Leaves explanation_sanity.json and explanation_sanity.md in the run. A check that fails is a
    finding about the method and no error; the exit code is 0.

    \b
    Example:
      python cli.py check-explanations artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.finished_run import SANITY_PAGE
    from replication.store.run_folder import RunStore
    from replication.studies.check_explanations import check_explanations as measure
    from replication.system.progress import track_on_terminal

    store = RunStore(run)
    click.echo(measure(store, images=images, seed=seed, track=track_on_terminal))
    click.echo(f"Written: {store.root / SANITY_PAGE}")


def _refuse_own(*, glaucoma_network: str | None, **others) -> None:
    """Raise SettingsError where a study of the networks that a run trains is given the user's."""
    from replication.errors import SettingsError

    if glaucoma_network:
        raise SettingsError(
            "--glaucoma-network: what is measured are networks that a run trains; leave it out"
        )


@click.command("audit-paper", short_help="Audit the digits of the paper's Table 1.")
@json_option
def audit_paper(as_json: bool) -> None:
    """Print what the digits of the paper's own Table 1 imply; needs no data.

    \b
    Examples:
      python cli.py audit-paper
      python cli.py audit-paper --json > audit.json
    """
    from replication.store.tables import lay_out_whole
    from validation.paper.audit import audit_paper as audit
    from validation.paper.audit import to_json, to_tables

    found = audit()
    if as_json:
        click.echo(to_json(found), nl=False)
        return
    for table in to_tables(found):
        click.echo("\n".join(lay_out_whole(table.title, table.columns, table.rows)) + "\n")


@click.command("write-coverage", short_help="Write the coverage of the paper (maintainers).")
@click.option("--into", default=ROOT / "docs", type=PATH, help="Folder of the pages.")
@exit_on_error
def write_coverage(into: Path) -> None:
    """Write coverage.md and checklist.md from their tables, and print the scores (maintainers).

    Each sentence of the paper's methods, results and discussion, and each item of REFORMS and CLAIM.

    \b
    Example:
      python cli.py write-coverage
    """
    from replication.store.files import write_text
    from validation.paper import checklist, coverage

    sentences, items = coverage.read_coverage(), checklist.read_checklists()
    for name, page, score in (
        ("coverage.md", coverage.to_markdown(sentences), coverage.describe_score(sentences)),
        ("checklist.md", checklist.to_markdown(items), checklist.describe_answers(items)),
    ):
        write_text(into / name, page)
        click.echo(score)
        click.echo(f"Written: {into / name}")
