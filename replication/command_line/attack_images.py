"""What `attack --originals` does: read manifests, attack, write the page, JSON and JUnit."""

import os
from pathlib import Path

import click

from replication.command_line import opening
from replication.command_line.opening import warn_of_commit, write_for_owner_alone
from replication.command_line.options import exit_on_error


def read_share(context, parameter, text: str | None) -> float | None:
    """Return a share written as 5% or 0.05 as a fraction."""
    if text is None:
        return None
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise click.BadParameter("write a share of images as 5% or 0.05")
    return number


@exit_on_error
def attack_manifests(
    originals: Path,
    privatized: Path | None,
    learn: Path | None,
    *,
    privatizer: str | None,
    draws: int,
    limit: float | None,
    out: Path | None,
    seed: int,
    ids_are_distinct: bool,
) -> int:
    """Attack the images of manifests and print what was found.

    Args:
        originals, privatized, learn: the manifests.
        privatizer: `module:function`, which privatizes the originals; None where `privatized` is given.
        draws: how often it does.
        limit: the share of images that an attacker may name, None for none.
        out: folder to write into; None for one that is named after the manifest or the function.
        seed: of what is drawn.
        ids_are_distinct: as for `attack_images`.

    Returns:
        The exit code.

    Exits:
        With one line on standard error and an exit code, when a manifest, an image or the function
        can't be used, when the folder can't be written, and on Ctrl-C; nothing is resumed.
    """
    from replication.attack.anybody.attack import attack_images
    from replication.attack.anybody.manifests import Kind, read_manifest
    from replication.attack.anybody.outputs import (
        JSON,
        JUNIT,
        find_exit_code,
        list_cases,
        to_json,
        to_junit,
    )
    from replication.attack.anybody.privatizer import find_privatizer
    from replication.report.attack_page import PAGE, SHORT, render_attack
    from replication.store.files import write_json, write_text

    method = None if privatizer is None else find_privatizer(privatizer)
    name = privatizer.replace(":", ".") if method else privatized.stem
    folder = out or opening.ARTIFACTS / "attacks" / name
    _check_folder(folder)
    shown = read_manifest(originals, Kind.ORIGINALS)
    known = None if learn is None else read_manifest(learn, Kind.LEARN)
    if method:
        hidden = method.release(shown, draws=draws, seed=seed)
    else:
        hidden = read_manifest(privatized, Kind.PRIVATIZED)
    findings = attack_images(shown, hidden, known, seed=seed, ids_are_distinct=ids_are_distinct)
    cases = list_cases(findings, limit)
    junit, page = to_junit(findings, cases), render_attack(findings, cases, limit=limit)
    write_for_owner_alone()
    folder.mkdir(parents=True, exist_ok=True)
    warn_of_commit(folder)
    write_json(folder / JSON, to_json(findings, cases, limit))
    write_text(folder / JUNIT, junit)
    write_text(folder / PAGE, page)
    for verdict in findings.verdicts:
        click.secho(f"{SHORT[verdict.victim]}: {verdict.found.value}", bold=True)
        click.echo(f"  {verdict.why}")
        for case in cases:
            if case.victim == verdict.victim.value:
                outcome = f"; {case.outcome}" if limit is not None else ""
                click.echo(f"    {case.detail}{outcome}")
    click.echo(f"Written: {folder / PAGE}")
    return find_exit_code(findings, cases, limit)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that can't be written, before anything is computed.

    Raises:
        SettingsError: when there is a file in its place, or the system forbids it.
    """
    from replication.errors import SettingsError

    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise SettingsError(f"{folder}: no folder that can be written, give another by --out")
