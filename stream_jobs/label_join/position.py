"""How far a partition of the join has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from models.event_clock import SourceClock


@dataclass(slots=True)
class Position:
    """How far a partition has come, and what became of all rows read (names as in ``join_position.avsc``)."""

    predictions: SourceClock = field(default_factory=SourceClock)
    labels: SourceClock = field(default_factory=SourceClock)
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Reached:
    """The clock of each input after this batch, and which of them has nothing more to read."""

    predictions: SourceClock
    labels: SourceClock
    predictions_idle: bool = False
    labels_idle: bool = False
