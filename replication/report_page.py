"""A report's template, filled: what is written into it is escaped, and its own script is named.

The page's policy (Content Security Policy) allows no request and no script but that one.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from replication import report_text

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
        loader=PackageLoader("replication", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": report_text.write_percent,
        "interval": report_text.write_interval,
        "margin": report_text.write_margin,
        "seconds": report_text.write_seconds,
        "plain": report_text.write_plain,
    }
    return environment


def _read_asset(name: str) -> str:
    return (files("replication") / TEMPLATES / name).read_text(encoding="utf-8")


def _hash_script(script: str) -> str:
    """Return what the page's policy calls its one script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
