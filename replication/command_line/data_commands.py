"""The group `data`: draw the surrogate, look at a folder, or calibrate one by the other."""

import sys
from pathlib import Path

import click

from replication.command_line.opening import (
    spell_command,
    warn_of_commit,
    write_for_owner_alone,
)
from replication.command_line.options import (
    PATH,
    SPLITS,
    choice_option,
    choices_options,
    count_option,
    exit_on_error,
    max_uncentred_option,
    profile_option,
    split_seed_option,
    steps_options,
)
from replication.system.provenance import count_cores


@click.group(short_help="Draw the surrogate, or look at a folder.")
def data() -> None:
    """Draw the surrogate, or look at a folder before any work.

    \b
    Examples:
      python cli.py data doctor ~/Warsaw
      python cli.py data synthesize eyes
    """


@data.command()
@click.argument("folder", type=PATH)
@click.option("--seed", default=0, type=click.IntRange(0), help="Of the eyes.")
@profile_option(help="How many eyes: smoke draws a few.")
@exit_on_error
def synthesize(folder: Path, seed: int, profile: str) -> None:
    """Draw the surrogate (synthetic eyes in the Warsaw layout) into a new FOLDER.

    \b
    Example:
      python cli.py data synthesize eyes --seed 1
    """
    from replication.config import find_profile
    from replication.surrogate.synthesize import synthesize as draw
    from replication.system.progress import track_on_terminal

    settings = find_profile(profile).surrogate
    with track_on_terminal("drawing", settings.images) as advance:
        draw(folder, settings, seed=seed, workers=count_cores(), on_image=advance)
    click.echo(f"{settings.images} synthetic eyes in {folder}")
    click.echo(f"Next: {spell_command('data', 'doctor', folder)}")


@data.command("contact-sheet")
@click.argument("folder", type=PATH)
@click.argument("picture", type=PATH)
@click.option("--seed", default=1, type=click.IntRange(0), help="Whose eyes.")
@exit_on_error
def contact_sheet(folder: Path, picture: Path, seed: int) -> None:
    """Draw some eyes of the surrogate in FOLDER into a PICTURE, each row ending in a twin.

    \b
    Example:
      python cli.py data contact-sheet eyes sheet.png
    """
    from replication.surrogate.synthesize import draw_contact_sheet

    draw_contact_sheet(folder, picture, seed=seed)
    click.echo(f"Written: {picture}")


@data.command()
@click.argument("folder", type=PATH)
@choice_option("--split", choices=SPLITS, help="By image or by patient, as `replicate` has it.")
@split_seed_option
@max_uncentred_option
@steps_options
@choices_options
@exit_on_error
def doctor(folder: Path, split: str, split_seed: int, max_uncentred: float, **options) -> None:
    """Print what is in FOLDER (Warsaw layout) or in a manifest, what is missing and what is odd.

    What is wrong or missing stops a run, what is odd doesn't. Every image is decoded, and the split
    and the methods are tried on ids and labels: what is called usable runs, as long as the images
    show eyes, each another shot, which `validate` measures. It names files and patients, as no other
    command does without -vv: read what it prints, don't pass it on.

    \b
    Examples:
      python cli.py data doctor ~/Warsaw
      python cli.py data doctor eyes/manifest.csv
      python cli.py data doctor eyes/manifest.csv --ids-are-distinct
    """
    from replication.config import PreprocessSettings, SplitSettings
    from replication.data.doctor import examine
    from replication.data.survey import Finding, name_choices
    from replication.errors import DataError
    from replication.pipeline.foresee import foresee_methods, foresee_split
    from replication.privatize.methods import METHODS
    from replication.store.run_record import OF_IRISES
    from validation.expectations.suites import MOST_UNCENTRED

    choices = {name: options.pop(name) for name in ("ids_are_distinct", "drop_duplicates")}
    chosen, steps = name_choices(**choices), PreprocessSettings(**options)
    survey = examine(folder, chosen, steps=steps)
    put = survey.words.put
    for what, figure in survey.counts:
        click.echo(f"{put(what)}: {figure}")
    for remark in survey.list_remarks(*Finding):
        click.echo(f"{remark.kind}: {remark.named}")
    table, faults, left_out = None, {}, []
    if not steps.on_irises:
        left_out = [name for name, method in METHODS.items() if method.generator in OF_IRISES]
    methods = {name: METHODS[name] for name in METHODS if name not in left_out}
    if not survey.errors:
        settings = SplitSettings(seed=split_seed)
        table = foresee_split(survey.readable, settings, by_patient=split == "patient")
        if isinstance(table, str):
            click.echo(f"{Finding.WRONG}: {put(table)}")
        else:
            faults = foresee_methods(table, methods.values())
    if table is None or isinstance(table, str):
        click.echo("Not usable as it is.")
        sys.exit(DataError.exit_code)
    for sentence in dict.fromkeys(faults.values()):
        click.echo(f"{Finding.ODD}: {put(sentence)}")
    if left_out:
        words = ", ".join(left_out)
        click.echo(f"{Finding.ODD}: not centred on irises, so not measured: {words}")
    usable = [word for name in methods if name not in faults for word in ("--method", name)]
    option = "--data-dir" if folder.is_dir() else "--manifest"
    by = ("--split", split) if split != SPLITS[0] else ()
    by += ("--split-seed", split_seed) if split_seed else ()
    by += ("--max-uncentred", f"{max_uncentred:g}") if max_uncentred != MOST_UNCENTRED else ()
    words = (
        "replicate",
        *(usable if faults else ["--all"]),
        option,
        folder,
        *by,
        *steps.words,
        *chosen,
    )
    click.echo(f"Usable{f' by {len(methods) - len(faults)} methods' if faults else ''} as it is.")
    click.echo(f"Next: {spell_command(*words)}")


