"""A report's template, filled: what is written into it is escaped, and its own script is named.

The page's policy (Content Security Policy) allows no request and no script but that one.

How a report writes its numbers, and its first sentence: the one place that formats them.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from replication.results.check import SMOKE
from validation.blessing.blessing import CLAIMS, TABLE, Blessing
from validation.claims.judge import Finding
from validation.statistics.intervals import Interval

DASH = "–"
MINUS = "−"


def write_percent(fraction: float, digits: int = 2) -> str:
    """Write a fraction in percent, without the sign: 0.9324 as 93.24."""
    return f"{100 * fraction:.{digits}f}".replace("-", MINUS)


def write_interval(interval: Interval) -> str:
    """Write two fractions in percent: 90.2–96.5."""
    return DASH.join(write_percent(end, 1) for end in interval)


def write_margin(fraction: float) -> str:
    """Write a difference of fractions in points, with its sign: +3.21."""
    return f"{100 * fraction:+.2f}".replace("-", MINUS)


def write_seconds(seconds: float) -> str:
    """Write a duration: 14.8 s, 15 min 2 s, 1 h 3 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def write_plain(value: object) -> str:
    """Write a setting or a found value as it is; a fraction in full digits would say too much."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    if isinstance(value, float):
        return f"{value:.0f}"
    if isinstance(value, list):
        return ", ".join(map(write_plain, value))
    return str(value)


def name_data(run: Mapping, *, public: bool) -> str:
    """Say which data a run is of; a public report doesn't name the folder, which is a path too."""
    kind, name = run["source"]["kind"], run["source"]["name"]
    words = {
        "surrogate": "the embedded surrogate (synthetic eyes, not Warsaw)",
        "warsaw": "the Warsaw database, the paper’s own data",
        "folder": "other eyes than the paper’s, in Warsaw’s layout",
        "manifest": "other eyes than the paper’s, read from a manifest",
    }[kind]
    return words if public else f"{words}: {name}"


def answer(run: Mapping, blessing: Blessing) -> str:
    """Say in one sentence whether the paper's numbers hold, and on which data."""
    if run["profile"]["name"] == SMOKE:
        return (
            "A smoke run shows that everything runs: its numbers mean nothing and none is judged."
        )
    numbers, claims = _count(blessing, TABLE), _count(blessing, CLAIMS)
    told = join_words(f"{count} {_conjugate(word, count)}" for word, count in claims.items())
    about_claims = f"of its {claims.total()} claims {told}"
    if run["source"]["kind"] == "warsaw":
        held = f"{numbers['inside']} of the paper’s {numbers.total()} numbers hold"
        return f"On the paper’s own data, {held}; {about_claims}."
    eyes = (
        "synthetic eyes" if run["source"]["kind"] == "surrogate" else "other eyes than the paper’s"
    )
    return (
        f"On {eyes}, the paper’s {numbers.total()} numbers are shown but can’t be judged; "
        f"{about_claims}."
    )


def join_words(words: Iterable[str]) -> str:
    """Write a list: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _count(blessing: Blessing, group: str) -> Counter:
    return Counter(check.verdict for check in blessing.checks if check.group == group)


def _conjugate(verdict: str, count: int) -> str:
    many = {
        Finding.HOLDS: "hold",
        Finding.FAILS: "fail",
        Finding.NOT_MEASURED: "are not measured",
        "not judged": "are not judged",
    }
    one = {Finding.NOT_MEASURED: "is not measured", "not judged": "is not judged"}
    return (one if count == 1 else many).get(verdict, verdict)


TEMPLATES = "templates"


def render_page(**told: object) -> str:
    """Return the page.

    Args:
        told: every name that `templates/report.html` uses, but for style and script.
    """
    script = _read_asset("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            **told,
            style=_read_asset("report.css"),
            script=script,
            script_hash=_hash_script(script),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("replication.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": write_percent,
        "interval": write_interval,
        "margin": write_margin,
        "seconds": write_seconds,
        "plain": write_plain,
    }
    return environment


def _read_asset(name: str) -> str:
    return (files("replication.report") / TEMPLATES / name).read_text(encoding="utf-8")


def _hash_script(script: str) -> str:
    """Return what the page's policy calls its one script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
