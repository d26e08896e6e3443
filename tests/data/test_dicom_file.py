"""A DICOM frame is read as the standard has it shown; what can't be is refused in one sentence."""

import logging
import math
import sys
import warnings
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom")

from dicom_files import SOURCE, write_dicom
from drawn_eyes import draw_eye
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_rescale, apply_windowing

from replication.config import SMOKE
from replication.data.image_file import read_gray, read_header, read_levels
from replication.data.manifest import survey_manifest
from replication.data.survey import Finding
from replication.errors import DataError
from replication.preprocess.frame import preprocess_image

RNG = np.random.default_rng(0)
STORED = RNG.integers(0, 4096, (20, 31)).astype(np.uint16)
NATIVE = {
    "implicit": uid.ImplicitVRLittleEndian,
    "explicit": uid.ExplicitVRLittleEndian,
    "big endian": uid.ExplicitVRBigEndian,
}


def show(value: float, *, centre: float, width: float, function: str, white: int) -> float:
    """Return one value's level as PS3.3, C.11.2.1.2 and C.11.2.1.3, spell it."""
    if function == "LINEAR":
        if value <= centre - 0.5 - (width - 1) / 2:
            return 0
        if value > centre - 0.5 + (width - 1) / 2:
            return white
        return ((value - (centre - 0.5)) / (width - 1) + 0.5) * white
    if function == "LINEAR_EXACT":
        if value <= centre - width / 2:
            return 0
        if value > centre + width / 2:
            return white
        return ((value - centre) / width + 0.5) * white
    return white / (1 + math.exp(-4 * (value - centre) / width))


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_without_rescale_and_window_a_level_is_what_is_stored(
    tmp_path: Path, syntax: str, bits: int
) -> None:
    stored = RNG.integers(0, 1 << bits, (20, 31)).astype(np.uint16)
    file = write_dicom(tmp_path / "a", stored, bits=bits, syntax=NATIVE[syntax])
    levels, header = read_levels(file)
    np.testing.assert_array_equal(levels, stored)
    assert (header.kind, header.size_px, header.white) == ("DICOM", (31, 20), (1 << bits) - 1)
    assert levels.dtype == (np.uint8 if bits == 8 else np.uint16)
    with file.open("rb") as stream:
        assert read_header(stream) == header


def test_eight_bits_in_one_byte_are_read_whatever_the_order_of_bytes(tmp_path: Path) -> None:
    stored = RNG.integers(0, 256, (20, 32)).astype(np.uint8)
    for name, syntax in NATIVE.items():
        if name != "big endian":  # its bytes stand in pairs, which the writer here doesn't turn
            file = write_dicom(tmp_path / name, stored, bits=8, syntax=syntax)
            np.testing.assert_array_equal(read_levels(file)[0], stored)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2.5, -1024), (-1, 4095)])
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_every_level_is_the_standards(
    tmp_path: Path, function: str | None, slope: float, intercept: float, kind: str
) -> None:
    window = {"WindowCenter": [1300, 40], "WindowWidth": [900, 400], "VOILUTFunction": function}
    file = write_dicom(
        tmp_path / "a.dcm",
        STORED,
        PhotometricInterpretation=kind,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        **window,
    )
    levels, header = read_levels(file)
    assert header.white == 4095
    function = function or "LINEAR"
    for level, value in zip(levels.ravel(), STORED.ravel().tolist(), strict=True):
        rescaled = value * slope + intercept
        wanted = show(rescaled, centre=1300, width=900, function=function, white=4095)
        wanted = 4095 - wanted if kind == "MONOCHROME1" else wanted
        assert abs(level - wanted) <= 0.5 + 1e-9


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_a_window_is_that_of_pydicom(tmp_path: Path, function: str) -> None:
    given = {"WindowCenter": 700.5, "WindowWidth": 333, "VOILUTFunction": function}
    rescale = {"RescaleSlope": 0.5, "RescaleIntercept": -20}
    file = write_dicom(tmp_path / "a.dcm", STORED, **given, **rescale)
    dataset = pydicom.dcmread(file)
    theirs = apply_windowing(apply_rescale(dataset.pixel_array, dataset), dataset)
    low, high = -20, 0.5 * 4095 - 20  # the range that pydicom shows a window in
    ours = read_levels(file)[0] / 4095
    np.testing.assert_allclose(ours, (theirs - low) / (high - low), atol=0.5 / 4095 + 1e-9)


