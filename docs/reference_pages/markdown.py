"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WARNING = "<!-- Generated from the code by `make docs`. Do not edit: change the code instead. -->"


def page(title: str, *blocks: str) -> str:
    """Put a page together."""
    return "\n\n".join([WARNING, f"# {title}", *(block.strip("\n") for block in blocks)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Write a table.

    Examples
    --------
    >>> print(table(["a"], [["x|y"]]))
    | a |
    |---|
    | x\|y |
    """
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def code(*words: str) -> str:
    """Words as code, with commas between."""
    return ", ".join(f"`{word}`" for word in words)


def fenced(text: str, language: str = "text") -> str:
    """Text as a block."""
    return f"```{language}\n{text.rstrip()}\n```"
