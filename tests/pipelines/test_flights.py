"""The replay of the flights: everything in its order, nothing before it happened, clocks moved twice."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipelines.flights import REQUEST_AHEAD_MS, events, flight_id
from pipelines.flights_table import HOUR_MS, MINUTE_MS, Flights, data_folder, gate_to_gate_min, read_flights, text
from schemas.source import SourceEvent

HOME = ZoneInfo("America/New_York")
DAYS = 20.0


@pytest.fixture(scope="module")
def year() -> Flights:
    return read_flights()


@pytest.fixture(scope="module")
def stream() -> list[SourceEvent]:
    return list(events(DAYS))


def home(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(HOME)


def test_months_hold_as_many_flights_as_the_file(year: Flights) -> None:
    with zipfile.ZipFile(data_folder() / "flights.csv.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("flights.csv").decode())))
    assert Counter(row["month"] for row in year.rows) == Counter(row["month"] for row in rows)
    assert np.isfinite(year.dep_delay).sum() == sum(row["dep_delay"] != "NA" for row in rows)
    assert np.isfinite(year.arr_delay).sum() == sum(row["arr_delay"] != "NA" for row in rows)


def test_ids_name_one_flight_each(year: Flights) -> None:
    assert len({flight_id(row) for row in year.rows}) == len(year.rows)


def test_new_yorks_clock_shows_the_schedule_and_the_actual_departure(year: Flights) -> None:
    for row, scheduled_ms, departed_ms in zip(year.rows, year.scheduled_ms, year.departed_ms, strict=True):
        shown = home(int(scheduled_ms))
        assert (shown.month, shown.day) == (int(row["month"]), int(row["day"]))
        assert shown.hour * 100 + shown.minute == int(row["sched_dep_time"])
        if departed_ms and shown.utcoffset() == home(int(departed_ms)).utcoffset():
            left = home(int(departed_ms))
            assert (left.hour * 100 + left.minute) % 2400 == int(row["dep_time"]) % 2400


def test_time_on_the_ground_is_what_it_can_be_for_every_flight(year: Flights) -> None:
    """A wrong time zone, or a night flight put on the wrong day, would be off by an hour at least."""
    landed = np.isfinite(year.arr_delay)
    air_min = np.array([float(row["air_time"]) for row, ok in zip(year.rows, landed, strict=True) if ok])
    ground_min = (year.arrived_ms - year.departed_ms)[landed] / MINUTE_MS - air_min
    assert ground_min.min() >= 5
    assert ground_min.max() <= 235
    assert (ground_min > 120).mean() < 0.005


@pytest.mark.parametrize(
    ("departure", "arrival_hhmm", "zone", "minutes"),
    [
        ("2013-03-10T05:30:00+00:00", 420, "America/New_York", 170),  # 00:30, clocks go from 2 to 3
        ("2013-11-03T04:30:00+00:00", 220, "America/New_York", 170),  # 00:30, the hour from 1 to 2 comes twice
        ("2013-03-10T05:30:00+00:00", 320, "America/Phoenix", 290),  # no daylight saving there
        ("2013-06-01T03:30:00+00:00", 30, "America/New_York", 60),  # over midnight
        ("2013-07-01T14:00:00+00:00", 1435, "Pacific/Honolulu", 635),
    ],
)
def test_arrival_is_the_first_time_the_local_clock_shows_it(
    departure: str, arrival_hhmm: int, zone: str, minutes: int
) -> None:
    start_ms = int(datetime.fromisoformat(departure).timestamp() * 1000)
    assert gate_to_gate_min(start_ms, arrival_hhmm, zone) == minutes


@pytest.mark.parametrize(("month", "day", "hours"), [("3", "10", 4), ("11", "3", 5)])
def test_days_on_which_clocks_move_keep_their_flights(year: Flights, month: str, day: str, hours: int) -> None:
    """New York is four hours behind UTC once the clocks are forward, five once they are back."""
    of_day = [i for i, row in enumerate(year.rows) if (row["month"], row["day"]) == (month, day)]
    assert len(of_day) > 800
    for index in of_day:
        wall = home(int(year.scheduled_ms[index]))
        utc = datetime.fromtimestamp(int(year.scheduled_ms[index]) / 1000, UTC)
        assert (utc.replace(tzinfo=None) - wall.replace(tzinfo=None)).total_seconds() == hours * 3600


def test_time_never_runs_back(stream: list[SourceEvent]) -> None:
    assert all(earlier.time_ms <= later.time_ms for earlier, later in pairwise(stream))


def test_each_event_has_an_id_of_its_own(stream: list[SourceEvent]) -> None:
    assert max(Counter((event.kind, event.id) for event in stream).values()) == 1


def test_a_flight_asks_then_leaves_then_lands_then_is_labelled(stream: list[SourceEvent]) -> None:
    times = {(event.record, event.id.removeprefix("dep-").removeprefix("arr-")): event.time_ms for event in stream}
    order = {(e.record, e.id): n for n, e in enumerate(stream)}
    labelled = [flight for record, flight in times if record == "label"]
    assert len(labelled) > 10_000
    for flight in labelled:
        assert times["departure", flight] < times["arrival", flight] == times["label", flight]
        assert order["request", flight] < order["label", flight]


def test_departures_come_at_their_actual_time_and_requests_an_hour_before_the_schedule() -> None:
    flights = read_flights(1)
    at = {flight_id(row): index for index, row in enumerate(flights.rows)}
    for event in events(2.0):
        if event.record == "departure":
            index = at[event.id.removeprefix("dep-")]
            delay_ms = int(float(event.fields["delay"]) * MINUTE_MS)
            assert event.time_ms == flights.scheduled_ms[index] + delay_ms
        if event.record == "request":
            assert event.time_ms == flights.scheduled_ms[at[event.id]] - REQUEST_AHEAD_MS


def test_a_request_knows_the_plan_alone(stream: list[SourceEvent]) -> None:
    asked = next(event for event in stream if event.kind == "request")
    plan = {"origin", "dest", "carrier", "flight", "tailnum", "distance", "dep_hour", "duration"}
    assert asked.fields.keys() == plan


def test_a_label_says_whether_the_flight_came_more_than_a_quarter_of_an_hour_late(stream: list[SourceEvent]) -> None:
    delays = {e.id.removeprefix("arr-"): float(e.fields["delay"]) for e in stream if e.record == "arrival"}
    labels = {event.id: event.fields["label"] for event in stream if event.kind == "label"}
    assert labels == {flight: float(delay > 15) for flight, delay in delays.items()}


def test_flights_that_never_land_never_get_a_label(stream: list[SourceEvent]) -> None:
    asked = {event.id for event in stream if event.kind == "request"}
    labelled = {event.id for event in stream if event.kind == "label"}
    lost = [row for row in read_flights(1).rows if row["arr_delay"] == "NA" and flight_id(row) in asked]
    assert lost
    assert asked - labelled == {flight_id(row) for row in lost}


def test_weather_comes_when_its_hour_is_over(stream: list[SourceEvent]) -> None:
    first = next(event for event in stream if event.record == "weather" and event.fields["origin"] == "EWR")
    # The file's first observation at Newark is of the hour from 06:00 UTC.
    assert first.time_ms == int(datetime(2013, 1, 1, 6, tzinfo=UTC).timestamp() * 1000) + HOUR_MS
    assert first.fields["temp"] == 39.02


def test_the_limit_cuts_by_request_time_and_labels_still_come(stream: list[SourceEvent]) -> None:
    asked = [event.time_ms for event in stream if event.kind == "request"]
    assert asked[-1] - asked[0] < DAYS * 24 * HOUR_MS
    last_day = {e.id for e in stream if e.kind == "request" and e.time_ms > asked[-1] - 6 * HOUR_MS}
    assert any(event.id in last_day for event in stream if event.kind == "label")


def test_missing_cells_are_empty_or_not_a_number() -> None:
    assert text("NA") == ""
    gusts = [float(e.fields["wind_gust"]) for e in events(1.0) if e.record == "weather"]
    assert any(np.isnan(gusts))
