"""Change files at random, as a broken disk, an editor or somebody of ill will would."""

from hypothesis import strategies as st

# What readers of CSV, JSON and images are known to stumble over.
TOKENS = (
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b";", b",", b"\n", b"\r", b"=1+1", b"../"),
    *(b"/etc/passwd", b"C:\\", b"-1", b"NaN", b"1e999", b"null", b"[]", b"{}"),
    *(b"9" * 5000, b"[" * 20_000, b"x" * 140_000, b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"),
    "\u0660\u2028".encode(),
)


@st.composite
def mutations(draw: st.DrawFn, original: bytes) -> bytes:
    """Draw a content that differs from the original in one to four places."""
    content = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from((0, 1, 1, 2, 4, 16, len(content))))
        kind = draw(st.sampled_from(("flip", "token", "bytes", "copy", "cut")))
        if kind == "flip" and place < len(content):
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "token":
            content[place : place + length] = draw(st.sampled_from(TOKENS))
        elif kind == "bytes":
            content[place : place + length] = draw(st.binary(max_size=8))
        elif kind == "copy":
            content[place:place] = content[place : place + length]
        else:
            del content[place : place + length]
    return bytes(content)
