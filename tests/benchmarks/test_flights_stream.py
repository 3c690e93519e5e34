"""A row of the flights is what was known when its request was asked, and categories are learned as categories."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest

from benchmarks.learning.contestants import OURS, contestant
from benchmarks.learning.flights import CATEGORIES, MEANS, NUMBERS, Known, stream_of
from benchmarks.learning.prequential import play
from benchmarks.learning.streams import Stream
from models.determinism import make_deterministic
from pipelines.flights import events
from pipelines.flights_table import LATE_MINUTES, read_flights
from schemas.source import SourceEvent

DAYS = 3.0


@pytest.fixture(scope="module")
def replayed() -> list[SourceEvent]:
    return list(events(DAYS))


@pytest.fixture(scope="module")
def stream(replayed: list[SourceEvent]) -> Stream:
    return stream_of(replayed, 0, 10**6)


def test_rows_are_the_flights_that_arrived_in_the_order_of_their_departure(
    replayed: list[SourceEvent], stream: Stream
) -> None:
    asked = sum(event.kind == "request" for event in replayed)
    year = read_flights(1)
    arrived_N = np.isfinite(year.arr_delay[:asked])
    assert 0 < arrived_N.sum() < asked, "some were cancelled"
    assert np.array_equal(stream.y_T, year.arr_delay[:asked][arrived_N] > LATE_MINUTES)
    distance_N = np.array([float(row["distance"]) for row in year.rows[:asked]])[arrived_N]
    assert np.array_equal(stream.x_TF[:, len(CATEGORIES)], distance_N)
    assert np.isfinite(stream.x_TF).all()


def test_nothing_after_a_request_is_in_its_row(replayed: list[SourceEvent], stream: Stream) -> None:
    """All that happens after a moment is made ten times worse: no row asked before it changes, some later ones do."""
    cut_ms = replayed[len(replayed) // 2].time_ms
    worse = [_worse(event) if event.kind == "feature" and event.time_ms > cut_ms else event for event in replayed]
    labelled = {event.id for event in replayed if event.kind == "label"}
    before = sum(e.kind == "request" and e.id in labelled for e in takewhile(lambda e: e.time_ms <= cut_ms, replayed))
    changed_T = (stream_of(worse, 0, 10**6).x_TF != stream.x_TF).any(axis=1)
    assert not changed_T[:before].any()
    assert changed_T[before:].mean() > 0.9


def _worse(event: SourceEvent) -> SourceEvent:
    fields = {name: value if isinstance(value, str) else 10 * value + 1 for name, value in event.fields.items()}
    return replace(event, fields=fields)


def test_a_mean_fades_and_is_nought_where_nothing_was_told(replayed: list[SourceEvent]) -> None:
    place = len(NUMBERS) + next(i for i, mean in enumerate(MEANS) if mean.keys == ("origin",) and mean.hours == 1)
    request = next(event for event in replayed if event.kind == "request")
    late = SourceEvent(request.time_ms, "feature", "departure", "d", {**request.fields, "late": 1.0, "delay": 60.0})
    known = Known()
    assert known.numbers(request)[place] == 0
    known.tell(late)
    at_once, hours_later = (known.numbers(replace(request, time_ms=request.time_ms + ms)) for ms in (0, 10_800_000))
    assert at_once[place] == pytest.approx(1 / 2)
    assert hours_later[place] == pytest.approx(np.exp(-3) / (np.exp(-3) + 1))


def test_a_stretch_begins_where_it_is_told_with_the_same_rows(replayed: list[SourceEvent], stream: Stream) -> None:
    requests = [event for event in replayed if event.kind == "request"]
    begin_ms = requests[len(requests) // 2].time_ms
    part = stream_of(replayed, begin_ms, 100)
    numbers = slice(len(CATEGORIES), None)
    rows = {tuple(row) for row in stream.x_TF[:, numbers].tolist()}
    assert len(part) == 100
    assert all(tuple(row) in rows for row in part.x_TF[:, numbers].tolist())


@pytest.mark.parametrize("name", [*OURS, "logistic_regression"])
def test_a_category_is_learned_whatever_its_codes_are_called(name: str) -> None:
    """The label is a code's, and codes of one label are no neighbours: only who takes them as codes can tell."""
    make_deterministic()
    answers_K = np.random.default_rng(3).permutation(np.arange(24) % 2)
    random = np.random.default_rng(4)
    code_T = random.integers(0, 24, 6400)
    x_TF = np.column_stack((code_T, random.normal(size=6400))).astype(np.float32)
    told = Stream("codes", x_TF, answers_K[code_T].astype(np.float64), 2, {0: 24})
    assert _late_accuracy(name, told) > 0.9


def _late_accuracy(name: str, stream: Stream) -> float:
    output_TK = play(contestant(name, stream, 0, 1), stream, 0, 4).output_TK
    return float(((output_TK[-400:, 0] > 0.5) == stream.y_T[-400:]).mean())
