"""Durations as people write them, kept as whole milliseconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PATTERN = re.compile(r"(\d+)\s*(ms|s|m|h|d)")


def parse_duration(value: object) -> object:
    """Turn ``"30m"`` into milliseconds; anything but text passes through for pydantic to judge.

    Parameters
    ----------
    value : object
        Text of a whole number and one of ms, s, m, h, d.

    Returns
    -------
    object
        Milliseconds as an int when `value` is text.

    Raises
    ------
    ValueError
        The text is not a duration.

    Examples
    --------
    >>> parse_duration("30m"), parse_duration("1d")
    (1800000, 86400000)
    """
    if not isinstance(value, str):
        return value
    match = _PATTERN.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is no duration; write a whole number and a unit: 500ms, 30s, 15m, 2h, 1d")
    return int(match[1]) * _UNITS_MS[match[2]]


def format_duration(milliseconds: int) -> str:
    """Write milliseconds with the largest unit that divides them.

    Examples
    --------
    >>> format_duration(1_800_000), format_duration(90_000), format_duration(0)
    ('30m', '90s', '0s')
    """
    if milliseconds == 0:
        return "0s"
    unit = max((u for u in _UNITS_MS if milliseconds % _UNITS_MS[u] == 0), key=_UNITS_MS.__getitem__)
    return f"{milliseconds // _UNITS_MS[unit]}{unit}"


Duration = Annotated[
    int, BeforeValidator(parse_duration), Field(ge=0, strict=True), PlainSerializer(format_duration, when_used="json")
]
