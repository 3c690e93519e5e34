"""A vector as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from schemas.durations import format_duration
from services.trace.story import Feature, Window
from services.trace.words import number


def feature_table(features: Sequence[Feature]) -> Table:
    """Draw the vector as served, a column of it in each row, with what it was made of."""
    table = Table("feature as served", "value", "from", box=None, header_style="bold cyan", padding=(0, 2))
    table.columns[1].justify = "right"
    for feature in features:
        value = Text(number(feature.value), style="yellow" if feature.value is None else "")
        origin = window_text(feature.window) if feature.window else "request"
        table.add_row(feature.name, value, origin if feature.text is None else f"{origin}: {feature.text}")
    return table


def window_text(window: Window) -> str:
    """Write what a window's column is made of.

    Examples
    --------
    >>> window_text(Window("departure", "delay", "mean", 3_600_000, ("origin", "carrier"), ("JFK", None)))
    'mean of departure.delay over 1h, origin=JFK carrier=?'
    """
    who = " ".join(f"{key}={name or '?'}" for key, name in zip(window.key, window.entity, strict=True))
    return f"{window.aggregate} of {window.event}.{window.value} over {format_duration(window.span_ms)}, {who}"
