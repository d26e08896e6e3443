"""Command line of the replication: one command per stage, and `replicate` for all of them."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path

import click

from replication.quiet_libraries import quieten_libraries

ARTIFACTS = Path("artifacts")
PROFILES = ("smoke", "cpu", "cpu-float32", "paper")
PROGRAM = "privacy-explanations"  # setup.py: the console script
COMPLETE_VARIABLE = "_PRIVACY_EXPLANATIONS_COMPLETE"  # click's name for that program
NOT_MEASURED = 4
INTERRUPTED = 130  # as a shell has it: 128 and the number of SIGINT
WORST_FIRST = (3, 1, NOT_MEASURED)
LAST = "08_report"
# The command that comes after the one that ends with this stage.
NEXT = {
    "01_preprocessed": "validate",
    "02_validated": "train-evaluators",
    "03_evaluators": "train-vgan",
    "04_vgan": "privatize",
    "05_privatized": "evaluate",
    "06_evaluated": "attack",
    "06b_attacked": "explain",
}


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


def complete_profiles(context, parameter, typed: str) -> list[str]:
    """Return the profiles that start with what was typed, for the shell."""
    return [name for name in PROFILES if name.startswith(typed)]


def complete_methods(context, parameter, typed: str) -> list[str]:
    """Return the methods that start with what was typed, for the shell."""
    return [name for name in _known_methods() if name.startswith(typed)]


def settings_options(command):
    """Add the options that every run has."""

    @click.option(
        "--profile",
        default="cpu",
        show_default=True,
        shell_complete=complete_profiles,
        help=f"Settings: {', '.join(PROFILES)}.",
    )
    @click.option(
        "--seed",
        default=0,
        show_default=True,
        type=click.IntRange(0, 2**31 - 1),
        help="Of training and draws.",
    )
    @click.option(
        "--split-seed",
        default=0,
        show_default=True,
        type=click.IntRange(0, 2**31 - 1),
        help="Of the split into training, validation and test images.",
    )
    @click.option(
        "--draws",
        default=10,
        show_default=True,
        type=click.IntRange(1),
        help="Privatized sets per PPRL-VGAN regime; the table has their mean.",
    )
    @click.option("--fresh", is_flag=True, help="Remove what an earlier run of that name left.")
    @wraps(command)
    def with_options(*args, **kwargs):
        return command(*args, **kwargs)

    return with_options


def run_options(command):
    """Add the options that choose data, settings and the run's folder; turn errors into exits."""

    @click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Folder in the Warsaw layout. Without it and --manifest: the surrogate.",
    )
    @click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        help="CSV of other images: path,patient_id,eye,glaucoma; paths relative to it.",
    )
    @settings_options
    @click.option(
        "--split",
        default="image",
        show_default=True,
        type=click.Choice(["image", "patient"]),
        help="By image as in the paper, or by patient: the glaucoma network is trained and tested "
        "on different patients; identity stays closed-set.",
    )
    @click.option(
        "--from-baseline",
        is_flag=True,
        help="Take the reference weights instead of training (surrogate, profile cpu).",
    )
    @click.option("--run", "run_name", help="Name of the run's folder under artifacts/runs.")
    @wraps(command)
    def with_options(*args, **kwargs):
        return command(*args, **kwargs)

    return exit_on_error(with_options, goes_on=True)


