"""Search every byte of cards for what must not be on them: originals, ids, paths, dates."""

import base64
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import structural_similarity

# Ours: what is nearer to an original than this counts as a copy of it.
MOST_SIMILAR = 0.95
PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
DATE = re.compile(r"\b(19|20)\d\d-[01]\d-[0-3]\d|D:20\d{6}")
CHUNKS = {b"IHDR", b"pHYs", b"IDAT", b"IEND"}  # of a PNG that holds pixels and their size alone


def search_words(texts: Iterator[str], words: Sequence[str]) -> list[str]:
    """Return which words, and dates, stand anywhere in texts but in their pictures."""
    bare = "\n".join(PICTURE.sub("", text) for text in texts)
    tokens = set(re.split(r"[\s\"'<>=,;:/(){}\[\]]+", bare))
    whole = {word for word in words if word in tokens or ("/" in word and word in bare)}
    return sorted(whole | {found.group() for found in DATE.finditer(bare)})


def decode_pictures(page: str) -> Iterator[np.ndarray]:
    """Yield the pictures of a page, (S, S, 3) uint8, and fail where one holds more than pixels."""
    for found in PICTURE.finditer(page):
        png = base64.b64decode(found.group(1))
        assert set(list_chunks(png)) <= CHUNKS
        yield cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def list_chunks(png: bytes) -> Iterator[bytes]:
    """Yield the names of a PNG's parts; nothing follows the last."""
    place = 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        yield png[place + 4 : place + 8]
        place += length + 12
    assert place == len(png)


def find_likeness(pictures: np.ndarray, originals: np.ndarray) -> float:
    """Return the highest structural similarity of gray pictures to their nearest originals.

    Args:
        pictures: (P, S, S) uint8.
        originals: (N, S, S) uint8.
    """
    one, other = (each.reshape(len(each), -1).astype(np.float32) for each in (pictures, originals))
    nearest = originals[((other**2).sum(axis=1) - 2 * (one @ other.T)).argmin(axis=1)]
    pairs = zip(pictures, nearest, strict=True)
    return max(structural_similarity(*pair, data_range=255) for pair in pairs)


def search_cards(folder: Path, originals: np.ndarray, words: Sequence[str]) -> dict[str, float]:
    """Search all cards of a folder, each of whose first picture is the doctor's own image.

    Returns:
        words: how many were found, copies: pictures equal to an original, likeness: the highest of
        `find_likeness`, pictures: gray ones searched, cards.
    """
    pages = [file for file in sorted(folder.glob("*.html")) if file.name != "index.html"]
    files = [file for file in sorted(folder.iterdir()) if file.suffix != ".pdf"]
    known = {each.tobytes() for each in originals}
    grays = []
    for page in pages:
        _own, *others = decode_pictures(page.read_text(encoding="utf-8"))
        grays += [each[..., 0] for each in others if (each[..., 0] == each[..., 2]).all()]
    found = search_words((file.read_text(encoding="utf-8") for file in files), words)
    return {
        "cards": len(pages),
        "pictures": len(grays),
        "copies": sum(each.tobytes() in known for each in grays),
        "likeness": find_likeness(np.unique(grays, axis=0), originals),
        "words": len(found),
    }
