"""The pages: links and anchors resolve, every page is in the site's menu, the site reads offline."""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import click
import markdown
import pytest
import yaml
from places import ROOT

import cli as command_line

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


class Tags(HTMLParser):
    """Collects what a page links to, what it shows and its anchors."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets, self.anchors, self.loaded = [], set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.targets += [found[name] for name in ("href", "src") if found.get(name)]
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        fetching = tag in ("script", "img", "iframe", "source") and found.get("src")
        if tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            fetching = found.get("href")
        self.loaded += [fetching] if fetching else []


@cache
def read_page(page: Path) -> Tags:
    text = page.read_text(encoding="utf-8")
    return Tags(markdown.markdown(text, extensions=["toc", "tables", "fenced_code"]))


def list_menu(items) -> list[str]:
    """Return the files of a menu with menus in it."""
    if isinstance(items, str):
        return [items]
    parts = items.values() if isinstance(items, dict) else items
    return [file for part in parts for file in list_menu(part)]


def find_broken(page: Path) -> list[str]:
    broken = []
    for target in read_page(page).targets:
        link = urlsplit(target)
        if link.scheme in ("https", "mailto"):
            continue
        file = page.parent / link.path if link.path else page
        anchored = file.suffix == ".md" and link.fragment and file.exists()
        if not file.exists() or (anchored and link.fragment not in read_page(file).anchors):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_anchors_of_a_page_resolve(page):
    assert find_broken(page) == []


def test_a_broken_link_and_a_broken_anchor_are_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](gone.md) [b](#here) [c](page.md#there) ![d](gone.png)\n")
    assert find_broken(page) == ["gone.md", "page.md#there", "gone.png"]


def test_every_page_is_in_the_menu_and_nothing_else():
    menu = list_menu(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert sorted(menu) == sorted(pages), "mkdocs.yml, nav"


def test_the_readme_leads_to_every_page_of_the_first_level():
    linked = {urlsplit(target).path for target in read_page(ROOT / "README.md").targets}
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} - linked == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_no_folder_of_a_machine_and_no_placeholder(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.~<])/(?:tmp|work|home|root|Users)/|TODO|FIXME|XXX", text) == []
    assert re.findall(r"^(?:<{7}|>{7}) ", text, flags=re.MULTILINE) == []


def read_command(line: str) -> list[str] | None:
    """Return the words after `cli.py`, typed as it is or by make, or None."""
    line = line.partition(" #")[0].partition(" >")[0].strip()
    if own := re.fullmatch(r"(\S*python )?(\S+/)?(cli\.py|privacy-explanations) (\S.*)", line):
        return None if "<Tab>" in line else shlex.split(own[4])
    if made := re.fullmatch(r"make replicate( ARGS=(?:\"(.*)\"|(\S+)))?", line):
        return ["replicate", "--all", *shlex.split(made[2] or made[3] or "")]
    return None


def list_commands(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return the commands of a page's code blocks, and those named between its words."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"^    (?=\S)(.*)$", text, flags=re.MULTILINE)
    named = re.findall(r"`([^`\n]+)`", text)
    return tuple(
        [words for line in some if (words := read_command(line))] for some in (lines, named)
    )


def parse(words: list[str], *, whole: bool) -> None:
    """Have click read a command as if it were typed; without its end where it is only named."""
    command, name = command_line.cli, ""
    while isinstance(command, click.Group) and words:
        name, *words = words
        assert name in command.commands, f"no command {name}"
        command = command.commands[name]
    if (whole or words) and "..." not in words:
        command.make_context(name, list(words))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_a_page_are_known_with_their_options(page):
    typed, named = list_commands(page.read_text(encoding="utf-8"))
    for words in typed:
        parse(words, whole=True)
    for words in named:
        parse(words, whole=False)


def test_commands_are_found_in_blocks_and_between_words():
    text = (
        "`cli.py check`, `cli.py` alone\n\n    .venv/bin/python cli.py data doctor DIR   # look\n"
    )
    text += '\n```\nmake replicate ARGS="--seed 1"\npython cli.py completion bash > file\n```\n'
    typed, named = list_commands(text)
    assert named == [["check"]]
    assert sorted(typed) == [
        ["completion", "bash"],
        ["data", "doctor", "DIR"],
        ["replicate", "--all", "--seed", "1"],
    ]
    with pytest.raises(click.UsageError):
        parse(["data", "doctor"], whole=True)
    with pytest.raises(click.NoSuchOption):
        parse(["check", "--gone"], whole=False)


@pytest.mark.slow
def test_the_site_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=True,
        capture_output=True,
    )
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES) - 3
    for page in pages:
        loaded = Tags(page.read_text(encoding="utf-8")).loaded
        assert [target for target in loaded if urlsplit(target).netloc] == []
    styles = [file.read_text() for file in (tmp_path / "site").rglob("*.css")]
    assert not [style for style in styles if re.search(r"url\(['\"]?(https?:)?//", style)]
    reference = (tmp_path / "site" / "api" / "keras_models.html").read_text()
    assert "keras_models.evaluator.build_evaluator" in reference