def exit_on_error(command, *, goes_on: bool = False):
    """Turn errors of the project and Ctrl-C into one line on standard error and an exit code.

    Args:
        command: a click command's function.
        goes_on: whether the same command goes on where it was stopped.
    """

    @wraps(command)
    def guarded(*args, **kwargs):
        from replication.disk_faults import describe_os_error
        from replication.errors import DiskError, ReplicationError

        try:
            return command(*args, **kwargs)
        except ReplicationError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            later = f" What is done is kept; to go on: {_name_command()}" if goes_on else ""
            click.echo(f"\nInterrupted.{later}", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # click ends quietly when nobody reads on
            raise
        except OSError as error:
            click.echo(f"Error: {describe_os_error(error)}", err=True)
            sys.exit(DiskError.exit_code)

    return guarded


def _name_command(instead: str | None = None) -> str:
    """Return this command as it was typed, but for --fresh, so that it goes on with the run.

    Args:
        instead: another command's name to put in its place.
    """
    words = [word for word in sys.argv[1:] if word != "--fresh"]
    typed = click.get_current_context().info_name
    if instead and typed in words:
        words[words.index(typed)] = instead
    return _spell_command(*words)


def _spell_command(*words: str | Path) -> str:
    """Return a command of this program as it is to be typed, the program as it was."""
    script = sys.argv[0]
    program = [sys.orig_argv[0], script] if script.endswith(".py") else [script]
    return shlex.join([*program, *map(str, words)])


@cli.command(short_help="Measure Table 1, explain it and judge it; goes on.")
@click.option("--all", "everything", is_flag=True, help="Run every privatizer of Table 1.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_methods,
    help="Run this privatizer alone; may be given several times.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many runs, the seed one higher each time; with their mean and deviation.",
)
@run_options
def replicate(everything: bool, methods: tuple[str, ...], seeds: int, **options) -> None:
    """Measure Table 1, explain, report and check it: whatever isn't done, from raw eyes to verdict.

    Ends as `check` does, with its exit code; a smoke run and a run of single methods end with 0
    when nothing failed, since they leave things out on purpose.

    \b
    Examples:
      python cli.py replicate --all
      python cli.py replicate --all --from-baseline
      python cli.py replicate --all --profile smoke
      python cli.py replicate --all --seeds 5
      python cli.py replicate --method blur-9 --method k-same-6
      python cli.py replicate --all --data-dir ~/Warsaw --profile paper
    """
    from replication.errors import SettingsError

    if everything == bool(methods):
        raise SettingsError(f"give --all, or --method with one of: {', '.join(_known_methods())}")
    if seeds > 1 and options["from_baseline"]:
        raise SettingsError("--from-baseline: the reference weights are of one seed alone")
    first, named, stores, codes = options.pop("seed"), options.pop("run_name"), {}, set()
    for seed in range(first, first + seeds):
        name = f"{named}-seed-{seed}" if named and seeds > 1 else named
        run = _open_run(methods or _known_methods(), seed=seed, run_name=name, **options)
        tables = {"06_evaluated": _show_table, "06b_attacked": _show_table2}
        shown = {unit: partial(show, run) for unit, show in tables.items()}
        run.on_stage = partial(_tell_stage, show=shown)
        run.run()
        stores[seed] = run.store
        codes.add(_show_verdict(run, whole=everything))
        click.echo(f"Report: {run.store.root / '08_report' / 'index.html'}")
    if seeds > 1:
        _show_spread(stores, named)
    sys.exit(next((code for code in WORST_FIRST if code in codes), 0))


@cli.command(short_help="Many runs: seeds, data sets, splits; here or on Dask.")
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many runs of each kind, the seed one higher each time.",
)
@click.option(
    "--data-dir",
    "data_dirs",
    multiple=True,
    metavar="DIR",
    help="Folder in the Warsaw layout; may be given several times.",
)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    metavar="FILE",
    help="CSV of other images; may be given several times. With no data at all: the surrogate.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    default=["image"],
    show_default=True,
    type=click.Choice(["image", "patient"]),
    help="By image as in the paper, or by patient; may be given several times.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_methods,
    help="Run this privatizer; may be given several times. Without it: all of Table 1.",
)
@click.option(
    "--until",
    default=LAST,
    show_default=True,
    type=click.Choice([*NEXT, "07_explained", LAST]),
    metavar="STAGE",
    help="The last stage of each run, such as 06_evaluated.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Work in so many processes of this machine at once.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Work on the machines of this Dask scheduler.")
