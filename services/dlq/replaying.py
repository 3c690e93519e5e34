"""Writing letters' events back, some at a time: a crash at any step leaves each written and marked, or untouched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.dlq_ports import Event, ReplayDoor
from schemas.contracts import Contracts
from schemas.subjects import records_of_topic
from services.dlq.core_replay import ALREADY, Rules, judge, marks_of
from services.dlq.letter import Letter, Letters, Position

AT_ONCE: Final = 500
"""Events in one transaction, at most."""
AT_ONCE_BYTES: Final = 8 << 20
"""Bytes of events after which a transaction ends: it must be done long before Kafka gives it up."""


@dataclass(slots=True)
class Tally:
    """What becomes of the chosen letters: `events` by topic and reason, `refused` by member of `REFUSALS`.

    Parameters
    ----------
    seen : set of Position
        The chosen ones, where they were named one by one.
    bad_still : Counter of str
        Of a plan only: events that are not in order as the pipeline stands now, by reason.
    """

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    already: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seen: set[Position] = field(default_factory=set)
    transactions: int = 0
    bad_still: Counter[str] = field(default_factory=Counter)

    @property
    def chosen(self) -> int:
        """How many letters were looked at."""
        return self.events.total() + self.already + self.refused.total()


def plan(contracts: Contracts, rules: Rules, found: Iterable[Letters], named: bool = False) -> Tally:
    """Count what a replay would do; keep their places where letters are `named` one by one."""
    tally = Tally()
    for letters in found:
        values: dict[str, list[bytes | None]] = {}
        for letter, verdict in _judged(rules, [letters]):
            _count(tally, letter, verdict)
            if named:
                tally.seen.add(letter.position)
            if isinstance(verdict, Event):
                values.setdefault(verdict.topic, []).append(verdict.value)
        for topic, some in values.items():
            faults = contracts.decode(some, records_of_topic(contracts.pipeline, topic)).faults
            tally.bad_still.update(fault.reason for fault in faults)
    return tally


def replay(
    contracts: Contracts,
    rules: Rules,
    found: Iterable[Letters],
    door: ReplayDoor,
    now_ms: Callable[[], float],
    at_once: int = AT_ONCE,
) -> Tally:
    """Write events back with their marks, at most `at_once` in a transaction, and count. Blocks.

    Raises
    ------
    Fenced
        Another replay of the pipeline has begun. The transactions before stand.
    DependencyError
        Kafka is away. The transactions before stand; whether the last one does, the marks will say.
    """
    tally, waiting = Tally(), _Chunk()
    for letter, verdict in _judged(rules, found):
        _count(tally, letter, verdict)
        if isinstance(verdict, Event):
            waiting.add(letter, verdict)
        if len(waiting.events) >= at_once or waiting.size >= AT_ONCE_BYTES:
            tally.transactions += waiting.write(contracts, door, now_ms())
            waiting = _Chunk()
    tally.transactions += waiting.write(contracts, door, now_ms())
    return tally


@dataclass(slots=True)
class _Chunk:
    """Events of one transaction, with their letters."""

    letters: list[Letter] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    size: int = 0

    def add(self, letter: Letter, event: Event) -> None:
        self.letters.append(letter)
        self.events.append(event)
        self.size += event.size

    def write(self, contracts: Contracts, door: ReplayDoor, now_ms: float) -> int:
        """Write what there is; returns the transactions that it took."""
        if self.events:
            door.write(self.events, lambda landed: [*marks_of(contracts, self.letters, landed, now_ms)])
        return int(bool(self.events))


def _judged(rules: Rules, found: Iterable[Letters]) -> Iterator[tuple[Letter, Event | str]]:
    for letters in found:
        for row in range(len(letters)):
            letter = letters.letter(row)
            yield letter, judge(rules, letter)


def _count(tally: Tally, letter: Letter, verdict: Event | str) -> None:
    if isinstance(verdict, Event):
        tally.events[letter.topic, letter.reason] += 1
    elif verdict == ALREADY:
        tally.already += 1
    else:
        tally.refused[verdict] += 1