@data.command(short_help="Write a manifest of a folder of DICOM files.")
@click.argument("folder", type=PATH)
@exit_on_error
def manifest(folder: Path) -> None:
    """Write manifest.csv into FOLDER, of the DICOM files in it.

    Each image has its patient's id and its side, as far as the header has them; fill in what is
    blank, and the label of each image. Nothing else of a header is read, but what describes pixels.

    \b
    Example:
      python cli.py data manifest from-the-pacs
    """
    from replication.data.dicom_folder import write_manifest

    write_for_owner_alone()
    warn_of_commit(folder)
    target, table, passed_over = write_manifest(folder)
    blank = {name: int((table[name] == "").sum()) for name in ("patient_id", "eye", "glaucoma")}
    counted = ", ".join(f"{count} {name}" for name, count in blank.items() if count)
    click.echo(f"{len(table)} images, {table['patient_id'].nunique()} patient ids in {target}")
    if passed_over:
        click.echo(f"Passed over: {passed_over} other files, none of them named as an image")
    click.echo(f"To fill in: {counted} (the eye is left where sides don't matter)")
    click.echo(f"Next: {spell_command('data', 'doctor', target)}")


@data.command(short_help="Hold the surrogate's statistics against real eyes.")
@click.argument("folder", type=PATH)
@click.option("--beside", type=PATH, multiple=True, help="Another real set, shown beside it.")
@count_option("--seeds", default=5, help="Surrogates, of seeds 0, 1, ...")
@click.option(
    "--into",
    default=Path("artifacts/calibration"),
    show_default=True,
    type=PATH,
    help="Folder for calibration.json and calibration.md.",
)
@exit_on_error
def calibrate(folder: Path, beside: tuple[Path, ...], seeds: int, into: Path) -> None:
    """Hold the surrogate's statistics against those of real eyes in FOLDER (Warsaw layout).

    FOLDER has a `twins-NIR`, the images with glaucoma again without their signs, a signs.csv, and 200
    images or more. No network is trained. Surrogates that aren't on disk are drawn. What is out of
    range is a finding and no error.

    \b
    Examples:
      python cli.py data calibrate real-eyes
      python cli.py data calibrate real-eyes --beside other-camera --seeds 1
    """
    from replication.config import SurrogateSettings
    from replication.data.sources import (
        Kind,
        Source,
        draw_surrogate,
        find_surrogate,
    )
    from replication.store.files import write_json, write_text
    from replication.store.tables import lay_out_whole
    from replication.studies import calibration
    from replication.studies.calibration_eyes import measure_eyes, read_eyes, require_twins
    from replication.system.progress import track_on_terminal

    settings, workers = SurrogateSettings(), count_cores()
    folders = [Source(Kind.FOLDER, path) for path in (folder, *beside)]
    for source in folders:
        require_twins(source)
    real = [measure_eyes(read_eyes(source, workers=workers)) for source in folders]
    drawn = []
    for seed in range(seeds):
        source = find_surrogate(settings, Path("artifacts"), seed=seed)
        draw_surrogate(source, settings, workers=workers, track=track_on_terminal, seed=seed)
        drawn.append(measure_eyes(read_eyes(source, workers=workers)))
    rows = calibration.judge_surrogates(drawn, real)
    named = {"seeds": range(seeds), "names": [source.path.name for source in folders]}
    into.mkdir(parents=True, exist_ok=True)
    write_json(into / "calibration.json", calibration.to_json(rows, **named))
    write_text(into / "calibration.md", calibration.lay_out_page(rows, **named))
    cells = [calibration.list_cells(row) for row in rows]
    headings = ["statistic", "surrogate", "real", "target", "verdict", *named["names"][1:]]
    click.echo("\n".join(lay_out_whole(calibration.count_verdicts(rows), headings, cells)))
    click.echo(f"Written: {into / 'calibration.md'}")
