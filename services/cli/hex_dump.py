"""Bytes as people read them, with a place marked. Pure."""

from __future__ import annotations

from typing import Final

_ROW: Final = 16
_BEGINNING, _BEFORE, _AFTER = 4, 4, 8
"""Rows shown: so many from the beginning, and so many around the mark."""


def hex_dump(data: bytes, mark: int) -> str:
    """Show the beginning and what is around `mark`, sixteen bytes a row; a caret stands below the marked byte.

    Examples
    --------
    >>> print(hex_dump(bytes(range(3)), 1))
      00000000  00 01 02                                         |...|
                   ^^ here
    """
    rows = -(-len(data) // _ROW)
    marked = min(mark, len(data)) // _ROW
    shown = [row for row in range(rows) if row < _BEGINNING or marked - _BEFORE <= row <= marked + _AFTER]
    lines: list[str] = []
    for before, row in zip([-1, *shown], shown, strict=False):
        lines += ["  …"] if row != before + 1 else []
        lines.append(_line(data, row))
        lines += [_caret(mark)] if row == marked else []
    if mark >= rows * _ROW:
        lines.append(f"  the value ends here, at byte {len(data)}")
    elif shown and shown[-1] < rows - 1:
        lines.append(f"  … {len(data):,} bytes in all")
    return "\n".join(lines)


def _line(data: bytes, row: int) -> str:
    some = data[row * _ROW : (row + 1) * _ROW]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in some)
    return f"  {row * _ROW:08x}  {some.hex(' '):47}  |{text}|"


def _caret(mark: int) -> str:
    return " " * (12 + 3 * (mark % _ROW)) + "^^ here"
