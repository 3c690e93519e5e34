"""Every command that the documentation, or an error's cure, tells a reader to type exists with those flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import CLONE, PAGES, Block, blocks, named, spans
from tests.docs.command_lines import check_line, check_mention, lines_of

CONSOLE = blocks("console")
SOURCES = sorted(
    path
    for package in ("schemas", "models", "adapters", "stream_jobs", "services")
    for path in (CLONE / package).rglob("*.py")
)
IN_SOURCE = re.compile(r"`(anabranch [^`\n]+)`")


@pytest.mark.parametrize("block", CONSOLE, ids=str)
def test_block_of_commands_could_be_typed(block: Block) -> None:
    for words in lines_of(block):
        check_line(words)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_command_in_prose_exists(page: Path) -> None:
    for span in spans(page.read_text(encoding="utf-8")):
        words = span.removeprefix(".venv/bin/").split()
        if words[:1] == ["anabranch"] and len(words) > 1 and "|" not in words:
            check_mention([word for word in words[1:] if word != "COMMAND"])


def test_command_in_a_cure_exists() -> None:
    mentioned = {(named(p), found) for p in SOURCES for found in IN_SOURCE.findall(p.read_text(encoding="utf-8"))}
    assert len(mentioned) > 20
    for where, line in sorted(mentioned):
        try:
            check_mention(line.split()[1:])
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error


def test_there_are_commands_to_look_at() -> None:
    assert len(CONSOLE) > 20
    with pytest.raises(AssertionError):
        check_line(["anabranch", "topics", "destroy"])
    with pytest.raises(Exception, match="--dri"):
        check_line(["anabranch", "topics", "apply", "x.yaml", "--dri"])
    with pytest.raises(AssertionError):
        check_line(["make", "everything"])
