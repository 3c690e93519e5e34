"""The storms of 2013 as drift_watch finds them: delays of New York's departures, a window a day.

``python -m benchmarks.drift_storms`` prints the tables of the guide's page on the storms, and draws its plots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.drift.edge_choice import choices_of
from models.drift.event import Drift
from models.drift.moments import unpacked
from models.drift.sketch import PREDICTIONS, predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from models.drift.sketch_row import SketchRow
from models.drift.windows import advance
from pipelines.flights_table import HOUR_MS, LATE_MINUTES, number, read_flights, read_rows
from schemas.pipeline import Pipeline
from services.drift.plot import save_plot

IMAGES: Final = Path(__file__).parents[1] / "docs/images"
DAY_MS: Final = 24 * HOUR_MS
NEW_YORK_MS: Final = 5 * HOUR_MS
"""Behind UTC, without summer time: a day's window begins at midnight or at one, when nothing departs."""
NEAR: Final = (("2013-02-20", "2013-03-24"), ("2013-06-10", "2013-07-16"), ("2013-12-01", "2013-12-31"))
"""Stretches that are drawn larger."""
SHOWN: Final = ("2013-03-08", "2013-07-01", "2013-12-09", "2013-12-17")
"""Days of which both sides are drawn, as `anabranch drift show --png` draws them."""
WORST: Final = 10
LEARNED: Final = 28
"""Days of which edges are chosen."""
DRIFT: Final = {"window": "1d", "reference": 28, "false_alarms": 20, "tests": {"numbers": "ks"}}


