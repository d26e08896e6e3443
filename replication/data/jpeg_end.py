"""Whether a JPEG ends before its last rows, which its decoder then fills with gray without an error.

Behind a scan's start the two bytes of a marker mean nothing else (ITU-T T.81, B.1.1.5).
"""

import re
import struct
from collections.abc import Callable, Mapping

import numpy as np

JPEG_END = b"\xff\xd9"
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MORE_CODE = bytes(range(1, 251)) * 2  # no marker in it, and no row the same for long


def ends_early(
    levels: np.ndarray,
    content: bytes,
    *,
    decode: Callable[[bytes], np.ndarray | None],
    progressive: bool,
) -> bool:
    """Return whether a JPEG's decoder wanted more code than stands before its markers.

    What it lacks, libjpeg fills with level 128, to the last pixel where there are no restarts. So
    the image is decoded once more with more code before its markers: of a whole one no pixel
    changes. A restart that is missing takes rows with it that no code is read for.

    Args:
        levels: (H, W) uint8, what `decode` returns of the content.
        content: a whole file, its end marker in place.
        decode: the decoder, which writes gray where it lacks code; None of what it refuses.
        progressive: whether the file has several scans of which each refines the image.
    """
    segments, scan = _walk_segments(content)
    restarts = _count_restarts(segments)
    if levels[-1, -1] != 128 and not progressive and not restarts:
        return False
    end = content.find(JPEG_END, scan)
    code, found = _RESTART.subn(lambda marker: _MORE_CODE + marker[0], content[scan:end])
    longer = decode(content[:scan] + code + _MORE_CODE + content[end:])
    return found < restarts or longer is None or not np.array_equal(levels, longer)


def _walk_segments(content: bytes) -> tuple[dict[int, bytes], int]:
    """Return a JPEG's segments before its first scan by their markers, and where that starts."""
    segments, place = {}, 2
    while place + 4 <= len(content) and content[place + 1] != 0xDA:
        if content[place + 1] == 0xFF:
            place += 1
            continue
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        segments[content[place + 1]] = content[place + 4 : end]
        place = end
    return segments, place


def _count_restarts(segments: Mapping[int, bytes]) -> int:
    """Return how many restarts a JPEG's first scan has at least (ITU-T T.81, B.2.2 and B.2.4.4)."""
    interval = int.from_bytes(segments.get(0xDD, b"")[:2])
    frame = next((segments[marker] for marker in (0xC0, 0xC1, 0xC2) if marker in segments), b"")
    if not interval or len(frame) < 6:
        return 0
    height, width, components = struct.unpack(">HHB", frame[1:6])
    sampling = frame[7::3][:components] if components > 1 else b"\x11"
    across = 8 * max(1, *(part >> 4 for part in sampling))
    down = 8 * max(1, *(part & 15 for part in sampling))
    return -(-(-(-width // across) * -(-height // down)) // interval) - 1
