"""Pipeline files of any text: a pipeline, or a ConfigurationError that names the file."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from schemas.pipeline_file import parse_pipeline
from tests.fuzz.hostile import damaged, fuzzed
from tests.system.streams import strict_text

SOUND = strict_text("fuzz")
LINES = SOUND.splitlines()
PIECES = [
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!python/name:os.system",
    "null",
    "1e999",
    ".nan",
    "0x7f",
    "'",
    "\t",
    "? ",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at, piece = draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from(PIECES) | st.text(max_size=5))
        kind = draw(st.sampled_from(["drop", "double", "end", "value", "indent"]))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "end":
            lines[at] += piece
        elif kind == "value":
            lines[at] = lines[at].partition(":")[0] + ": " + piece
        else:
            lines[at] = " " * draw(st.integers(0, 4)) + lines[at].lstrip()
    return "\n".join(lines)


@fuzzed
@given(files() | damaged([SOUND.encode()]).map(lambda raw: raw.decode(errors="replace")) | st.text(max_size=30))
def test_any_text(text: str) -> None:
    with suppress(ConfigurationError):
        assert parse_pipeline(text, "x.yaml").pipeline


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{a: " * 5000, "a: &a [*a]", "? [a]\n: b", "pipeline: &a {b: *a}", "1: 2"]
)
def test_depth_and_rings(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_pipeline(text, "x.yaml")
