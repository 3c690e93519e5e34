"""Bytes as an enemy sends them: what was sound, cut, changed, lengthened, spliced, or made up."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st

EXAMPLES = 100
"""Of each target in a run of the tests; `make fuzz` goes on for as long as it is told to."""
VARINTS = [
    b"\xff" * 10,
    b"\x80" * 9 + b"\2",
    b"\xfe" + b"\xff" * 8 + b"\1",
    b"\1",
    b"\x80" * 40,
    b"\x80\x80\x80\x80\x10",
]
_WORDS = [bytes([byte]) * size for byte in (0, 1, 0x7F, 0x80, 0xFF) for size in (1, 4, 8)]
_CONTROLS = [b"\xc0\x7f", b"\x80\x7f\0\0", b"\xf0\x7f", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\0"]
TOKENS = [*VARINTS, *_WORDS, *_CONTROLS]

fuzzed = settings(max_examples=EXAMPLES)


@st.composite
def damaged(draw: st.DrawFn, sound: Sequence[bytes], most: int = 6) -> bytes:
    """Some of `sound`, after up to `most` changes."""
    value = bytearray(draw(st.sampled_from(list(sound))))
    for _ in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(["cut", "flip", "put", "insert", "drop", "append"]))
        at = draw(st.integers(0, len(value)))
        token = draw(st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=12))
        if kind == "cut":
            del value[at:]
        elif kind == "flip" and at < len(value):
            value[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "put":
            value[at : at + len(token)] = token
        elif kind == "insert":
            value[at:at] = token
        elif kind == "drop":
            del value[at : at + draw(st.integers(1, 16))]
        else:
            value += token
    return bytes(value)


def hostile(sound: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Damaged values, and now and then bytes that never were sound."""
    return st.one_of(damaged(sound), damaged(sound), st.binary(max_size=80))
