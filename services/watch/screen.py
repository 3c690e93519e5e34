"""The live terminal view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from models.evaluation.unlabelled import WholeScore
from services.watch.view import DriftLine, View

_DRIFTS_SHOWN = 4


def render(title: str, view: View, rows: Mapping[str, str] | None = None) -> RenderableType:
    """Draw a view; `rows` are further lines, such as the progress of a replay."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold cyan", justify="right", no_wrap=True)
    table.add_column()
    for name, text in {**(rows or {}), **_lines(view)}.items():
        table.add_row(name, text)
    drifts = [Text(_drift_line(d), style=_STYLES.get(d.severity, "")) for d in view.drifts[-_DRIFTS_SHOWN:]]
    return Panel(Group(table, *drifts), title=f"[bold]{title}[/bold]", border_style="blue", expand=True)


_STYLES = {"act": "bold red", "watch": "yellow"}


def _lines(view: View) -> dict[str, str]:
    return {
        "event time": format_time(view.event_time_ms),
        "answers": f"{view.answers:,}  ({view.answers_per_s:,.0f}/s)  {_counts(view.statuses)}",
        "latency": f"p50 {_number(view.latency_p50_ms, 1)} ms   p99 {_number(view.latency_p99_ms, 1)} ms",
        "labels": f"{view.examples:,} joined   coverage {view.coverage:.1%}   defaults {view.defaulted:.1%}   "
        f"delay {delays_text(view)}",
        view.score_name: f"mean {_number(view.score, 3)}   last window {_number(view.score_last, 3)}   "
        f"log loss {_number(view.log_loss, 3)}   ({view.windows} windows)",
        **{f"{name.replace('_', ' ')} of all": whole_text(score) for name, score in view.whole.items()},
        "versions": f"{view.published} published   {view.refused} refused   {view.swaps} swapped in   "
        f"serving {view.serving}",
        "drift": f"{view.drift_count} events",
        "dead letters": _counts(view.dead_letters) or "none",
    }


def delays_text(view: View) -> str:
    """Quantiles of the delay of labels."""
    hours = (
        _number(ms / 3_600_000, 1) for ms in (view.label_delay_p50_ms, view.label_delay_p90_ms, view.label_delay_p99_ms)
    )
    return "p50 {} h   p90 {} h   p99 {} h".format(*hours)


def whole_text(score: WholeScore) -> str:
    """A figure over all answers, labelled or not.

    Examples
    --------
    >>> whole_text(WholeScore(labelled=0.8, worst=0.6, best=0.9, at_random=0.79))
    '0.600 at worst   0.900 at best   0.790 if missing at random   0.800 of the labelled'
    """
    worst, best, guess, known = (_number(v, 3) for v in (score.worst, score.best, score.at_random, score.labelled))
    return f"{worst} at worst   {best} at best   {guess} if missing at random   {known} of the labelled"


def _drift_line(drift: DriftLine) -> str:
    span = f"{format_time(drift.window_start_ms)} to {format_time(drift.window_end_ms)}"
    columns = ", ".join(drift.columns[:3])
    return f"  {drift.severity:5}  {span}  {drift.test} {drift.statistic:.2f}  {columns}"


def _counts(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:,.{digits}f}"


def format_time(time_ms: float) -> str:
    """Event time for a person, UTC; a dash if there is none.

    Examples
    --------
    >>> format_time(1357020000000.0)
    '2013-01-01 06:00'
    """
    return "–" if math.isnan(time_ms) else datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