@dataclass(frozen=True, slots=True)
class Year:
    """Share of late departures and their number for each of D days, which begin at `first`, in days since 1970."""

    first: int
    late_D: NDArray[np.float64]
    rows_D: NDArray[np.int64]

    def day(self, d: int) -> datetime:
        """Date of a day."""
        return _day((self.first + d) * DAY_MS)

    def at(self, time_ms: float) -> int:
        """Day that a time lies in."""
        return int(time_ms // DAY_MS) - self.first


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
        rows_here, moments = int(sketches["rows"][i]), unpacked(sketches["moments"][i])
        row = SketchRow(start, start + DAY_MS, rows_here, counts_N, 0, 1, i, outside_F, moments=moments)
        step = advance(table, "storms|predictions", plan, pipeline.drift, row)
        found += step.drifts
        table = {k: e for k, e in {**table, **step.writes}.items() if e is not None}
    return found


def main() -> None:
    """Print what was found, and how bad the days were; draw the plots."""
    flights = read_flights()
    departed_N = ~np.isnan(flights.dep_delay)
    delay_N = flights.dep_delay[departed_N]
    time_N = (flights.scheduled_ms[departed_N] - NEW_YORK_MS).astype(np.float64)
    x_NF = np.stack([np.zeros(len(delay_N)), delay_N], axis=1).astype(np.float32)
    closed, year = _closed(DRIFT, x_NF, time_N), _year(delay_N, time_N)
    print(f"{len(closed)} events in {len(year.late_D)} days; `false_alarms: {DRIFT['false_alarms']}`\n")
    print("\n".join([*_events(closed, year), "", *_worst(closed, year)]))
    _plot(closed, year)
    for drift in closed:
        if (name := f"{_day(drift.since):%Y-%m-%d}") in SHOWN:
            save_plot(drift, IMAGES / f"drift-storm-{name}.png")
    (choice,) = choices_of(delays_pipeline(DRIFT), PREDICTIONS, x_NF[time_N < (year.first + LEARNED) * DAY_MS])
    print(f"\nedges: {choice.edges}; fullest bin: {choice.fullest:.0%}, of equal width {choice.fullest_even:.0%}")
    closed = _closed({**DRIFT, "edges": {choice.column: choice.edges}}, x_NF, time_N)
    print(f"{len(closed)} events\n" + "\n".join([*_events(closed, year), "", *_worst(closed, year)]))


def _closed(drift: dict[str, Any], x_NF: NDArray[np.float32], time_N: NDArray[np.float64]) -> list[Drift]:
    return [d for d in drifts_in(delays_pipeline(drift), x_NF, time_N) if d.state == "closed"]


def _year(delay_N: NDArray[np.float64], time_N: NDArray[np.float64]) -> Year:
    day_N = (time_N // DAY_MS).astype(np.int64)
    first = int(day_N.min())
    rows_D = np.bincount(day_N - first)
    return Year(first, np.bincount(day_N - first, weights=delay_N > LATE_MINUTES) / np.maximum(rows_D, 1), rows_D)


def _events(closed: Sequence[Drift], year: Year) -> Iterator[str]:
    weather = _weather()
    yield "| since | days | late | rain or snow, inches | least sight, miles | test | above | pattern |"
    yield "|---|--:|--:|--:|--:|---|--:|---|"
    for drift in closed:
        since = _day(drift.since)
        rain, sight = weather[since.month, since.day]
        late = f"{year.late_D[year.at(drift.since)]:.0%}".replace("%", " %")
        test = f"{drift.test} {drift.statistic:.2f} | {drift.threshold:.2f}"
        yield f"| {since:%d %B} | {drift.windows} | {late} | {rain:.2f} | {sight:g} | {test} | {drift.pattern} |"


def _worst(closed: Sequence[Drift], year: Year) -> Iterator[str]:
    """Tell of the days on which most departures were late which were found, and what they were compared with."""
    found = {year.at(d.since) + w for d in closed for w in range(d.windows)}
    yield "| day | late | in the 28 days before | found |"
    yield "|---|--:|--:|---|"
    for d in np.argsort(-year.late_D)[:WORST].tolist():
        before = slice(d - 28, d)
        usual = np.average(year.late_D[before], weights=year.rows_D[before])
        told = f"{year.late_D[d]:.0%} | {usual:.0%}".replace("%", " %")
        yield f"| {year.day(d):%d %B} | {told} | {'yes' if d in found else 'no'} |"


def _weather() -> dict[tuple[int, int], tuple[float, float]]:
    """Rain or snow, inches of water, mean of the three airports, and the least visibility, miles; by month and day."""
    rain, sight = dict[tuple[int, int], float](), dict[tuple[int, int], float]()
    for row in read_rows("weather.csv"):
        day = int(row["month"]), int(row["day"])
        rain[day] = rain.get(day, 0.0) + np.nan_to_num(number(row["precip"])) / 3
        sight[day] = float(np.fmin(sight.get(day, np.inf), number(row["visib"])))
    return {day: (rain[day], sight[day]) for day in rain}


def _plot(closed: Sequence[Drift], year: Year) -> None:
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    grid = figure.add_gridspec(2, len(NEAR), height_ratios=[3, 2])
    whole: Any = figure.add_subplot(grid[0, :])
    _draw(whole, closed, year)
    for i, drift in enumerate(closed):
        place = _day(drift.since), 0.72 - 0.1 * (i % 2)
        whole.annotate(f"{_day(drift.since):%d %b}", place, rotation=90, fontsize=7, va="bottom")
    whole.set_title("Departures from New York, 2013: delays that drift_watch calls a drift")
    for i, (begin, end) in enumerate(NEAR):
        axes: Any = figure.add_subplot(grid[1, i])
        _draw(axes, closed, year)
        ticks = [day for day in map(year.day, range(len(year.late_D))) if day.day in (1, 8, 15, 22)]
        axes.set_xticks(ticks, labels=[f"{day:%d %b}" for day in ticks])
        axes.set_xlim(datetime.fromisoformat(f"{begin}T00:00Z"), datetime.fromisoformat(f"{end}T00:00Z"))
    figure.savefig(IMAGES / "drift-storms.png", dpi=110)


def _draw(axes: Any, closed: Sequence[Drift], year: Year) -> None:
    """Draw a share over its day, and a band over the days of each event."""
    days = [year.day(d) for d in range(len(year.late_D))]
    axes.step(days, year.late_D, where="post", linewidth=1, color="tab:blue")
    for drift in closed:
        axes.axvspan(_day(drift.since), _day(drift.until), color="tab:red", alpha=0.3)
    axes.set_ylim(0, 0.85)
    axes.set_ylabel(f"share over {LATE_MINUTES:.0f} min late")
    axes.grid(alpha=0.3)


def _day(time_ms: float) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


if __name__ == "__main__":
    main()
