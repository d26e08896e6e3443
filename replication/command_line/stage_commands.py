"""One command per stage, from raw eyes (01) to relevance maps (08)."""

from pathlib import Path

import click

from replication.command_line.attack_images import attack_manifests, read_share
from replication.command_line.opening import (
    find_limit,
    open_run,
    run_until,
    spell_command,
    warn_of_commit,
    write_for_owner_alone,
)
from replication.command_line.options import PATH, choice_option, circle_option, run_options
from replication.command_line.printing import print_explanation, print_table1, print_table2


@click.command(short_help="Stage 01: cut, mirror, centre, resize and split.")
@run_options
def preprocess(**options) -> None:
    """Stage 01: cut, mirror, centre and resize the eyes, and split them.

    \b
    Examples:
      python cli.py preprocess
      python cli.py preprocess --data-dir ~/Warsaw
    """
    run_until("01_preprocessed", **options)


@click.command(short_help="Stage 02: check the data against their expectations.")
@run_options
def validate(**options) -> None:
    """Stage 02: check the preprocessed eyes against the Great Expectations suites.

    \b
    Example:
      python cli.py validate --data-dir ~/Warsaw
    """
    run_until("02_validated", page="validation.md", **options)


@click.command("train-evaluators", short_help="Stage 03: train the two evaluation networks.")
@run_options
def train_evaluators(**options) -> None:
    """Stage 03: train the identity network and the glaucoma network.

    \b
    Example:
      python cli.py train-evaluators --seed 1
    """
    run_until("03_evaluators", **options)


@click.command("train-vgan")
@run_options
def train_vgan(**options) -> None:
    """Stage 04: train PPRL-VGAN.

    \b
    Example:
      python cli.py train-vgan --profile paper
    """
    run_until("04_vgan", **options)


@click.command("train-pp-mir")
@run_options
def train_pp_mir(**options) -> None:
    """Stage 04: train PP-MIR.

    \b
    Example:
      python cli.py train-pp-mir --seed 1
    """
    run_until("04_pp-mir", **options)


@click.command("train-code", short_help="Stage 04: train the evidence code.")
@run_options
def train_code(**options) -> None:
    """Stage 04: learn the disease code, and train the generator that draws it.

    \b
    Example:
      python cli.py train-code --data-dir ~/Warsaw
    """
    run_until("04_code", **options)


@click.command(short_help="Stage 05: privatize the test images, or a manifest's.")
@click.option(
    "--out",
    type=PATH,
    help="Privatize the images of --manifest, however many, into this folder.",
)
@click.option("--method", metavar="NAME", help="With --out: by this method.")
@click.option(
    "--unknown-patients",
    is_flag=True,
    help="With --out: the run need not know the patients, though K-Same leaves their images out.",
)
@click.option(
    "--dicom",
    "as_dicom",
    is_flag=True,
    help="With --out: as DICOM objects, too, whose headers hold nothing of a patient.",
)
@run_options
def privatize(
    out: Path | None, method: str | None, unknown_patients: bool, as_dicom: bool, **options
) -> None:
    """Stage 05: privatize the test images by every method.

    With --out: the images of a manifest instead, by one method with the training images and
    weights of the run that the other options choose (its data is the surrogate's or --data-dir's).
    A patient_id means the run's patient of that number (3 is 0003); frames have the run's size, and
    an iris is found in at least 90% of them: --max-uncentred is about these images, and the run is the
    one of --run or of the usual limit. Killed, it resumes where it was.

    \b
    Examples:
      python cli.py privatize
      python cli.py privatize --manifest mine.csv --method k-same-6 --out private
      python cli.py privatize --manifest new.csv --method k-same-6 --out new \\
        --unknown-patients --dicom
    """
    from replication.errors import SettingsError

    if out is None:
        given = {"--method": method, "--unknown-patients": unknown_patients, "--dicom": as_dicom}
        if option := next((name for name, value in given.items() if value), None):
            raise SettingsError(f"{option}: give --out and --manifest with it, or neither")
        run_until("05_privatized", **options)
        return
    from replication.data.dicom_file import load_pydicom
    from replication.pipeline.stages import privatize_many
    from replication.privatize.methods import find_method

    if as_dicom:
        load_pydicom("--dicom")
    manifest, limit = options.pop("manifest"), options.pop("max_uncentred")
    if not (manifest and method):
        raise SettingsError("--out: give --manifest and --method with it")
    found = find_method(method)
    of_run = find_limit(options["run_name"])
    # No other method's generator is trained.
    run = open_run((found.name,), manifest=None, max_uncentred=of_run, **options)
    run.run(until=found.generator or "01_preprocessed")
    write_for_owner_alone()  # whatever the run is of, these images are somebody's
    warn_of_commit(out)
    counts = privatize_many(
        run.data,
        manifest,
        found,
        out,
        allow_unknown=unknown_patients,
        max_uncentred=limit,
        as_dicom=as_dicom,
    )
    centred = run.data.profile.preprocess.on_irises
    without = f", {counts.without_iris} without an iris found" if centred else ""
    click.echo(
        f"Done: {out} ({counts.images} images, {counts.unknown_patients} of patients unknown to "
        f"the run{without})"
    )


@click.command(short_help="Stage 06: measure all sets and write Table 1.")
@run_options
def evaluate(**options) -> None:
    """Stage 06: measure originals and privatized images, and write Table 1.

    \b
    Example:
      python cli.py evaluate --from-baseline
    """
    run_until("06_evaluated", show=print_table1, **options)


