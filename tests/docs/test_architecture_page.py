"""docs/architecture.md, the API pages and docs/finding-things.md follow the rooms as they are."""

import re
from pathlib import Path

import pytest
from draw_rooms import PAGE, PICTURE, count_imports, draw_rooms, fill_page
from layer_rules import ROOMS
from places import DOCS, ROOT

STALE = "run `make architecture`"
# Files of others that a page names, or that its reader writes.
FOREIGN = {"draw_discs.py", "img_applications.py", "train.py"}


def test_the_picture_shows_the_imports_as_they_are(tmp_path: Path) -> None:
    draw_rooms(tmp_path / "rooms.svg")
    assert (tmp_path / "rooms.svg").read_bytes() == PICTURE.read_bytes(), STALE


def test_the_tree_has_every_room_with_its_sentence() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert fill_page(page) == page, STALE
    named = re.findall(r"^    - `(\w+)(?:/|\.py)`: ", page, flags=re.MULTILINE)
    assert named == [room for rooms in ROOMS.values() for room in rooms]


def test_an_import_between_two_rooms_is_counted_once(tmp_path: Path) -> None:
    for name in ("data/manifest", "store/tables"):
        file = tmp_path / "replication" / f"{name}.py"
        file.parent.mkdir(parents=True)
        file.write_text("from replication.store.tables import a, b\nimport replication.errors\n")
    (tmp_path / "replication" / "errors.py").touch()
    assert count_imports(tmp_path) == {
        ("replication.data", "replication.errors"): 1,
        ("replication.data", "replication.store"): 1,
        ("replication.store", "replication.errors"): 1,
    }


@pytest.mark.parametrize("package", ROOMS)
def test_the_api_pages_list_the_rooms(package: str) -> None:
    page = (DOCS / "api" / f"{package}.md").read_text(encoding="utf-8")
    assert re.findall(rf"^::: {package}\.(\w+)$", page, flags=re.MULTILINE) == ROOMS[package]


def list_files() -> list[str]:
    folders = (ROOT / name for name in ("keras_models", "replication", "validation", "tests"))
    files = [*ROOT.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))]
    return [f"/{file.relative_to(ROOT).as_posix()}" for file in files]


def test_sources_that_a_page_names_exist() -> None:
    files, gone = list_files(), []
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        for name in re.findall(r"`([\w/.]+\.py)`", page.read_text(encoding="utf-8")):
            if name not in FOREIGN and not any(file.endswith(f"/{name}") for file in files):
                gone.append(f"{page.name}: {name}")
    assert gone == []


def test_twenty_questions_lead_to_files_that_exist() -> None:
    text = (DOCS / "finding-things.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+\?) \| `([\w/.]+)` \|", text, flags=re.MULTILINE)
    assert len(rows) == len(dict(rows)) == len({file for _, file in rows}) == 20
    assert [file for _, file in rows if not (ROOT / file).is_file()] == []
