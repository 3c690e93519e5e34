"""The feature windows: both steps in their one process, from feature events to Redis."""

from __future__ import annotations

from benchmarks.end_to_end.case import Case, Ground, Load, Progress, flights_document
from benchmarks.end_to_end.topics import GroupOffsets, end_offset, refuse_dead_letters
from benchmarks.feature_windows import flights_like
from schemas.topics import topic_name

MARKER = 1
"""A transaction ends with a marker, which has an offset of its own."""


def prepare(ground: Ground, rows: int) -> list[Load]:
    """Departures and arrivals."""
    values = flights_like(ground.contracts, rows)
    return [Load(topic_name(ground.name, "features"), [None] * rows, values)]


class BothSteps:
    """Events that the first step has folded; all of them only when the second has taken the last pane."""

    def __init__(self, ground: Ground, rows: int) -> None:
        self._rows, self._panes = rows, topic_name(ground.name, "panes")
        self._first = GroupOffsets(ground, "feature_windows.fan_out", ("features",))
        self._second = GroupOffsets(ground, "feature_windows.windows", ("panes",))

    def done(self) -> int:
        """See the class."""
        folded = self._first.done()
        if folded < self._rows:
            return folded
        caught_up = self._second.done() >= end_offset(self._second.consumer, self._panes) - MARKER
        return folded if caught_up else folded - 1

    def close(self) -> None:
        """Leave."""
        self._first.close()
        self._second.close()


def progress(ground: Ground, rows: int) -> Progress:
    """Events whose windows are up to date."""
    return BothSteps(ground, rows)


def check(ground: Ground, rows: int) -> None:
    """Nothing was put aside."""
    refuse_dead_letters(ground)


CASE = Case(
    "feature_windows",
    "events",
    "departures and arrivals of 4,000 aircraft through the flights' windows, both steps in one process: folded, "
    "sent to their owners, merged, closed, written to Redis and to the changelog",
    100_000,
    1,
    ("exactly_once",),
    flights_document,
    prepare,
    progress,
    check,
)
