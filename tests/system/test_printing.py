"""A page printed by a browser: without one, with one that fails, and by the real one."""

import re
import shutil
import sys
import zlib

import pytest
from planted_card import plant_card

from replication.cases.card import render_card
from replication.errors import SettingsError
from replication.system.browser import BROWSERS, find_browser, print_page

INSTALLED = any(map(shutil.which, BROWSERS))


def plant_browser(folder, script):
    browser = folder / "browser"
    browser.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    browser.chmod(0o755)
    return str(browser)


def test_without_a_browser_one_sentence_names_the_option(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="^--pdf needs a browser: chromium, "):
        find_browser("--pdf")


@pytest.mark.parametrize("script", ["sys.exit(3)", "pass"])
def test_a_browser_that_makes_nothing_is_an_error_even_where_it_ends_well(tmp_path, script):
    with pytest.raises(SettingsError, match="browser made nothing of it"):
        print_page(plant_browser(tmp_path, script), "<p>page")


def test_what_was_printed_has_no_time_and_every_byte_in_its_place(tmp_path):
    script = (
        "[to] = [w.partition('=')[2] for w in sys.argv if w.startswith('--print-to-pdf=')]\n"
        "assert '--no-pdf-header-footer' in sys.argv\n"
        "page = open(sys.argv[-1].removeprefix('file://')).read()\n"
        "text = f\"/CreationDate (D:20261201123532+00'00') (D:2026) {page}\"\n"
        "open(to, 'w').write(text)"
    )
    printed = print_page(plant_browser(tmp_path, script), "<p>page")
    assert printed == b"/CreationDate (D:20000101000000+00'00') (D:2026) <p>page"


@pytest.mark.skipif(not INSTALLED, reason="no browser: chromium is not installed")
def test_a_card_is_printed_whole_twice_the_same_and_without_an_address():
    page = render_card(plant_card())
    one, other = (print_page(find_browser("--pdf"), page) for _ in range(2))
    assert one == other and one.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", one)) in (2, 3)
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", one, re.DOTALL)
    plain = one + b"".join(unpack(each) for each in streams)
    assert not re.search(rb"file:|page\.html|/tmp|2026", plain)
    pictures = re.findall(rb"/Subtype /Image", one)
    assert len(pictures) >= 11


def unpack(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
