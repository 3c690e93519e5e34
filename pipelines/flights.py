"""The flights of 2013 as a stream: predict, an hour before departure, whether a flight will arrive late.

- request: one hour before the scheduled departure, with what is known then;
- feature events: every actual ``departure`` and ``arrival``, and the hourly ``weather`` at the three origins;
- label: on arrival, 1 if more than 15 minutes late. Flights that never arrive never get one.

Everything is yielded at the moment it became known, in event time. Nothing here is known to the rest of the
code: a pipeline names its source as ``pipelines.flights:events``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from pipelines.flights_table import (
    HOUR_MS,
    LATE_MINUTES,
    Flights,
    Row,
    instant_ms,
    number,
    read_flights,
    read_rows,
    text,
)
from schemas.source import SourceEvent

REQUEST_AHEAD_MS = HOUR_MS
DAY_MS = 24 * HOUR_MS
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
_FIRST_MONTH = datetime(2013, 1, 1, tzinfo=UTC)

Fields = dict[str, float | str]


def events(limit_days: float | None = None) -> Iterator[SourceEvent]:
    """Replay the year, or its first `limit_days` days, in event time.

    Parameters
    ----------
    limit_days : float, optional
        Days of requests, from the first one on; the labels and feature events of those flights all come, even
        those that fall after it.

    Yields
    ------
    SourceEvent
        About 337,000 requests, 329,000 departures, 327,000 arrivals and labels and 26,000 observations a year.
    """
    flights = read_flights(_months(limit_days))
    request_ms = flights.scheduled_ms - REQUEST_AHEAD_MS
    end_ms = math.inf if limit_days is None else float(request_ms[0] + limit_days * DAY_MS)
    kept = np.flatnonzero(request_ms < end_ms)
    departed = kept[~np.isnan(flights.dep_delay[kept])]
    arrived = kept[~np.isnan(flights.arr_delay[kept])]
    weather = [row for row in read_rows("weather.csv") if _observed_ms(row) < end_ms]
    # At equal times what happened comes before what asks; a stable sort keeps this order.
    parts: list[tuple[Callable[[int], SourceEvent], list[int], list[int]]] = [
        (_weather_of(weather), [_observed_ms(row) for row in weather], list(range(len(weather)))),
        (_departure_of(flights), flights.departed_ms[departed].tolist(), departed.tolist()),
        (_arrival_of(flights), flights.arrived_ms[arrived].tolist(), arrived.tolist()),
        (_label_of(flights), flights.arrived_ms[arrived].tolist(), arrived.tolist()),
        (_request_of(flights), request_ms[kept].tolist(), kept.tolist()),
    ]
    return _in_order(parts)


def _in_order(parts: list[tuple[Callable[[int], SourceEvent], list[int], list[int]]]) -> Iterator[SourceEvent]:
    time_ms = np.concatenate([np.array(times, np.int64) for _, times, _ in parts])
    builder = np.repeat(np.arange(len(parts)), [len(rows) for _, _, rows in parts])
    row = np.concatenate([np.array(rows, np.int64) for _, _, rows in parts])
    order = np.argsort(time_ms, kind="stable")
    for part, index in zip(builder[order].tolist(), row[order].tolist(), strict=True):
        yield parts[part][0](index)


def _months(limit_days: float | None) -> int:
    if limit_days is None:
        return 12
    end = _FIRST_MONTH + timedelta(days=min(limit_days, 364) + 1)
    return end.month if end.year == _FIRST_MONTH.year else 12


def _observed_ms(row: Row) -> int:
    # The observation of an hour is known for certain only when the hour is over.
    return instant_ms(row["time_hour"]) + HOUR_MS


def flight_id(row: Row) -> str:
    """Id of a flight: carrier, number, origin and day name it, and no two share it."""
    return f"{row['carrier']}{row['flight']}-{row['origin']}-{row['month']:0>2}{row['day']:0>2}"


def _request_of(flights: Flights) -> Callable[[int], SourceEvent]:
    def build(index: int) -> SourceEvent:
        row, time_ms = flights.rows[index], int(flights.scheduled_ms[index]) - REQUEST_AHEAD_MS
        fields = _where(row) | {
            "distance": float(row["distance"]),
            "dep_hour": int(row["hour"]) + int(row["minute"]) / 60,
            "duration": float(flights.duration_min[index]),
        }
        return SourceEvent(time_ms, "request", "request", flight_id(row), fields)

    return build


def _where(row: Row) -> Fields:
    return {
        "origin": row["origin"],
        "carrier": row["carrier"],
        "dest": row["dest"],
        "tailnum": text(row["tailnum"]),
        "flight": row["carrier"] + row["flight"],
    }


def _departure_of(flights: Flights) -> Callable[[int], SourceEvent]:
    def build(index: int) -> SourceEvent:
        row, delay = flights.rows[index], float(flights.dep_delay[index])
        fields = _where(row) | {"delay": delay, "late": float(delay > LATE_MINUTES)}
        return SourceEvent(int(flights.departed_ms[index]), "feature", "departure", "dep-" + flight_id(row), fields)

    return build


def _arrival_of(flights: Flights) -> Callable[[int], SourceEvent]:
    def build(index: int) -> SourceEvent:
        row, delay = flights.rows[index], float(flights.arr_delay[index])
        gained = float(flights.dep_delay[index]) - delay
        fields = _where(row) | {"delay": delay, "late": float(delay > LATE_MINUTES), "gained": gained}
        return SourceEvent(int(flights.arrived_ms[index]), "feature", "arrival", "arr-" + flight_id(row), fields)

    return build


def _label_of(flights: Flights) -> Callable[[int], SourceEvent]:
    def build(index: int) -> SourceEvent:
        late = float(flights.arr_delay[index] > LATE_MINUTES)
        return SourceEvent(
            int(flights.arrived_ms[index]), "label", "label", flight_id(flights.rows[index]), {"label": late}
        )

    return build


def _weather_of(rows: list[Row]) -> Callable[[int], SourceEvent]:
    def build(index: int) -> SourceEvent:
        row = rows[index]
        fields: Fields = {"origin": row["origin"], **{name: number(row[name]) for name in WEATHER}}
        time_ms = _observed_ms(row)
        return SourceEvent(time_ms, "feature", "weather", f"weather-{row['origin']}-{time_ms}", fields)

    return build
