"""What stands in the documentation: fenced blocks and words set as code."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).parents[2]
DOCS = CLONE / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *(CLONE / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"))])
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.M | re.S)
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it is, what it is written in, and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def named(page: Path) -> str:
    return page.relative_to(CLONE).as_posix()


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(named(page), text[: found.start()].count("\n") + 1, found[2], textwrap.dedent(found[3]))
        for found in _FENCE.finditer(text)
    ]


def blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language == language]


def spans(text: str) -> list[str]:
    """Words set as code, outside fenced blocks."""
    return _SPAN.findall(_FENCE.sub("", text))