@settings_options
@partial(exit_on_error, goes_on=True)
def sweep(
    data_dirs: tuple[str, ...],
    manifests: tuple[str, ...],
    splits: tuple[str, ...],
    methods: tuple[str, ...],
    *,
    seeds: int,
    seed: int,
    until: str,
    workers: int | None,
    scheduler: str | None,
    fresh: bool,
    **settings,
) -> None:
    """Do many runs: every data set by every split by every seed, each with all methods.

    Each run is one of `replicate`, in the folder that `replicate` would give it. Without --workers
    and --scheduler the work is done in this process; with them, by as many as there are, and with
    the same numbers (docs/cluster.md). A run that fails is named, and the others go on.

    \b
    Examples:
      python cli.py sweep --seeds 5 --workers 2
      python cli.py sweep --data-dir ~/Warsaw --split image --split patient
      python cli.py sweep --seeds 20 --scheduler tls://login:8786
    """
    from replication.cluster import find_client
    from replication.progress import track_on_terminal
    from replication.run_request import RunRequest
    from replication.sweep import Wanted, do_sweep, list_tasks, open_runs

    data = (tuple(str(Path(p).absolute()) for p in some) for some in (data_dirs, manifests))
    wanted = Wanted(*data, tuple(dict.fromkeys(splits)), range(seed, seed + seeds))
    requests = wanted.combine(
        RunRequest(str(ARTIFACTS.absolute()), methods or _known_methods(), **settings)
    )
    with find_client(workers, scheduler) as client:
        runs = open_runs(requests, fresh=fresh, workers=_workers(), track=track_on_terminal)
        tasks = list_tasks(zip(requests, runs, strict=True), until=until)
        with _find_doer(runs, len(tasks), client) as (do, tell):
            failed = do_sweep(runs, tasks, do=do, tell=tell)
    shown = list(zip(requests, runs, strict=True))
    sys.exit(_show_sweep(shown, failed, until=until, whole=not methods))


