"""Drifts in a terminal: one a line, or one with the histograms of both sides laid over each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from models.drift.event import Drift
from services.drift.sides import Sides, coarser, is_told, quantiles, sides_of

_BINS, _WIDTH = 16, 40  # with the names of bins and two shares, a line of 80
_NAMED = 3
WIDE: Final = 160
"""Characters in a line that `drift_table` needs to be readable."""
_QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
_STYLES = {"act": "bold red", "watch": "yellow"}
RUNBOOK = "docs/runbooks/drift-{kind}.md"
_BOTH, _WINDOW, _REFERENCE = "█", "▓", "░"


def drift_table(drifts: Iterable[Drift]) -> Table:
    """List drifts, oldest first."""
    heads = ("id", "since", "until", "kind", "pattern", "severity")
    folded = (Column("test", overflow="fold"), Column("columns", overflow="fold", min_width=30))
    table = Table(*(Column(head, no_wrap=True) for head in heads), *folded, box=None)
    for drift in drifts:
        until = _time(drift.until) if drift.state == "closed" else f"{_time(drift.until)} …"
        severity = Text(drift.severity, style=_STYLES.get(drift.severity, ""))
        test, columns = _test(drift), Text(_named(drift))  # `error[shop=web]` is no markup
        table.add_row(drift.id, _time(drift.since), until, drift.kind, drift.pattern, severity, test, columns)
    return table


def drift_lines(drifts: Iterable[Drift]) -> Text:
    """List drifts, oldest first, where lines are short: each in two of them."""
    text = Text()
    for drift in drifts:
        text.append(f" {drift.id}  ").append(drift.severity, _STYLES.get(drift.severity, ""))
        until = _time(drift.until) if drift.state == "closed" else f"{_time(drift.until)} …"
        text.append(f"  {drift.kind}, {drift.pattern}; {_test(drift)}\n")
        text.append(f"   {_time(drift.since)} to {until}  {_named(drift)}\n")
    return text[:-1]


def render(drift: Drift) -> RenderableType:
    """Draw one drift."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(drift):
        grid.add_row(name, Text(text))
    panel = Panel(grid, title=drift.id, border_style=_STYLES.get(drift.severity, "blue"))
    return Group(panel, *(overlay(sides) for sides in sides_of(drift)))


def overlay(sides: Sides) -> RenderableType:
    """Lay the histogram of the window over that of the reference, and give their quantiles."""
    coarse = coarser(sides, _BINS)
    most = max(float(coarse.window_K.max()), float(coarse.reference_K.max()), 1e-9)
    table = Table(
        Column("", justify="right", no_wrap=True),
        Column("", width=_WIDTH, no_wrap=True),
        Column("window", justify="right"),
        Column("reference", justify="right"),
        title=Text.assemble(
            (f"{sides.column}  ", "bold"),
            f"{_BOTH} both  ",
            (f"{_WINDOW} window  ", "red"),
            (f"{_REFERENCE} reference", "blue"),
        ),
        title_justify="left",
        box=None,
    )
    for k, (window, reference) in enumerate(zip(coarse.window_K, coarse.reference_K, strict=True)):
        table.add_row(_bin(coarse, k), _bar(window / most, reference / most), f"{window:.1%}", f"{reference:.1%}")
    rest = "elsewhere" if "[" in sides.column else "missing"  # of a slice: rows of the others
    table.add_row(rest, "", f"{sides.window_missing:.1%}", f"{sides.reference_missing:.1%}", style="dim")
    return table if sides.is_category else Group(table, _quantile_table(sides))


def _test(drift: Drift) -> str:
    return f"{drift.test} {drift.statistic:.3g}"


def _named(drift: Drift) -> str:
    names = list(dict.fromkeys(drift.columns))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _rows(drift: Drift) -> Iterator[tuple[str, str]]:
    yield "what", f"{drift.kind} drift, {drift.severity}; pattern: {drift.pattern}"
    if drift.recurs:
        yield "seen before", drift.recurs
    yield (
        "lasted" if drift.state == "closed" else "lasts",
        (f"{_span(drift.since, drift.until)} ({drift.windows} windows; {drift.state})"),
    )
    yield "window", f"{_span(drift.window_start, drift.window_end)}, {drift.rows:,} rows, where it was strongest"
    if drift.reference_rows:
        yield "reference", f"{_span(drift.reference_start, drift.reference_end)}, {drift.reference_rows:,} rows"
    if drift.offset >= 0:
        stood = f"version {drift.version} stood" if drift.version else "no version stood yet"
        yield "raised", f"by {drift.test} at offset {drift.offset:,} of the examples log; {stood}"
    p_value = "" if math.isnan(drift.p_value) else f", p = {drift.p_value:.2g}"
    what = "mean error" if drift.offset >= 0 else drift.test
    yield "statistic", f"{what} {drift.statistic:.4g} above {drift.threshold:.4g}{p_value}"
    pairs = zip(drift.columns, drift.tests, drift.statistics, strict=True)
    yield "columns", "  ".join(f"{column} ({test} {value:.3g})" for column, test, value in pairs)
    if drift.kind == "joint":
        yield "moved most", ", ".join(drift.histograms)
    yield "what to do", drift.action
    yield "runbook", RUNBOOK.format(kind=drift.kind)


def _bin(sides: Sides, k: int) -> str:
    low, high = sides.edges_E[k], sides.edges_E[k + 1]
    if sides.is_category:
        return f"codes ≡ {low:.0f}" if high - low <= 1 else f"codes ≡ {low:.0f}–{high - 1:.0f}"
    return f"{low:.4g} … {high:.4g}"


def _bar(window: float, reference: float) -> Text:
    """What both have, then what one has more of."""
    ends = round(window * _WIDTH), round(reference * _WIDTH)
    more = (_WINDOW, "red") if window > reference else (_REFERENCE, "blue")
    return Text.assemble(_BOTH * min(ends), (more[0] * (max(ends) - min(ends)), more[1]))


def _quantile_table(sides: Sides) -> Table:
    heads = (*(f"{q:.0%}" for q in _QUANTILES), *(("mean", "spread") if is_told(sides) else ()))
    table = Table("quantile", *(Column(head, justify="right") for head in heads), box=None)
    moments = (sides.window_moments, sides.reference_moments)
    for name, values_Q, both in zip(("window", "reference"), quantiles(sides, _QUANTILES), moments, strict=True):
        values = [*values_Q, *both][: len(heads)]
        table.add_row(name, *("–" if math.isnan(value) else f"{value:.4g}" for value in values), style="dim")
    return table


def _span(start: float, end: float) -> str:
    return f"{_time(start)} to {_time(end)}"


def _time(time_ms: float) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
