"""A vector as a table short enough for a screen: a row for each value and entity, its aggregates and spans in it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from schemas.durations import format_duration
from services.trace.story import Feature, Window
from services.trace.words import number


def feature_table(features: Sequence[Feature]) -> Table:
    """Draw the vector as served; every column of it is there, under what it was made of instead of its name."""
    table = Table("features as served", "of", "", box=None, header_style="bold cyan", padding=(0, 2))
    for (who, what), cells in feature_rows(features).items():
        table.add_row(who, what, Text("  ").join(cells))
    return table


def feature_rows(features: Sequence[Feature]) -> dict[tuple[str, str], list[Text]]:
    """Cells of each row, by entity and value.

    Examples
    --------
    >>> window = Window("departure", "delay", "mean", 3_600_000, ("origin", "carrier"), ("JFK", None))
    >>> rows = feature_rows([Feature("dest", 142.0, "ATL", None), Feature("…", None, None, window)])
    >>> {key: [cell.plain for cell in cells] for key, cells in rows.items()}
    {('request', ''): ['dest 142 (ATL)'], ('origin=JFK carrier=?', 'departure.delay'): ['mean 1h missing']}
    """
    rows: dict[tuple[str, str], list[Text]] = {}
    for feature in features:
        window = feature.window
        key = (_entity(window), f"{window.event}.{window.value}") if window else ("request", "")
        rows.setdefault(key, []).append(_cell(feature))
    return rows


def _cell(feature: Feature) -> Text:
    window = feature.window
    name = f"{window.aggregate} {format_duration(window.span_ms)}" if window else feature.name
    value = (number(feature.value), "yellow" if feature.value is None else "bold")
    return Text.assemble((f"{name} ", "dim"), value, "" if feature.text is None else f" ({feature.text})")


def _entity(window: Window) -> str:
    return " ".join(f"{key}={name or '?'}" for key, name in zip(window.key, window.entity, strict=True))
