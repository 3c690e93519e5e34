"""How far consumer groups are behind, and whether they move."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from adapters.kafka_facts import KafkaInquiry, Place
from adapters.server_facts import GroupFacts
from adapters.tail import Tail
from services.doctor.core_pipeline import LagFacts

BETWEEN_S = 1.5
READ_WITHIN_S = 2.0


def read_lag(bootstrap: str, pipeline: str, pause: Callable[[float], None] = time.sleep) -> tuple[LagFacts, ...]:
    """Look at a pipeline's groups, and at those with a lag a second time. Blocks for some seconds.

    Raises
    ------
    DependencyError
        Kafka does not answer.
    """
    inquiry = KafkaInquiry(bootstrap)
    # The learner's offset stands in its checkpoint; its group only marks the dead letters it has sent.
    first = [group for group in inquiry.groups(f"{pipeline}.") if group.name != f"{pipeline}.learner"]
    ends = inquiry.ends({place for group in first for place in group.positions})
    if any(_behind(group, ends) for group in first):
        pause(BETWEEN_S)
    later = {group.name: group for group in inquiry.groups(f"{pipeline}.")}
    return tuple(_compare(bootstrap, group, later.get(group.name, group), ends) for group in first)


def _compare(bootstrap: str, first: GroupFacts, later: GroupFacts, ends: Mapping[Place, int]) -> LagFacts:
    moved = first.positions != later.positions
    behind = _behind(later, ends)
    # The end of a transaction takes an offset too: standing just before one is no lag.
    if behind and not moved and not _has_records(bootstrap, {place: later.positions[place] for place in behind}):
        behind = {}
    return LagFacts(later.name, later.members, sum(behind.values()), moved)


def _behind(group: GroupFacts, ends: Mapping[Place, int]) -> dict[Place, int]:
    lags = {place: ends.get(place, 0) - position for place, position in group.positions.items()}
    return {place: lag for place, lag in lags.items() if lag > 0}


def _has_records(bootstrap: str, positions: Mapping[Place, int]) -> bool:
    """Whether a committed record stands at or after any of these positions."""
    deadline = time.monotonic() + READ_WITHIN_S
    with Tail(bootstrap, sorted({topic for topic, _ in positions}), "end", positions) as tail:
        while not tail.is_at_end and time.monotonic() < deadline:
            if tail.read(64):
                return True
    return False
