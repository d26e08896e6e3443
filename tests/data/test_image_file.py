"""Whole files are read as OpenCV reads them; broken ones are named with what is wrong."""

import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye
from PIL import Image
from PIL.ExifTags import Base

from replication.data.image_file import read_gray, read_header, read_levels
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
    with pytest.raises(DataError, match="^is truncated"):
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
    with pytest.raises(DataError, match=r"^has no readable header"):
        read_gray(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^can't be opened"):
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


def turn(levels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn as the words of EXIF 2.32, 4.6.4, say: where row 0 and column 0 are to be seen."""
    shape = levels.shape if orientation < 5 else levels.shape[::-1]
    seen = np.empty(shape, levels.dtype)
    bottom, right = shape[0] - 1, shape[1] - 1
    for (row, column), level in np.ndenumerate(levels):
        y, x = (row, column) if orientation < 5 else (column, row)
        down = orientation in (3, 4, 7, 8)
        back = orientation in (2, 3, 6, 7)
        seen[bottom - y if down else y, right - x if back else x] = level
    return seen


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [".jpg", ".png", ".tif"])
def test_size_and_turn_reported_are_those_of_the_pixels(
    tmp_path: Path, eye: np.ndarray, kind: str, orientation: int
) -> None:
    plain, turned = tmp_path / f"plain{kind}", tmp_path / f"turned{kind}"
    Image.fromarray(eye).save(plain)
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    Image.fromarray(eye).save(turned, exif=exif)
    levels, header = read_levels(turned)
    with turned.open("rb") as stream:
        assert read_header(stream) == header
    assert (header.turn, header.size_px) == (orientation, levels.shape[::-1])
    np.testing.assert_array_equal(levels, turn(read_gray(plain), orientation))


def test_a_turn_behind_the_pixels_is_refused(tmp_path: Path, eye: np.ndarray) -> None:
    path, content = write_eye(tmp_path, eye, ".png")
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    data = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    path.write_bytes(content[:-12] + chunk + content[-12:])
    with pytest.raises(DataError, match=r"^is turned by EXIF data behind its pixels"):
        read_gray(path)


LEVELS = np.random.default_rng(1).integers(0, 4096, (20, 30)).astype(np.uint16)


def write_deep(path: Path, levels: np.ndarray = LEVELS) -> Path:
    """Write 16 bits, by the name's end; a PGM of 12."""
    if path.suffix == ".pgm":
        height, width = levels.shape
        head = f"P5 # of a camera\n{width} {height}\n4095\n".encode()
        path.write_bytes(head + levels.astype(">u2").tobytes())
    elif path.stem == "inverted":
        Image.fromarray(65535 - levels).save(path, tiffinfo={262: 0})
    else:
        Image.fromarray(levels).save(path)
    return path


@pytest.mark.parametrize("name", ["eye.jp2", "eye.j2k", "eye.tif", "eye.pgm", "jp2 named.png"])
def test_opencv_never_gets_a_tiff_or_jpeg_2000(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = name.partition(" ")[0] if " " in name else name
    path = write_deep(tmp_path / (f"eye.{kind}" if " " in name else name)).rename(tmp_path / name)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("OpenCV was called"))
    np.testing.assert_array_equal(read_levels(path)[0], LEVELS)


@pytest.mark.parametrize(
    ("name", "white"),
    [
        ("eye.png", 65535),
        ("eye.tif", 65535),
        ("inverted.tif", 65535),
        ("eye.jp2", 65535),
        ("eye.pgm", 4095),
    ],
)
def test_no_level_of_sixteen_bits_is_lost(tmp_path: Path, name: str, white: int) -> None:
    path = write_deep(tmp_path / name)
    levels, header = read_levels(path)
    assert (header.white, header.size_px, levels.dtype) == (white, (30, 20), np.uint16)
    np.testing.assert_array_equal(levels, LEVELS)
    gray = read_gray(path, white=4095)
    np.testing.assert_array_equal(gray, np.floor(LEVELS.astype(float) * 255 / 4095 + 0.5))
    assert np.ptp(gray) > 250


def test_twelve_bits_of_jpeg_2000_are_not_stretched(tmp_path: Path) -> None:
    path = write_deep(tmp_path / "eye.j2k", LEVELS + 2**15 - 2**11)  # its levels lie around 0
    content = path.read_bytes()
    assert content[42] == 15
    path.write_bytes(content[:42] + b"\x0b" + content[43:])
    levels, header = read_levels(path)
    assert header.white == 4095
    np.testing.assert_array_equal(levels, LEVELS)


def test_levels_of_another_range_are_refused(tmp_path: Path, eye: np.ndarray) -> None:
    deep, (plain, _) = write_deep(tmp_path / "deep.png"), write_eye(tmp_path, eye, ".png")
    with pytest.raises(DataError, match=r"^level 40\d\d is above .* white, 255"):
        read_gray(deep, white=255)
    with pytest.raises(DataError, match=r"^white is level 255, in the other images 4095"):
        read_gray(plain, white=4095)


@pytest.mark.parametrize("kind", [".tif", ".jp2", ".pgm"])
@pytest.mark.parametrize("colour", [False, True])
def test_eight_bits_are_gray_as_in_a_bmp(
    tmp_path: Path, eye: np.ndarray, kind: str, colour: bool
) -> None:
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, (*eye.shape, 3), dtype=np.uint8) if colour else eye
    path = tmp_path / f"eye{kind}"
    if kind == ".pgm":
        path.write_bytes(b"P5 161 120 255\n" + eye.tobytes())
        pixels = eye
    else:
        Image.fromarray(pixels).save(path)
    Image.fromarray(pixels).save(tmp_path / "eye.bmp")
    np.testing.assert_array_equal(read_gray(path), read_gray(tmp_path / "eye.bmp"))


@pytest.mark.parametrize("kind", [".png", ".bmp", ".tif"])
def test_an_inverted_palette_is_no_negative(tmp_path: Path, eye: np.ndarray, kind: str) -> None:
    inverted = Image.fromarray(255 - eye).convert("P")
    inverted.putpalette([level for level in range(255, -1, -1) for _ in range(3)])
    inverted.save(tmp_path / f"eye{kind}")
    assert np.abs(read_gray(tmp_path / f"eye{kind}").astype(int) - eye).max() <= 1


def test_white_is_zero_is_no_negative(tmp_path: Path, eye: np.ndarray) -> None:
    path = tmp_path / "eye.tif"
    Image.fromarray(eye).save(path, tiffinfo={262: 0})
    stored = path.read_bytes()
    assert (255 - eye).tobytes() in stored and eye.tobytes() not in stored
    np.testing.assert_array_equal(read_gray(path), eye)


@pytest.mark.parametrize("kind", ["eye.png", "eye.tif"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_only_an_alpha_channel_that_hides_nothing_is_passed_over(
    tmp_path: Path, eye: np.ndarray, kind: str, mode: str
) -> None:
    image = Image.fromarray(eye).convert(mode)
    image.save(tmp_path / kind)
    assert np.abs(read_gray(tmp_path / kind).astype(int) - eye).max() <= 1
    image.putpixel((3, 4), (*image.getpixel((3, 4))[:-1], 254))
    image.save(tmp_path / kind)
    with pytest.raises(DataError, match="^holds transparent pixels"):
        read_gray(tmp_path / kind)


def test_what_would_lose_something_is_refused_by_name(tmp_path: Path, eye: np.ndarray) -> None:
    image, tiff = Image.fromarray(eye), tmp_path / "eye.tif"
    image.convert("F").save(tiff)
    with pytest.raises(DataError, match=r"^holds pixels of kind F \(32 bits\), save it"):
        read_gray(tiff)
    image.save(tiff, save_all=True, append_images=[image])
    with pytest.raises(DataError, match=r"^holds 2 pages, save one image per file"):
        read_gray(tiff)
    image.convert("CMYK").save(tmp_path / "eye.jpg")
    with pytest.raises(DataError, match=r"^holds pixels of kind CMYK"):
        read_gray(tmp_path / "eye.jpg")
    cv2.imwrite(str(tmp_path / "eye.png"), np.zeros((4, 4, 3), np.uint16))
    with pytest.raises(DataError, match=r"^holds colours of 16 bits"):
        read_gray(tmp_path / "eye.png")


@pytest.mark.parametrize("kind", [".tif", ".jp2", ".pgm"])
def test_a_truncated_file_of_the_further_kinds_is_refused(tmp_path: Path, kind: str) -> None:
    path = write_deep(tmp_path / f"eye{kind}")
    content = path.read_bytes()
    path.write_bytes(content[: int(0.7 * len(content))])
    with pytest.raises(DataError, match="^(is truncated|has no readable header)"):
        read_gray(path)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("tail", [b"", b"a tail"])
def test_a_jpeg_that_ends_early_is_refused_in_spite_of_its_end_marker(
    tmp_path: Path, eye: np.ndarray, options: dict, mode: str, tail: bytes
) -> None:
    path = tmp_path / "eye.jpg"
    level = Image.fromarray(np.full_like(eye, 128))  # a whole one that looks as if it ended early
    for image in (level, Image.fromarray(eye)):
        image.convert(mode).save(path, quality=90, **options)
        content = path.read_bytes()
        path.write_bytes(content + tail)
        assert read_gray(path).shape == eye.shape
    restarts = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", content)]
    for end in (len(content) // 2, *restarts[len(restarts) // 2 :]):
        path.write_bytes(content[:end].rstrip(b"\xff") + b"\xff\xd9" + tail)
        with pytest.raises(DataError, match=r"^is truncated"):
            read_gray(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "eye.png")
    with pytest.raises(DataError, match="is no file"):
        read_gray(tmp_path / "eye.png")
