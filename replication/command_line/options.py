"""Options that commands share, and how an error becomes one sentence and an exit code."""

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from pathlib import Path

import click

from replication.command_line.opening import known_methods, name_command

PROFILES = ("smoke", "cpu", "cpu-float32", "paper")
SPLITS = ("image", "patient")
MOST_UNCENTRED = 0.10  # of `validation.expectations.suites`, which are slow to import
INTERRUPTED = 130  # as a shell has it: 128 and the number of SIGINT
PATH = click.Path(path_type=Path)

_LOG = logging.getLogger(__name__)


def _complete(list_names: Callable[[], Iterable[str]]):
    """Return what gives the shell the names that start with what was typed."""
    return lambda context, parameter, typed: [n for n in list_names() if n.startswith(typed)]


def choice_option(*names: str, choices: Sequence[str], help: str):
    """Return an option with a few values, the first one its default."""
    return click.option(*names, default=choices[0], type=click.Choice(choices), help=help)


def _add(*options):
    def add_to(command):
        for option in reversed(options):
            command = option(command)
        return command

    return add_to


seed_option = partial(click.option, default=0, type=click.IntRange(0, 2**31 - 1))
split_seed_option = seed_option(
    "--split-seed", help="Of the split into training, validation and test images."
)
max_uncentred_option = click.option(
    "--max-uncentred",
    default=MOST_UNCENTRED,
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    help="Share of the images that may be without a centred iris, 0 to 1; more stop a run. Other "
    "values are on every page.",
)
# How images become a network's input: the fields of `replication.config.PreprocessSettings`.
steps_options = _add(
    click.option(
        "--strip-rows",
        default=11,
        type=click.IntRange(0),
        help="Rows cut off the bottom of each frame, the camera's label strip; 0 for none.",
    ),
    click.option(
        "--mirroring/--no-mirroring",
        default=True,
        help="Whether right eyes are mirrored; without, a manifest needs no eye.",
    ),
    choice_option(
        "--centring",
        choices=("iris", "none", "manifest"),
        help="On the iris that is found, not at all, or on the manifest's centre_x,centre_y,radius.",
    ),
    choice_option(
        "--resize",
        "resizing",
        choices=("stretch", "pad"),
        help="Stretch frames to squares, or pad them by repeating their border.",
    ),
    choice_option(
        "--channels", choices=(3, 1), help="Copies of the gray image that networks are given."
    ),
    choice_option(
        "--image-size", "image_size_px", choices=(64, 128), help="Side of the images, px."
    ),
)
circle_option = click.option(
    "--circle",
    nargs=3,
    type=float,
    metavar="X Y RADIUS",
    help="What the one image is centred on, px of the file: needed with --centring manifest, else in "
    "the place of the iris that is found.",
)
count_option = partial(click.option, type=click.IntRange(1))
several_option = partial(click.option, multiple=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
profile_option = partial(
    click.option, "--profile", default="cpu", shell_complete=_complete(lambda: PROFILES)
)
methods_option = partial(
    several_option, "--method", "methods", metavar="NAME", shell_complete=_complete(known_methods)
)


# What a user states about the data; names and words are those of `replication.data.survey.Choice`.
choices_options = _add(
    click.option(
        "--ids-are-distinct",
        is_flag=True,
        help="Patient ids that differ only in case, blanks or leading zeros are of different "
        "people; without it they stop a run.",
    ),
    click.option(
        "--drop-duplicates",
        is_flag=True,
        help="Keep the first of images with the same pixels, eye and label; without it they stop "
        "a run.",
    ),
)
# Of every run.
settings_options = _add(
    choices_options,
    profile_option(help=f"Settings: {', '.join(PROFILES)}."),
    seed_option("--seed", help="Of training and draws."),
    split_seed_option,
    max_uncentred_option,
    steps_options,
    count_option(
        "--draws",
        default=10,
        help="Privatized sets per PPRL-VGAN regime; the table has their mean.",
    ),
    click.option("--fresh", is_flag=True, help="Remove an earlier run of that name."),
)
_one_run_options = _add(
    click.option(
        "--data-dir",
        type=PATH,
        help="Folder in the Warsaw layout. Without it and --manifest: the surrogate.",
    ),
    click.option(
        "--manifest",
        type=PATH,
        help="CSV of other images: path,patient_id,eye,glaucoma; paths relative to it.",
    ),
    settings_options,
    choice_option(
        "--split",
        choices=SPLITS,
        help="By image as in the paper, or by patient: the glaucoma network is trained and tested "
        "on different patients; identity stays closed-set.",
    ),
    click.option(
        "--from-baseline",
        is_flag=True,
        help="Take the reference weights instead of training (surrogate, profile cpu).",
    ),
    click.option(
        "--glaucoma-network",
        metavar="MODULE:FUNCTION",
        help="Your function of Python that returns your own network, in the trained one's place.",
    ),
    click.option("--run", "run_name", help="Name of the run's folder under artifacts/runs."),
)


def run_options(command):
    """Add the options that choose data, settings and the run's folder; turn errors into exits."""
    return exit_on_error(_one_run_options(command), resumable=True)


def exit_on_error(command, *, resumable: bool = False):
    """Turn errors of the project and Ctrl-C into one line on standard error and an exit code."""

    @wraps(command)
    def guarded(*args, **kwargs):
        from replication.errors import DiskError, ReplicationError
        from replication.store.files import describe_os_error
        from replication.store.words import put

        try:
            return command(*args, **kwargs)
        except ReplicationError as error:
            _LOG.debug("%s", error.named)
            click.echo(put(f"Error: {error}"), err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            later = f" What is done is kept; to resume: {name_command()}" if resumable else ""
            click.echo(f"\nInterrupted.{later}", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # click ends quietly when the reader has closed the pipe
            raise
        except OSError as error:
            click.echo(f"Error: {describe_os_error(error)}", err=True)
            sys.exit(DiskError.exit_code)

    return guarded
