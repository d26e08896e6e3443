"""Drive a browser without a window: a picture or a PDF of a page on disk.

Chromium ends with 0 and writes no file where it found no page, so that the file is looked for.
"""

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from replication.errors import SettingsError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 120
# Of a PDF: when it was printed, by a clock. As long as any other time, so that no offset moves.
TIME = re.compile(rb"\(D:\d{14}([^)]*)\)")
NO_TIME = rb"(D:20000101000000\1)"


def find_browser(needed_by: str) -> str:
    """Return the browser's program.

    Args:
        needed_by: what can't be made without one, for the error.

    Raises:
        SettingsError: when none is installed.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SettingsError(f"{needed_by} needs a browser: {', '.join(BROWSERS)}")
    return browser


def drive_browser(browser: str, page: Path, made: Path, *words: str) -> None:
    """Let a browser make a file of a page.

    Args:
        browser: of `find_browser`.
        page: to open.
        made: the file that the words let it write.
        words: of its command line.

    Raises:
        SettingsError: when it fails, or makes no file.
    """
    with TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", *words, page.resolve().as_uri()]
        try:
            subprocess.run(  # noqa: S603 - a browser of BROWSERS
                command, check=True, capture_output=True, timeout=TIMEOUT_S
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SettingsError(f"{page}: {browser} made nothing of it ({error})") from error
    if not made.is_file():
        raise SettingsError(f"{page}: {browser} made nothing of it; does it open in a browser?")


def print_page(browser: str, page: str) -> bytes:
    """Return a page of HTML as a PDF that has neither an address nor the time of printing.

    Raises:
        SettingsError: as `drive_browser`.
    """
    with TemporaryDirectory() as folder:
        file, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        file.write_text(page, encoding="utf-8")
        drive_browser(browser, file, printed, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
        return TIME.sub(NO_TIME, printed.read_bytes())
