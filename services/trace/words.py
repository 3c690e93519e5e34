"""Times, spans and places in the words of a person. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from services.trace.sightings import Place

_YEARS_MS = 1900 * 365 * 86_400_000
_STEPS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"))


def when(time_ms: float | None) -> str:
    """Write a time, UTC; times beyond the calendar are shown as its end.

    Examples
    --------
    >>> when(1_357_034_400_250.0), when(None)
    ('2013-01-01 10:00:00.250', '–')
    """
    if time_ms is None or math.isnan(time_ms):
        return "–"
    within = min(max(time_ms, -_YEARS_MS), _YEARS_MS)
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=within)).isoformat(" ", "milliseconds")
    return text.removesuffix("+00:00").removesuffix(".000")


def span(milliseconds: float) -> str:
    """Write a span with its two largest units.

    Examples
    --------
    >>> [span(x) for x in (8_100_000, 90_000, 12.34, -61_000, 0)]
    ['2h 15m', '1m 30s', '12.3 ms', '−1m 1s', '0 ms']
    """
    if milliseconds < 0:
        return f"−{span(-milliseconds)}"
    if milliseconds < 1000:
        return f"{milliseconds:.3g} ms"
    parts, left = list[str](), round(milliseconds)
    for size, unit in _STEPS:
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts[:2])


def where(place: Place) -> str:
    """Write a place.

    Examples
    --------
    >>> where(Place("flights.labels.v1", 2, 1234, 0.0))
    'flights.labels.v1/2 @ 1234'
    """
    return at(place.position)


def at(position: tuple[str, int, int]) -> str:
    """Write topic, partition and offset."""
    return f"{position[0]}/{position[1]} @ {position[2]}"


def number(value: float | None) -> str:
    """Write a number; what is missing is said to be.

    Examples
    --------
    >>> number(0.12345678), number(None), number(1000000.0)
    ('0.123457', 'missing', '1e+06')
    """
    return "missing" if value is None else f"{value:.6g}"


def ranges(offsets: tuple[int, ...]) -> str:
    """Write offsets as stretches.

    Examples
    --------
    >>> ranges((3, 4, 5, 8, 10, 11))
    '3–5, 8, 10–11'
    """
    stretches: list[list[int]] = []
    for offset in offsets:
        if stretches and offset == stretches[-1][1] + 1:
            stretches[-1][1] = offset
        else:
            stretches.append([offset, offset])
    return ", ".join(f"{a}–{b}" if a < b else str(a) for a, b in stretches)
