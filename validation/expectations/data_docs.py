"""Great Expectations' Data Docs made to be read anywhere: nothing is loaded, nobody is named.

As they are built, the pages load scripts, styles and pictures from five servers of others, one of
them with an id of the project, and list the cells that were not as expected with their rows' keys,
so names of files and patients. Without the scripts the index is empty and no verdict is shown, so
it is written anew and the marks of the verdicts are letters.
"""

import json
import re
import shutil
from html import escape
from pathlib import Path

NAMES = ("unexpected_list", "unexpected_index_list", "unexpected_index_query")
LOADED = re.compile(
    r"<script\b.*?</script\s*>|<(?:link|img)\b[^>]*>|url\([^)]*\)|@import[^;]*;",
    flags=re.DOTALL | re.IGNORECASE,
)
# A browser loads nothing under this policy, whatever was overlooked.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
HEAD = f"""<head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<style>
body {{ font: 16px/1.4 sans-serif; margin: 2em; }}
td, th {{ padding: .2em .8em; text-align: left; vertical-align: top; }}
.fa-check-circle::before {{ content: "holds"; }}
.fa-times::before, .fa-exclamation-triangle::before {{ content: "fails"; }}
</style>"""


def remove_names(results: Path) -> None:
    """Take single cells and rows out of the results below a folder; what was counted stays."""
    for file in sorted(results.rglob("*.json")):
        validation = json.loads(file.read_text(encoding="utf-8"))
        for judged in validation["results"]:
            judged["result"] = {
                name: value
                for name, value in judged["result"].items()
                if name.removeprefix("partial_") not in (*NAMES, "unexpected_counts")
            }
        file.write_text(json.dumps(validation), encoding="utf-8")


def close_pages(pages: Path) -> None:
    """Take all that a browser would load out of the pages, and list them in the index."""
    shutil.rmtree(pages / "static")
    index = pages / "index.html"
    listed = sorted(set(pages.rglob("*.html")) - {index})
    for page in listed:
        text = LOADED.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("<head>", HEAD, 1), encoding="utf-8")
    names = [page.relative_to(pages).as_posix() for page in listed]
    links = "\n".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in names)
    index.write_text(
        f"<!DOCTYPE html>\n<html>{HEAD}<title>Data Docs</title></head>\n<body><h1>Data Docs</h1>\n"
        f"<ul>\n{links}\n</ul></body></html>\n",
        encoding="utf-8",
    )
