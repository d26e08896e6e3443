"""Hash and image size of files, without decoding them."""

import hashlib
from pathlib import Path

import pytest
from tiny_eyes import write_image

from replication.file_facts import FileFacts, inspect_files


@pytest.mark.parametrize("suffix", [".bmp", ".jpg", ".png"])
def test_size_is_width_then_height_and_hash_is_of_the_bytes(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"eye{suffix}"
    write_image(file, seed=1, width_px=9, height_px=5)
    expected = FileFacts(hashlib.sha256(file.read_bytes()).hexdigest(), (9, 5), False)
    assert inspect_files(tmp_path, [file.name]) == [expected]


def test_facts_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(9)]
    for width_px, file in enumerate(files, start=1):
        write_image(file, seed=0, width_px=width_px)
    found = inspect_files(tmp_path, [file.name for file in files[::-1]])
    assert [fact.size_px for fact in found] == [(width_px, 6) for width_px in range(9, 0, -1)]


def test_what_is_no_image_still_has_a_hash(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "empty.png").touch()
    text, empty, absent, folder = inspect_files(
        tmp_path, ["text.png", "empty.png", "absent.png", "."]
    )
    assert text == FileFacts(hashlib.sha256(b"not an image").hexdigest(), None, False)
    assert empty == FileFacts(hashlib.sha256(b"").hexdigest(), None, True)
    assert absent == folder == FileFacts(None, None, False)
