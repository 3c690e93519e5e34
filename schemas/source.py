"""What a source of events yields: the outside world, replayed in event time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

EventKind = Literal["request", "feature", "label"]


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """One thing that an application would publish, at the moment it became known.

    Attributes
    ----------
    time_ms : int
        Event time, milliseconds since the epoch, UTC.
    kind : {"request", "feature", "label"}
        Which topic it belongs to.
    record : str
        For a feature event its name in the pipeline file, such as ``departure``; else equal to `kind`.
    id : str
        For a request and its label the request id; for a feature event an id of its own. Unique per kind.
    fields : Mapping[str, float | str]
        The payload; a missing number is NaN, a missing text is empty. A label carries ``{"label": value}``.
    """

    time_ms: int
    kind: EventKind
    record: str
    id: str
    fields: Mapping[str, float | str]


class Source(Protocol):
    """A function that replays a stream.

    It yields events with `time_ms` never falling. `limit_days` cuts the stream by *request* time, counted from
    the first request; labels and feature events that belong to the kept requests still come.
    """

    def __call__(self, limit_days: float | None = None) -> Iterator[SourceEvent]:
        """Start the replay from the beginning."""
        ...
