"""The storms of 2013 as drift_watch finds them: delays of New York's departures, a window a day.

``python -m benchmarks.drift_storms`` prints the events and writes the plot of the guide on drift.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.drift.event import Drift
from models.drift.sketch import predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from models.drift.sketch_row import SketchRow
from models.drift.windows import advance
from pipelines.flights_table import HOUR_MS, LATE_MINUTES, read_flights
from schemas.pipeline import Pipeline

PLOT: Final = Path(__file__).parents[1] / "docs/images/drift-storms.png"
DAY_MS: Final = 24 * HOUR_MS
NEW_YORK_MS: Final = 5 * HOUR_MS
"""Behind UTC, without summer time: a day's window begins at midnight or at one, when nothing departs."""
DRIFT: Final = {"window": "1d", "reference": 28, "false_alarms": 20, "tests": {"numbers": "ks"}}


def delays_pipeline(drift: dict[str, Any]) -> Pipeline:
    """Make a pipeline of nothing but delays, in minutes."""
    fields = {"airport": {"type": "category"}, "delay": {"type": "number", "range": [-30, 240]}}
    return Pipeline.model_validate(
        {
            "pipeline": "storms",
            "request": {"entity": "airport", "fields": fields},
            "target": {"type": "binary"},
            "join": {"wait": "1d"},
            "drift": drift,
        }
    )


def drifts_in(pipeline: Pipeline, x_NF: NDArray[np.float32], time_N: NDArray[np.float64]) -> list[Drift]:
    """Sketch rows day by day, as one partition, and give the sketches to the core of drift_watch."""
    plan, table, found = predictions_plan(pipeline), dict[str, dict[str, Any]](), list[Drift]()
    rows = SourceRows(np.zeros(len(x_NF), np.intp), np.arange(len(x_NF)), time_N, 1)
    sketches = sketch_columns(plan, x_NF, rows)
    for i, start in enumerate(sketches["window_start"].tolist()):
        counts_N, outside_F = sketches["counts"][i], sketches["outside"][i]
        row = SketchRow(start, start + DAY_MS, int(sketches["rows"][i]), counts_N, 0, 1, i, outside_F)
        step = advance(table, "storms|predictions", plan, pipeline.drift, row)
        found += step.drifts
        table = {k: e for k, e in {**table, **step.writes}.items() if e is not None}
    return found


def main() -> None:
    """Print the events, and plot them over the share of late departures."""
    flights = read_flights()
    departed_N = ~np.isnan(flights.dep_delay)
    delay_N = flights.dep_delay[departed_N]
    time_N = (flights.scheduled_ms[departed_N] - NEW_YORK_MS).astype(np.float64)
    x_NF = np.stack([np.zeros(len(delay_N)), delay_N], axis=1).astype(np.float32)
    closed = [d for d in drifts_in(delays_pipeline(DRIFT), x_NF, time_N) if d.state == "closed"]
    days = len(np.unique(time_N // DAY_MS))
    print(f"{len(closed)} events in {days} days; `false_alarms: {DRIFT['false_alarms']}`\n")
    print("| since | windows | pattern | statistic |\n|---|---|---|---|")
    for drift in closed:
        print(f"| {_day(drift.since):%d %B} | {drift.windows} | {drift.pattern} | {drift.test} {drift.statistic:.2f} |")
    _plot(closed, delay_N, time_N)


def _plot(closed: list[Drift], delay_N: NDArray[np.float64], time_N: NDArray[np.float64]) -> None:
    day_N = (time_N // DAY_MS).astype(np.int64)
    first = int(day_N.min())
    rows_D = np.bincount(day_N - first)
    late_D = np.bincount(day_N - first, weights=delay_N > LATE_MINUTES) / np.maximum(rows_D, 1)
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes: Any = figure.subplots()
    axes.plot([_day((first + d) * DAY_MS) for d in range(len(late_D))], late_D, linewidth=1, color="tab:blue")
    for drift in closed:
        axes.axvspan(_day(drift.since), _day(drift.until), color="tab:red", alpha=0.3)
        axes.annotate(f"{_day(drift.since):%d %b}", (_day(drift.since), 0.68), rotation=90, fontsize=7, va="bottom")
    axes.set_ylim(0, 0.8)
    axes.set_ylabel(f"share over {LATE_MINUTES:.0f} min late")
    axes.set_title("Departures from New York, 2013: delays that drift_watch calls a drift")
    axes.grid(alpha=0.3)
    figure.savefig(PLOT, dpi=110)


def _day(time_ms: float) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


if __name__ == "__main__":
    main()
