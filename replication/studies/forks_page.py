"""The page of the forks: which claim depends on which choice that the paper leaves open."""

from collections.abc import Iterator, Mapping
from string import ascii_uppercase

from replication.results.forks import COMMAND
from replication.store.numbers import NOT_MEASURED, write_interval, write_points
from replication.store.run_record import describe_split
from replication.store.tables import lay_out_table
from validation.claims.judge import Finding, JudgedPart, find_finding

UNTOUCHED = "-"
MOVES = (
    "Margins of the parts that no longer pass, or no longer fail, in points with their intervals "
    "(a part passes where its interval lies above 0), ours and then the fork's:"
)
INTRO = (
    "Where the paper leaves a choice open this package took one, some of them because the printed "
    "numbers are nearer ([departures](departures.md)). Here each claim about Table 1 is judged under "
    "each other choice as well: images are made anew by the run's own networks, or its predictions "
    "are counted anew, and the same bootstrap over patients judges ([validation](validation.md#claims)). "
    "A claim holds only where it holds under all."
)
LIMITS = (
    "One choice is another at a time, all others are ours: two that break a claim only together are "
    "not found. Choices that need a training (split, resizing, centring, the networks' sizes and "
    "lengths) are measured by `cli.py measure-departures`, as accuracies; images of blur and "
    "K-Same-Select are rounded to 8 bits always. Claims about relevance maps and about attackers "
    "who retrain are judged as we choose alone."
)


def to_markdown(figures: Mapping) -> str:
    """Return the page of what the study of forks measured (`forks.json`)."""
    run, claims = figures["run"], figures["claims"]
    letters = dict(zip((fork["name"] for fork in figures["forks"]), ascii_uppercase, strict=False))
    source = f"{run['source']['kind']} `{run['source']['name']}`"
    measured = (
        f"Written by `{COMMAND}`: data {source}, profile {run['profile']['name']}, seed "
        f"{run['seed']}, {run['draws']} draws, {figures['test_images']} test images."
    )
    forks = [
        (letters[fork["name"]], fork["name"], fork["question"], fork["ours"], fork["other"])
        for fork in figures["forks"]
    ]
    rows = [(claim["name"], *list_findings(claim, letters)) for claim in claims]
    headings = ("claim", "ours", *letters.values(), "under all")
    lines = [
        "# Forks",
        "",
        INTRO,
        "",
        measured + describe_split(run),
        "",
        count_claims(claims),
        "",
        *lay_out_table(headings, rows, words=len(headings)),
        "",
        f"A fork whose numbers a claim doesn't speak of has '{UNTOUCHED}'.",
        "",
        "## What is chosen otherwise",
        "",
        *lay_out_table(("", "fork", "what the paper leaves open", "ours", "other"), forks, words=5),
        "",
        "## What moves a finding",
        "",
        MOVES,
        "",
        *(_list_moves(claims, letters) or ["Nothing does."]),
        "",
        LIMITS,
        "",
    ]
    return "\n".join(lines)


def list_findings(claim: Mapping, letters: Mapping[str, str]) -> list[str]:
    """Return a claim's finding as we choose, under each fork, and under all."""
    own = claim["ours"]["finding"]
    under = [claim["under"].get(name) for name in letters]
    cells = [UNTOUCHED if judged is None else judged["finding"] for judged in under]
    return [own, *cells, conclude(claim, letters)]


def conclude(claim: Mapping, letters: Mapping[str, str]) -> str:
    """Return the finding where all forks share it, and else which forks differ from ours."""
    moving = [letter for name, letter in letters.items() if name in _find_moves(claim)]
    return f"depends on {', '.join(moving)}" if moving else claim["ours"]["finding"]


def count_claims(claims: list[Mapping]) -> str:
    """Return in one sentence how many claims hold as we choose, and how many under all forks."""
    own = [claim for claim in claims if claim["ours"]["finding"] == Finding.HOLDS]
    all_forks = [
        claim
        for claim in own
        if all(judged["finding"] == Finding.HOLDS for judged in claim["under"].values())
    ]
    moved = sum(bool(_find_moves(claim)) for claim in claims)
    return (
        f"Of {len(claims)} claims {len(own)} hold as we choose and {len(all_forks)} of them under "
        f"every fork; the finding of {moved} depends on a fork."
    )


def _list_moves(claims: list[Mapping], letters: Mapping[str, str]) -> list[str]:
    return [
        line
        for claim in claims
        for fork, letter in letters.items()
        if fork in _find_moves(claim)
        for line in _describe_move(claim, claim["under"][fork], letter)
    ]


def _find_moves(claim: Mapping) -> set[str]:
    """Return the forks under which the finding is another than ours."""
    own = claim["ours"]["finding"]
    return {name for name, judged in claim["under"].items() if judged["finding"] != own}


def _describe_move(claim: Mapping, judged: Mapping, letter: str) -> Iterator[str]:
    own = claim["ours"]
    yield f"- **{claim['name']}**: {own['finding']}, under {letter} {judged['finding']}"
    for before, after in zip(own["parts"], judged["parts"], strict=True):
        if _find(before) != _find(after):
            yield f"  - {before['text']}: {_write(before)}; {letter}: {_write(after)}"


def _find(part: Mapping) -> Finding:
    return find_finding([JudgedPart(**part)])


def _write(part: Mapping) -> str:
    if part["margin"] is None:
        return NOT_MEASURED
    return write_interval(part["margin"], part["low"], part["high"], write_points)