@pytest.mark.parametrize("bits", [12, 16])
def test_signed_values_are_shown_from_the_lowest_to_the_highest(tmp_path: Path, bits: int) -> None:
    half = 1 << (bits - 1)
    stored = np.array([[-half, -1, 0, 1], [half - 1, 5, -5, -half + 1]], np.int16)
    levels, _ = read_levels(write_dicom(tmp_path / "a.dcm", stored, bits=bits))
    np.testing.assert_array_equal(levels, stored.astype(int) + half)


def test_bits_beyond_those_stored_mean_nothing(tmp_path: Path) -> None:
    overlaid = STORED | (RNG.integers(0, 16, STORED.shape) << 12).astype(np.uint16)
    levels, _ = read_levels(write_dicom(tmp_path / "a.dcm", overlaid))
    np.testing.assert_array_equal(levels, STORED)


def test_a_negative_slope_turns_black_and_white_as_its_values_say(tmp_path: Path) -> None:
    given = {"RescaleSlope": -1, "RescaleIntercept": 4095}
    levels, _ = read_levels(write_dicom(tmp_path / "a.dcm", STORED, **given))
    np.testing.assert_array_equal(levels, 4095 - STORED)


def test_a_window_as_wide_as_the_bits_moves_no_level(tmp_path: Path) -> None:
    every = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    file = write_dicom(tmp_path / "a.dcm", every, WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_array_equal(read_levels(file)[0], every)


def test_a_window_of_sixteen_bits_has_a_white_of_its_own(tmp_path: Path) -> None:
    stored = np.array([[0, 1000, 2000, 65535]], np.uint16)
    given = {"bits": 16, "WindowCenter": 1500.5, "WindowWidth": 1001}
    file = write_dicom(tmp_path / "a.dcm", stored, **given)
    levels, header = read_levels(file)
    # 65535 would stand for images of which nobody knows how much of it they use.
    assert header.white == 32767
    np.testing.assert_array_equal(levels, [[0, 0, 32767, 32767]])
    np.testing.assert_array_equal(read_gray(file), [[0, 0, 255, 255]])


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_a_window_of_hardly_any_width_is_a_threshold(tmp_path: Path, function: str) -> None:
    stored = np.array([[99, 100, 101]], np.uint16)
    given = {"WindowCenter": 100, "WindowWidth": "1e-300", "VOILUTFunction": function}
    levels, _ = read_levels(write_dicom(tmp_path / "a.dcm", stored, **given))
    np.testing.assert_array_equal(levels, [[0, 2048, 4095]])


def test_a_window_of_width_one_is_a_threshold(tmp_path: Path) -> None:
    stored = np.array([[99, 100, 101]], np.uint16)
    file = write_dicom(tmp_path / "a.dcm", stored, WindowCenter=100.5, WindowWidth=1)
    np.testing.assert_array_equal(read_levels(file)[0], [[0, 0, 4095]])


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("eye", ["left", "right"])
def test_a_frame_of_twelve_bits_and_its_png_become_the_same_image(
    tmp_path: Path, kind: str, eye: str
) -> None:
    drawn = draw_eye(centre=(300, 230)).astype(float) + RNG.normal(0, 4, (480, 640))
    deep = np.rint(np.clip(drawn, 0, 255) / 255 * 4095).astype(np.uint16)
    stored = 4095 - deep if kind == "MONOCHROME1" else deep
    frame = write_dicom(tmp_path / "a.dcm", stored, PhotometricInterpretation=kind)
    png = tmp_path / "a.png"
    cv2.imwrite(str(png), np.rint(deep / 4095 * 255).astype(np.uint8))
    images = [
        preprocess_image(read_gray(file, white=white), eye=eye, settings=SMOKE.preprocess)[0]
        for file, white in ((png, None), (frame, None), (frame, 255))  # and for a run on PNG
    ]
    assert images[0].std() > 20
    for image in images[1:]:
        assert np.abs(image.astype(int) - images[0]).max() <= 1


def test_of_all_sixteen_bits_the_data_sets_white_counts(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", STORED, bits=16)
    np.testing.assert_array_equal(read_gray(file, white=4095), np.rint(STORED / 4095 * 255))
    with pytest.raises(DataError, match="is above the data set's white, 255"):
        read_gray(file, white=255)


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.png", STORED)
    content = file.read_bytes()
    # A preamble may be that of a TIFF (PS3.10, 7.1).
    file.write_bytes(b"II*\0" + content[4:])
    np.testing.assert_array_equal(read_levels(file)[0], STORED)


@pytest.mark.parametrize("before", [b"", b"\x02\0\x02\1OB\0\0\0\0\2\0" + bytes(1 << 17)])
def test_a_deflated_file_is_refused_before_it_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    deflated = uid.DeflatedExplicitVRLittleEndian
    file = write_dicom(tmp_path / "a.dcm", STORED, syntax=deflated)
    content = file.read_bytes()
    file.write_bytes(content[:144] + before + content[144:])
    monkeypatch.setattr(pydicom, "dcmread", lambda *_, **__: pytest.fail("it was inflated"))
    with pytest.raises(DataError, match="^is deflated, save it uncompressed$"):
        read_levels(file)


def test_rle_is_read_without_further_packages(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", STORED)
    dataset = pydicom.dcmread(file)
    dataset.compress(uid.RLELossless)
    dataset.save_as(file)
    np.testing.assert_array_equal(read_levels(file)[0], STORED)


def compress(file: Path, syntax: str, **given) -> Path:
    """Write a file that is marked as compressed."""
    write_dicom(file, STORED, **given)
    dataset = pydicom.dcmread(file)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.add_new("PixelData", "OB", encapsulate([b"\0" * 64]))
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(file)
    return file


BAD = {
    "several frames": ({"NumberOfFrames": 7}, "^holds 7 frames, save one image per file$"),
    "colours": (
        {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3},
        r"^holds colours \(RGB\), save it as MONOCHROME1 or MONOCHROME2$",
    ),
    "a palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, r"\(PALETTE COLOR\)"),
    "words in place of a kind": ({"PhotometricInterpretation": "Zofia"}, r"\(of another kind\)"),
    "no pixels": ({"PixelData": None}, "^holds no pixels$"),
    "no size": ({"Rows": None}, "^holds no pixels$"),
    "no kind": ({"PhotometricInterpretation": None}, "^has no readable description"),
    "few bits": ({"BitsStored": 6, "HighBit": 5}, "^holds pixels of 6 bits in 16 with 5"),
    "bits at the high end": ({"HighBit": 15}, "^holds pixels of 12 bits in 16 with 15"),
    "more rows than pixels": ({"Rows": 40}, "^is truncated or damaged$"),
    "too large": ({"Rows": 65535, "Columns": 65535}, "^expected at most .* got 65535x65535$"),
    "no slope": ({"RescaleSlope": 0}, "^has the rescale slope 0 and intercept 0, correct them$"),
    "a slope of nothing": (
        {"RescaleSlope": "1e-30", "RescaleIntercept": 1000},
        "^has the rescale slope 1e-30 and intercept 1000",
    ),
    "an endless slope": ({"RescaleSlope": "1e308"}, r"^has the rescale slope 1e\+308"),
    "no width": ({"WindowCenter": 5, "WindowWidth": 0}, "^has a window of width 0"),
    "another function": (
        {"WindowCenter": 5, "WindowWidth": 9, "VOILUTFunction": "LOG"},
        "^has another window than LINEAR, LINEAR_EXACT, SIGMOID",
    ),
    "a table of levels": (
        {"VOILUTSequence": [pydicom.Dataset()]},
        r"^has a table of levels \(VOILUTSequence\), save it with a window instead$",
    ),
    "a table before the window": (
        {"ModalityLUTSequence": [pydicom.Dataset()], "WindowCenter": 5, "WindowWidth": 9},
        r"^has a table of levels \(ModalityLUTSequence\), save it with a rescale instead$",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_gray_frame_is_refused(tmp_path: Path, name: str) -> None:
    given, message = BAD[name]
    file = write_dicom(tmp_path / "a.dcm", STORED, **given)
    with pytest.raises(DataError, match=message):
        read_levels(file)


def test_a_window_beside_a_table_of_levels_is_used(tmp_path: Path) -> None:
    given = {"VOILUTSequence": [pydicom.Dataset()], "WindowCenter": 2048, "WindowWidth": 4096}
    levels, _ = read_levels(write_dicom(tmp_path / "a.dcm", STORED, **given))
    np.testing.assert_array_equal(levels, STORED)


@pytest.mark.parametrize(
    ("syntax", "message"),
    [
        (uid.MPEG2MPML, r"^holds a video \(MPEG2 Main Profile / Main Level\), save one frame"),
        (uid.HEVCM10P51, "^holds a video"),
        ("1.2.840.10008.1.2.4.94", "^is compressed .*save it uncompressed$"),
        ("1.2.3.4", r"^is compressed \(a way that pydicom doesn't know\): save it uncompressed$"),
    ],
)
def test_a_video_and_what_is_not_decoded_are_refused(
    tmp_path: Path, syntax: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_levels(compress(tmp_path / "a.dcm", syntax))


def test_a_codec_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels import get_decoder

    decoder = get_decoder(uid.JPEGLSLossless)
    monkeypatch.setattr(decoder, "_available", {})
    monkeypatch.setattr(decoder, "_unavailable", {"pyjpegls": ("pyjpegls>=1.2",)})
    sentence = r"^is compressed \(JPEG-LS Lossless .*pyjpegls.* or save it uncompressed$"
    with pytest.raises(DataError, match=sentence):
        read_levels(compress(tmp_path / "a.dcm", uid.JPEGLSLossless))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", STORED, bits=12)
    content = file.read_bytes()
    for length in range(133, len(content), 37):
        file.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"^(is |has |holds no)"):
            read_levels(file)


def test_bytes_changed_anywhere_give_levels_or_a_sentence(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", STORED, WindowCenter=100, WindowWidth=50)
    content = file.read_bytes()
    head, rng = len(content) - STORED.nbytes, np.random.default_rng(1)
    read = 0
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(132, head, 3):
            damaged[place] = rng.integers(256)
        file.write_bytes(damaged)
        try:
            levels, header = read_levels(file)
            assert levels.max() <= header.white
            read += 1
        except DataError as error:
            assert not any(str(value) in str(error) for value in SOURCE.values())
    assert 40 < read < 400


def test_without_pydicom_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_dicom(tmp_path / "a.dcm", STORED)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match=r"^is DICOM, which needs pydicom: .*'\.\[dicom\]'"):
        read_levels(file)


def test_nothing_of_a_patient_is_warned_of_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = {"PatientID": "0060" * 40, "PatientBirthDate": "born in spring", "WindowCenter": "1e1"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = write_dicom(tmp_path / "a.dcm", STORED, **odd)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        read_levels(file)
    assert not seen and not caplog.records


def test_a_manifest_of_dicom_files_is_surveyed_as_any_other(tmp_path: Path) -> None:
    lines = ["path,patient_id,eye,glaucoma"]
    for number, (eye, ill) in enumerate(product(("left", "right"), (True, False))):
        frame = draw_eye(centre=(300 + 5 * number, 230)).astype(np.uint16) * 16
        write_dicom(tmp_path / f"{number}.dcm", frame)
        lines.append(f"{number}.dcm,p{number},{eye},{ill}")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(lines))
    survey = survey_manifest(manifest)
    assert not survey.errors
    assert set(survey.sizes_px) == {(640, 480)}
    write_dicom(tmp_path / "3.dcm", np.zeros((480, 640), np.uint16), NumberOfFrames=2)
    wrong = survey_manifest(manifest).list_remarks(Finding.WRONG)
    assert any("holds 2 frames" in remark.named for remark in wrong)
