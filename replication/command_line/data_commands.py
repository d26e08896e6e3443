"""The group `data`: draw the surrogate, or look at a folder."""

import sys
from pathlib import Path

import click

from replication.command_line.opening import spell_command
from replication.command_line.options import PATH, choices_options, exit_on_error, profile_option
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
@choices_options
@exit_on_error
def doctor(folder: Path, **choices) -> None:
    """Print what is in FOLDER (Warsaw layout) or in a manifest, what is missing and what is odd.

    \b
    Examples:
      python cli.py data doctor ~/Warsaw
      python cli.py data doctor eyes/manifest.csv
      python cli.py data doctor eyes/manifest.csv --ids-are-distinct
    """
    from replication.data.doctor import examine
    from replication.data.survey import Finding, name_choices

    chosen = name_choices(**choices)
    survey = examine(folder, chosen)
    for what, figure in survey.counts:
        click.echo(f"{what}: {figure}")
    for heading, kinds in (("missing", [Finding.MISSING]), ("odd", [Finding.WRONG, Finding.ODD])):
        for remark in survey.list_remarks(*kinds):
            click.echo(f"{heading}: {remark}")
    if survey.errors:
        click.echo("Not usable as it is.")
        sys.exit(3)
    option = "--data-dir" if folder.is_dir() else "--manifest"
    click.echo("Usable as it is.")
    words = ("replicate", "--all", option, folder, *chosen)
    click.echo(f"Next: {spell_command(*words)}")