@cli.command(short_help="Say whether a run is BLESSED, and why.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@exit_on_error
def check(run: Path | None, as_json: bool) -> None:
    """Say whether RUN is BLESSED or NOT_BLESSED, and why; without RUN, the latest one.

    Numbers are held against the paper's bands on the Warsaw data alone, the paper's claims on any
    data, the data against their expectations; a run from the baseline also against the numbers
    that its weights gave before. Leaves check.json, check.md and check.xml (JUnit) in the run.

    \b
    Exit codes:
      0  blessed
      1  a number outside its band, or a claim fails
      3  the data are invalid
      4  something is not measured, or can't be told apart

    \b
    Examples:
      python cli.py check
      python cli.py check artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.check import check_run, find_latest
    from replication.store import RunStore

    store = RunStore(run or find_latest(ARTIFACTS / "runs"))
    blessing = check_run(store)
    if as_json:
        click.echo((store.root / "check.json").read_text(encoding="utf-8"), nl=False)
    else:
        _show_blessing(store, blessing)
    sys.exit(blessing.exit_code)


@cli.command(short_help="Stage 08: one page about a run, made anew.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--public/--private",
    default=None,
    help="Leave out all of patients, or show it; without either: public but for the surrogate.",
)
@exit_on_error
def report(run: Path | None, public: bool | None) -> None:
    """Stage 08: tell of RUN on one page that needs no other file; without RUN, the latest one.

    Makes the page anew from the run's files. A public one holds no picture of an eye and no name
    of a patient, file or folder. A private one shows patients and must not be given away.

    \b
    Examples:
      python cli.py report
      python cli.py report artifacts/runs/surrogate-cpu-seed-0 --public
    """
    from replication.check import find_latest
    from replication.report import remake_report
    from replication.store import RunStore

    page = remake_report(RunStore(run or find_latest(ARTIFACTS / "runs")), public=public)
    click.echo(f"Written: {page}")


@cli.command(short_help="Stage 01: cut, mirror, centre, resize and split.")
@run_options
def preprocess(**options) -> None:
    """Stage 01: cut, mirror, centre and resize the eyes, and split them.

    \b
    Examples:
      python cli.py preprocess
      python cli.py preprocess --data-dir ~/Warsaw
    """
    _run_until("01_preprocessed", **options)


@cli.command(short_help="Stage 02: hold the data against their expectations.")
@run_options
def validate(**options) -> None:
    """Stage 02: hold the preprocessed eyes against the Great Expectations suites.

    \b
    Example:
      python cli.py validate --data-dir ~/Warsaw
    """
    _run_until("02_validated", show=_show_expectations, **options)


@cli.command("train-evaluators", short_help="Stage 03: train the two evaluation networks.")
@run_options
def train_evaluators(**options) -> None:
    """Stage 03: train the identity network and the glaucoma network.

    \b
    Example:
      python cli.py train-evaluators --seed 1
    """
    _run_until("03_evaluators", **options)


@cli.command("train-vgan")
@run_options
def train_vgan(**options) -> None:
    """Stage 04: train PPRL-VGAN.

    \b
    Example:
      python cli.py train-vgan --profile paper
    """
    _run_until("04_vgan", **options)


@cli.command(short_help="Stage 05: privatize the test images, or a manifest's.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Privatize the images of --manifest, however many, into this folder.",
)
@click.option("--method", metavar="NAME", help="With --out: by this method.")
@run_options
def privatize(out: Path | None, method: str | None, **options) -> None:
    """Stage 05: privatize the test images by every method.

    With --out: the images of a manifest instead, by one method with the training images and
    weights of the run that the other options choose (its data is the surrogate's or --data-dir's).
    A patient_id means the run's patient of that id. Killed, it goes on where it was.

    \b
    Examples:
      python cli.py privatize
      python cli.py privatize --manifest mine.csv --method k-same-6 --out private
    """
    from replication.errors import SettingsError

    if out is None:
        if method:
            raise SettingsError("--method: give --out and --manifest with it, or neither")
        _run_until("05_privatized", **options)
        return
    from replication.privatize import find_method

    manifest = options.pop("manifest")
    if not (manifest and method):
        raise SettingsError("--out: give --manifest and --method with it")
    found = find_method(method)
    run = _open_run(_known_methods(), manifest=None, **options)
    run.run(until="04_vgan" if found.needs_generator else "01_preprocessed")
    run.work.privatize_many(manifest, found, out)
    click.echo(f"Done: {out}")


@cli.command(short_help="Stage 06: judge all sets and write Table 1.")
@run_options
def evaluate(**options) -> None:
    """Stage 06: judge originals and privatized images, and write Table 1.

    \b
    Example:
      python cli.py evaluate --from-baseline
    """
    _run_until("06_evaluated", show=_show_table, **options)


@cli.command(short_help="Stage 06b: attackers who retrain, and Table 2.")
@run_options
def attack(**options) -> None:
    """Stage 06b: attackers who retrain on privatized images, and what is left of the sign (Table 2).

    \b
    Examples:
      python cli.py attack
      python cli.py attack --from-baseline
      python cli.py attack --split patient
    """
    _run_until("06b_attacked", show=_show_table2, **options)


@cli.command(short_help="Stage 07: Deep Taylor maps, or those of one image.")
@click.option(
    "--image",
    "file",
    type=click.Path(path_type=Path),
    help="Explain this eye image alone (a camera's frame with its label strip).",
)
@click.option(
    "--eye", type=click.Choice(["left", "right"]), default="left", help="Whose eye --image shows."
)
@click.option(
    "--out",
    "picture",
    default="explained.png",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the picture of --image goes, PNG or PDF.",
)
@click.option(
    "--neuron",
    default="predicted",
    show_default=True,
    type=click.Choice(["predicted", "glaucoma"]),
    help="Which output is explained: the class predicted for each image, or glaucoma on all.",
)
@click.option(
    "--method",
    "explanation_method",
    default="deep_taylor",
    show_default=True,
    type=click.Choice(["deep_taylor", "deep_taylor.bounded"]),
    help="iNNvestigate's name of the method.",
)
@run_options
def explain(file: Path | None, eye: str, picture: Path, **options) -> None:
    """Stage 07: Deep Taylor maps of originals and PPRL-VGAN sets, and Figure 5.

    With --image: that image alone, by the run's glaucoma network. Deep Taylor explains positive
    outputs: where the class explained has no positive logit, a map is empty, and says so.

    \b
    Examples:
      python cli.py explain
      python cli.py explain --from-baseline --neuron glaucoma
      python cli.py explain --from-baseline --image eye.jpg --eye right
    """
    if file is None:
        run = _run_until("07_explained", **options)
        click.echo(f"What came of it: {run.store.root / '07_explained' / 'explanation.md'}")
        click.echo(f"Next: {_spell_command('check', run.store.root)}")
        return
    run = _open_run(_known_methods(), **options)
    run.run(until="03_evaluators")
    _show_explanation(run.work.explain_image(file, eye=eye, picture=picture), picture)


@cli.command("measure-departures", short_help="Measure what some choices of ours cost.")
@run_options
def measure_departures(**options) -> None:
    """Measure what choices of ours cost on a run's data.

    Trains the evaluation networks and PPRL-VGAN anew with the other choice, and privatizes anew: an
    hour and a half on two cores. Killed, it goes on where it was. Each choice is a row of
    docs/departures.md.

    \b
    Example:
      python cli.py measure-departures --data-dir ~/Warsaw
    """
    run = _run_until("05_privatized", **options)
    for name, accuracies in run.work.measure_departures():
        figures = ", ".join(f"{task} {100 * value:.2f}%" for task, value in accuracies.items())
        click.echo(f"{name}: {figures}")
    click.echo(f"Written: {run.store.root / 'departures.json'}")


@cli.command("check-explanations", short_help="Measure whether maps depend on what was learned.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--images",
    default=60,
    show_default=True,
    type=click.IntRange(1),
    help="Test originals in the sample.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**31 - 1),
    help="Of the sample and of untrained layers.",
)
@exit_on_error
def check_explanations(run: Path, images: int, seed: int) -> None:
    """Measure whether RUN's Deep Taylor maps depend on what the glaucoma network has learned.

    Leaves explanation_sanity.json and explanation_sanity.md in the run. A check that fails is a
    finding about the method, told in words; the exit code is 0.

    \b
    Example:
      python cli.py check-explanations artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.check_explanations import PAGE
    from replication.check_explanations import check_explanations as measure
    from replication.progress import track_on_terminal
    from replication.store import RunStore

    store = RunStore(run)
    click.echo(measure(store, images=images, seed=seed, track=track_on_terminal))
    click.echo(f"Written: {store.root / PAGE}")


@cli.command(short_help="Take weights or sets out, and say what they tell.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["weights", "sets"]),
    default="sets",
    show_default=True,
    help="Weights of the networks, or privatized images.",
)
@click.option("--method", "methods", multiple=True, metavar="NAME", help="Only this method's sets.")
@click.option(
    "--yes-i-may-share",
    "may_share",
    is_flag=True,
    help="Needed for anything but the surrogate: these patients' data may be shared.",
)
@exit_on_error
def export(run: Path, folder: Path, what: str, methods: tuple[str, ...], may_share: bool) -> None:
    """Take weights or privatized sets of RUN into a new FOLDER, and say what they can tell.

    A network trained on patients can draw them. What is measured is printed first, and goes along.

    \b
    Example:
      python cli.py export artifacts/runs/my-run shared --what weights
    """
    from replication.export import Goods, export_run, measure_run
    from replication.store import RunStore

    store = RunStore(run)
    leaks = measure_run(store, methods)
    for leak in leaks:
        click.echo(leak)
    export_run(store, folder, Goods(what), leaks=leaks, may_share=may_share)
    click.echo(f"Written: {folder}")


@cli.command("keep-baseline", short_help="Keep a run's weights and table (maintainers).")
@click.argument("run", type=click.Path(path_type=Path))
@exit_on_error
def keep_baseline(run: Path) -> None:
    """Keep RUN's weights and table as artifacts/baselines/surrogate-cpu (maintainers).

    \b
    Example:
      python cli.py keep-baseline artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.baseline import BASELINE
    from replication.baseline import keep_baseline as keep
    from replication.store import RunStore

    keep(RunStore(run))
    click.echo(f"Written: {BASELINE}. Next: {_spell_command('readme')}")


@cli.command(short_help="Put the baseline's table into README.md (maintainers).")
@exit_on_error
def readme() -> None:
    """Put the baseline's Table 1 into README.md and draw its plane (maintainers).

    \b
    Example:
      python cli.py readme
    """
    from replication.readme import PLANE, write_readme

    root = Path(__file__).resolve().parent
    write_readme(root)
    click.echo(f"Written: {root / 'README.md'}, {root / PLANE}. Next: commit them.")


@cli.command("derive-bands", short_help="Derive the paper's bands anew (maintainers).")
@click.argument("seeds", type=click.Path(path_type=Path))
@exit_on_error
def derive_bands(seeds: Path) -> None:
    """Derive validation/paper_table1.csv anew, with the spread of a seeds.json (maintainers).

    \b
    Example:
      python cli.py derive-bands artifacts/baselines/seeds.json
    """
    from replication.seeds import read_seeds
    from replication.store import write_text
    from validation import bands

    spread = {cell: found.deviation for cell, found in read_seeds(seeds).items()}
    file = Path(bands.__file__).with_name("paper_table1.csv")
    write_text(file, bands.to_csv(spread))
    click.echo(f"Written: {file}")


@cli.command("compare-seeds", short_help="Two settings side by side, over the same seeds.")
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.argument("page", type=click.Path(path_type=Path))
@exit_on_error
def compare_seeds(one: Path, other: Path, page: Path) -> None:
    """Write a PAGE with the numbers of two seeds.json, and their differences seed by seed.

    \b
    Example, what bfloat16 costs (profiles cpu-float32 and cpu):
      python cli.py compare-seeds float32/seeds.json bfloat16/seeds.json page.md
    """
    from replication.compare_seeds import compare_seeds as compare

    compare(one, other, page)
    click.echo(f"Written: {page}")


@cli.command("audit-paper", short_help="Say what the digits of the paper's Table 1 tell.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def audit_paper(as_json: bool) -> None:
    """Say what the digits of the paper's own Table 1 tell; needs no data.

    \b
    Examples:
      python cli.py audit-paper
      python cli.py audit-paper --json > audit.json
    """
    from rich.console import Console
    from rich.table import Table

    from validation.audit import audit_paper as audit
    from validation.audit import to_json
    from validation.audit_text import to_tables

    found = audit()
    if as_json:
        click.echo(to_json(found), nl=False)
        return
    for text in to_tables(found):
        table = Table(*text.columns, title=text.title)
        for row in text.rows:
            table.add_row(*row)
        Console().print(table)


@cli.command(short_help="Write a page with the tables of complete runs.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", default="docs/results.md", show_default=True, type=click.Path(path_type=Path)
)
@exit_on_error
def results(runs: tuple[Path, ...], out: Path) -> None:
    """Write a page with the tables of complete RUNS and the settings that made them.

    \b
    Example:
      python cli.py results artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results import write_results

    write_results(runs, out)
    click.echo(f"Written: {out}")


@cli.command(short_help="Print a script for bash, zsh or fish.")
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


@cli.group(short_help="Draw the surrogate, or look at a folder.")
def data() -> None:
    """Draw the surrogate, or look at a folder before any work.

    \b
    Examples:
      python cli.py data doctor ~/Warsaw
      python cli.py data synthesize eyes
    """


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the eyes.")
@click.option(
    "--profile",
    default="cpu",
    show_default=True,
    shell_complete=complete_profiles,
    help="How many eyes: smoke draws a few.",
)
@exit_on_error
def synthesize(folder: Path, seed: int, profile: str) -> None:
    """Draw the surrogate (synthetic eyes in the Warsaw layout) into a new FOLDER.

    \b
    Example:
      python cli.py data synthesize eyes --seed 1
    """
    from replication.config import find_profile
    from replication.progress import track_on_terminal
    from replication.synthetic_eyes import synthesize as draw

    settings = find_profile(profile).surrogate
    with track_on_terminal("drawing", settings.images) as advance:
        draw(folder, settings, seed=seed, workers=_workers(), on_image=advance)
    click.echo(f"{settings.images} synthetic eyes in {folder}")
    click.echo(f"Next: {_spell_command('data', 'doctor', folder)}")


@data.command("contact-sheet")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Whose eyes.")
@exit_on_error
def contact_sheet(folder: Path, picture: Path, seed: int) -> None:
    """Draw some eyes of the surrogate in FOLDER into a PICTURE, each row ending in a twin.

    \b
    Example:
      python cli.py data contact-sheet eyes sheet.png
    """
    from replication.synthetic_twin import draw_contact_sheet

    draw_contact_sheet(folder, picture, seed=seed)
    click.echo(f"Written: {picture}")


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@exit_on_error
def doctor(folder: Path) -> None:
    """Say what is in FOLDER (Warsaw layout) or in a manifest, what is missing and what is odd.

    \b
    Examples:
      python cli.py data doctor ~/Warsaw
      python cli.py data doctor eyes/manifest.csv
    """
    from replication.doctor import examine

    report = examine(folder)
    for what, figure in report.found:
        click.echo(f"{what}: {figure}")
    for heading, lines in (("missing", report.missing), ("odd", report.odd)):
        for line in lines:
            click.echo(f"{heading}: {line}")
    if not report.usable:
        click.echo("Not usable as it is.")
        sys.exit(3)
    option = "--data-dir" if folder.is_dir() else "--manifest"
    click.echo("Usable as it is.")
    click.echo(f"Next: {_spell_command('replicate', '--all', option, folder)}")


def _known_methods() -> tuple[str, ...]:
    from replication.privatize import METHODS

    return tuple(METHODS)


def _workers() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _open_run(methods: tuple[str, ...], *, fresh: bool, **options):
    from replication.open_run import open_run
    from replication.progress import track_on_terminal

    request = _request(methods, **options)
    run = open_run(request, fresh=fresh, workers=_workers(), track=track_on_terminal)
    run.on_stage = _tell_stage
    return run


def _request(methods: tuple[str, ...], **options):
    from replication.run_request import RunRequest

    paths = {name: path and str(path) for name, path in options.items() if isinstance(path, Path)}
    return RunRequest(str(ARTIFACTS), methods, **options | paths)


@contextmanager
def _find_doer(runs: list, tasks: int, client):
    """Give who does a sweep's tasks, and whom to tell what became of each."""
    from replication.cluster import do_on_workers
    from replication.progress import track_on_terminal
    from replication.sweep import do_as_worker, do_here

    if client is None:
        for run in runs:
            run.on_stage = partial(_tell_unit, run.store.root.name)
        yield partial(do_here, runs=runs), _tell_fault
        return
    with track_on_terminal("units", tasks) as advance:

        def tell(task, outcome) -> None:
            _tell_unit(task.run, task.unit, outcome.state)
            _tell_fault(task, outcome)
            advance()

        yield partial(do_on_workers, client=client, work=do_as_worker), tell


def _tell_unit(run: str, unit: str, state: str) -> None:
    click.echo(f"{run}: {unit}: {state}", err=True)


def _tell_fault(task, outcome) -> None:
    if outcome.sentence:
        click.echo(f"Error: {task.run}, {task.unit}: {outcome.sentence}", err=True)


def _tell_stage(unit: str, state: str, *, show=None) -> None:
    """Say what a run does; show tables as soon as they are measured, long before the end."""
    if state != "done":
        click.echo(f"{unit}: {state}", err=True)
    if show and unit in show and state != "run":
        show[unit]()


def _run_until(unit: str, *, show=lambda run: None, **options):
    run = _open_run(_known_methods(), **options)
    run.run(until=unit)
    click.echo(f"Done: {run.store.root / unit}")
    show(run)
    if unit in NEXT:
        click.echo(f"Next: {_name_command(NEXT[unit])}")
    return run


def _show_expectations(run) -> None:
    page = run.store.root / "02_validated" / "validation.md"
    click.echo(f"Every expectation holds. What was expected and found: {page}")


def _show_explanation(found, picture: Path) -> None:
    """Print what the glaucoma network makes of one image."""
    explained = "glaucoma" if found.explains_glaucoma else "no glaucoma"
    click.echo(f"Glaucoma: {100 * found.glaucoma_probability:.1f}%")
    click.echo(f"Explained: {explained}, logit {found.logit:.2f}")
    if found.empty:
        click.echo("The map is empty: Deep Taylor explains positive logits alone.")
    if not found.iris_found:
        click.echo("No iris was found, so the image is not centred.")
    click.echo(f"Written: {picture}")


def _show_sweep(runs: list[tuple], failed: dict, *, until: str, whole: bool) -> int:
    """Print a line for each run, and where the spread of several seeds is; return the exit code."""
    from replication.evaluated_run import EVALUATED

    codes, kinds = {outcome.exit_code for some in failed.values() for _, outcome in some}, {}
    for request, run in runs:
        name, kind = run.store.root.name, kinds.setdefault(replace(request, seed=0), {})
        kind[request.seed] = None
        if failed[name]:
            units = ", ".join(task.unit for task, _ in failed[name])
            click.echo(f"{name}: failed in {units}")
        elif until < EVALUATED:
            click.echo(f"{name}: done until {until}")
        else:
            codes.add(_show_verdict_line(run, whole=whole and until == LAST))
            kind[request.seed] = run.store
    for stores in kinds.values():
        if len(stores) > 1 and all(stores.values()):
            _show_spread(stores, None)
    faults = sorted(codes - {0, *WORST_FIRST})
    return next((code for code in (*faults, *WORST_FIRST) if code in codes), 0)


def _show_verdict_line(run, *, whole: bool) -> int:
    """Print the verdict of one of many runs; return the exit code that goes with it."""
    from replication.check import check_run
    from validation.blessing_text import summarise

    blessing = check_run(run.store)
    counts = "; ".join(f"{group}: {verdicts}" for group, verdicts in summarise(blessing))
    click.echo(f"{run.store.root.name}: {blessing.word} ({counts})")
    return _judge(run, blessing, whole=whole)


def _show_verdict(run, *, whole: bool) -> int:
    """Print the verdict; return the exit code that goes with it."""
    from replication.check import check_run

    blessing = check_run(run.store)
    _show_blessing(run.store, blessing)
    return _judge(run, blessing, whole=whole)


def _judge(run, blessing, *, whole: bool) -> int:
    """Return a verdict's exit code; what was left out on purpose is no fault."""
    from replication.check import SMOKE

    left_out = run.work.profile.name == SMOKE or not whole
    return 0 if left_out and blessing.exit_code == NOT_MEASURED else blessing.exit_code


def _show_blessing(store, blessing) -> None:
    from validation.blessing_text import summarise

    for group, verdicts in summarise(blessing):
        click.echo(f"{group}: {verdicts}")
    click.echo(blessing.word)
    for reason in blessing.reasons:
        click.echo(textwrap.fill(reason, 78, initial_indent="  ", subsequent_indent="    "))
    click.echo(f"Why: {store.root / 'check.md'}")


def _show_spread(stores: dict, named: str | None) -> None:
    from replication.seeds import summarise_seeds

    first = next(iter(stores.values())).root
    stem = named or first.name.removesuffix(f"-seed-{min(stores)}")
    folder = ARTIFACTS / "runs" / f"{stem}-seeds-{min(stores)}-to-{max(stores)}"
    summarise_seeds(stores, folder)
    click.echo(f"Mean and deviation over the seeds: {folder / 'seeds.md'}")


def _show_table(run) -> None:
    """Print Table 1, ours beside the paper's, and where the files are."""
    from replication.evaluated_run import read_table
    from replication.split_words import tell_split
    from replication.table1_terminal import lay_out_for_terminal
    from validation.paper import read_paper_percent

    title = f"Table 1 on {run.work.source.title}." + tell_split(by_patient=run.work.by_patient)
    for line in lay_out_for_terminal(
        read_table(run.store), paper_percent=read_paper_percent(), title=title
    ):
        click.secho(line, bold=not line.startswith(" "))
    click.echo(f"Files: {run.store.root} (the table: 06_evaluated/table1.md)")


def _show_table2(run) -> None:
    """Print the heart of Table 2, and where the rest is."""
    from replication.attacked_run import read_attack
    from replication.table2_terminal import lay_out_table2

    attack = read_attack(run.store)
    for line in lay_out_table2(attack["rows"], title=attack["heading"]):
        click.secho(line, bold=not line.startswith(" "))
    click.echo(f"All of it, with intervals and chance: {run.store.root}/06b_attacked/table2.md")


if __name__ == "__main__":
    main()
