"""Whole files are read as OpenCV reads them; broken ones are named with what is wrong."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.data.image_file import read_gray
from replication.errors import DataError

KINDS = [".bmp", ".jpg", ".png"]


def write_eye(folder: Path, eye: np.ndarray, kind: str = ".jpg") -> tuple[Path, bytes]:
    """Write an eye, and return the file and its content."""
    path = folder / f"eye{kind}"
    cv2.imwrite(str(path), eye)
    return path, path.read_bytes()


@pytest.fixture
def eye() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 20, (120, 161))
    return (draw_eye(size=(161, 120), centre=(80, 60), radius_px=30) + noise).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", [False, True])
def test_a_whole_file_is_read(tmp_path: Path, eye: np.ndarray, kind: str, colour: bool) -> None:
    path, _ = write_eye(tmp_path, cv2.cvtColor(eye, cv2.COLOR_GRAY2BGR) if colour else eye, kind)
    gray = read_gray(path)
    np.testing.assert_array_equal(gray, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    assert gray.dtype == np.uint8
    assert np.abs(gray.astype(int) - eye).mean() < 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fraction", [0.3, 0.7, 0.98])
def test_a_truncated_file_is_refused(
    tmp_path: Path, eye: np.ndarray, kind: str, fraction: float
) -> None:
    path, content = write_eye(tmp_path, eye, kind)
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(DataError, match=rf"eye{kind}: is truncated"):
        read_gray(path)


def test_a_thumbnail_s_end_is_not_the_image_s(tmp_path: Path, eye: np.ndarray) -> None:
    path, content = write_eye(tmp_path, eye)
    thumbnail = b"thumbnail\xff\xd9"
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    path.write_bytes(content[:2] + segment + content[2:])
    assert read_gray(path).shape == eye.shape
    path.write_bytes(content[:2] + segment + content[2 : len(content) // 2])
    with pytest.raises(DataError, match="truncated"):
        read_gray(path)


def test_a_jpeg_with_its_end_is_read_as_opencv_reads_it(tmp_path: Path, eye: np.ndarray) -> None:
    path, content = write_eye(tmp_path, eye)
    assert content.endswith(b"\xff\xd9")
    middle = len(content) // 2
    path.write_bytes(content[:middle] + content[middle + 40 :])
    np.testing.assert_array_equal(read_gray(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def test_bytes_after_the_end_do_no_harm(tmp_path: Path, eye: np.ndarray) -> None:
    for kind in KINDS:
        path, content = write_eye(tmp_path, eye, kind)
        path.write_bytes(content + bytes(100))
        assert read_gray(path).shape == eye.shape


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a and more", b"not an image at all", b"BM", b"\xff\xd8\xff\xe0", b"\x89PNG"],
)
def test_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "eye.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"eye\.jpg: has no readable header"):
        read_gray(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.bmp: can't be opened"):
        read_gray(tmp_path / "gone.bmp")


@pytest.mark.parametrize(
    ("side_px", "message"),
    [(8000, "at most 40000000 px, got 8000x8000"), (65000, "got 65000x65000")],
)
def test_a_claimed_size_is_not_believed(
    tmp_path: Path, eye: np.ndarray, side_px: int, message: str
) -> None:
    path, content = write_eye(tmp_path, eye)
    claim = content.index(b"\xff\xc0") + 5
    path.write_bytes(content[:claim] + struct.pack(">HH", side_px, side_px) + content[claim + 4 :])
    with pytest.raises(DataError, match=message):
        read_gray(path)


def test_damage_inside_is_refused(tmp_path: Path, eye: np.ndarray) -> None:
    path, whole = write_eye(tmp_path, eye, ".png")
    content = bytearray(whole)
    middle = len(content) // 2
    content[middle : middle + 27] = bytes(27)
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_gray(path)