@click.command(short_help="Stage 07: train attackers and write Table 2, or attack a manifest's.")
@click.option(
    "--originals",
    type=PATH,
    help="CSV of originals, path,patient_id: attack the images of --privatized, without a run.",
)
@click.option("--privatized", type=PATH, help="CSV of privatized images: path,patient_id,source.")
@click.option(
    "--privatizer",
    metavar="MODULE:FUNCTION",
    help="Instead of --privatized: your function of Python, which privatizes the originals once, or "
    "--draws times.",
)
@click.option("--learn", type=PATH, help="CSV of privatized images that attackers learn from.")
@click.option(
    "--at-most",
    "limit",
    metavar="SHARE",
    callback=read_share,
    help="With --originals: exit code 1 where an attacker names more than this share of images, as 5%, "
    "and more than by chance.",
)
@click.option(
    "--out",
    type=PATH,
    help="With --originals: folder of the page, JSON and JUnit that are written.",
)
@run_options
def attack(
    originals: Path | None,
    privatized: Path | None,
    privatizer: str | None,
    learn: Path | None,
    limit: float | None,
    out: Path | None,
    **options,
) -> None:
    """Stage 07: train attackers on privatized images, measure what is left of the sign: Table 2.

    With --originals and --privatized, or --privatizer: anybody's images instead, from manifests
    whose columns docs/attack.md has. Of the other options --seed and --ids-are-distinct count,
    and --draws with --privatizer. No network is trained.

    \b
    Exit codes with --at-most:
      0  no attacker names more
      1  one does
      3  the manifests, the images or the function can't be used
      4  not measured: attackers fail on originals too, or patients are too few
      70 a fault of this program

    \b
    Examples:
      python cli.py attack
      python cli.py attack --from-baseline
      python cli.py attack --split patient
      python cli.py attack --originals eyes.csv --privatized hidden.csv
      python cli.py attack --originals a.csv --privatized b.csv --at-most 5%
      python cli.py attack --originals a.csv --privatizer blur:privatize --draws 3
    """
    given = (originals, privatized, privatizer, learn, limit, out)
    if all(one is None for one in given):
        run_until("07_attacked", show=print_table2, **options)
        return
    from replication.errors import SettingsError

    if originals is None or (privatized is None) == (privatizer is None):
        raise SettingsError("attack: give --originals and either --privatized or --privatizer")
    draws = options["draws"] if _name_typed({"draws"}) else 1  # its default is that of a run
    allowed = {"seed", "ids_are_distinct", *(["draws"] if privatizer else [])}
    if others := _name_typed(set(options) - allowed):
        raise SettingsError(f"{others[0]}: is about a run, leave it out beside --originals")
    code = attack_manifests(
        originals,
        privatized,
        learn,
        privatizer=privatizer,
        draws=draws,
        limit=limit,
        out=out,
        seed=options["seed"],
        ids_are_distinct=options["ids_are_distinct"],
    )
    click.get_current_context().exit(code)


def _name_typed(names: set[str]) -> list[str]:
    """Return the options of these names that were typed, as they are typed."""
    context = click.get_current_context()
    typed = [one for one in context.command.params if one.name in names]
    source = click.core.ParameterSource.COMMANDLINE
    return [one.opts[0] for one in typed if context.get_parameter_source(one.name) == source]


# click would name a file that may not be read, and words that are too many: other images.
@click.command(
    short_help="Stage 08: draw Deep Taylor maps, or that of one image.",
    context_settings={"allow_extra_args": True},
)
@click.option(
    "--image",
    "file",
    type=click.Path(path_type=Path, readable=False),
    help="Explain this eye image alone (a camera's frame with its label strip).",
)
@choice_option("--eye", choices=("left", "right"), help="Which eye --image shows.")
@circle_option
@click.option(
    "--out",
    "picture",
    type=PATH,
    help="File for the picture of --image, PNG or PDF.  [default: explained.png in the run]",
)
@choice_option(
    "--neuron",
    choices=("predicted", "glaucoma"),
    help="Which output is explained: the class predicted for each image, or glaucoma on all.",
)
@choice_option(
    "--method",
    "explanation_method",
    choices=("deep_taylor.folded", "deep_taylor.bounded", "deep_taylor"),
    help="Which rule of Deep Taylor: batch normalisations folded and pixels bounded, bounded alone, "
    "or neither.",
)
@run_options
def explain(
    file: Path | None,
    eye: str,
    circle: tuple[float, float, float] | None,
    picture: Path | None,
    **options,
) -> None:
    """Stage 08: draw Deep Taylor maps of originals and PPRL-VGAN sets, and Figure 5.

    With --image: that image alone, by the run's glaucoma network. Deep Taylor explains positive
    outputs: with --neuron glaucoma, an eye predicted as healthy has an empty map.

    \b
    Examples:
      python cli.py explain
      python cli.py explain --from-baseline --neuron glaucoma
      python cli.py explain --from-baseline --image eye.jpg --eye right
    """
    from replication.errors import SettingsError

    if more := click.get_current_context().args:
        raise SettingsError(f"explain: {len(more)} words too many, --image takes one file")
    if circle and file is None:
        raise SettingsError("--circle: is of --image, give both or neither")
    if file is None:
        run = run_until("08_explained", page="explanation.md", **options)
        click.echo(f"Next: {spell_command('check', run.store.root)}")
        return
    from replication.explain.one_image import find_circle

    run = open_run((), **options)  # a map needs no privatizer
    found = find_circle(circle, run.data.profile.preprocess)
    run.run(until="03_evaluators")
    from replication.pipeline.stages import explain_image

    write_for_owner_alone()
    picture = picture or run.store.root / "explained.png"
    warn_of_commit(picture)
    given = {"eye": eye, "circle": found, "picture": picture}
    print_explanation(explain_image(run.data, file, **given), picture)
