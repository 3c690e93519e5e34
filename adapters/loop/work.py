"""A batch that has been processed and is to be written, and how several become one transaction. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from adapters.loop.columns import Place
from adapters.ports import Outgoing, Summary

Count = TypeVar("Count", int, float)


@dataclass(frozen=True, slots=True)
class Work:
    """Outputs of a batch and the offsets they stand for.

    `offsets` is never empty: it is with the offsets that Kafka checks whether this member still owns its partitions.
    """

    records: tuple[Outgoing, ...]
    offsets: Mapping[Place, int]
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows consumed of each topic."""
    counts: Mapping[str, float] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    summaries: tuple[Summary, ...] = ()
    """Of its batches, in their order."""

    @property
    def size(self) -> int:
        """Rows consumed."""
        return sum(self.rows.values())


def merged(works: Sequence[Work]) -> Work:
    """Make one of several works, in their order.

    Examples
    --------
    >>> merged([Work((), {("t", 0): 5}, {"t": 5}), Work((), {("t", 0): 7}, {"t": 2})])
    Work(records=(), offsets={('t', 0): 7}, rows={'t': 7}, counts={}, gauges={}, summaries=())
    """
    if len(works) == 1:
        return works[0]
    return Work(
        records=tuple(chain.from_iterable(w.records for w in works)),
        offsets={place: offset for w in works for place, offset in w.offsets.items()},
        rows=_summed([w.rows for w in works]),
        counts=_summed([w.counts for w in works]),
        gauges={name: value for w in works for name, value in w.gauges.items()},
        summaries=tuple(chain.from_iterable(w.summaries for w in works)),
    )


def _summed(parts: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    total: dict[str, Count] = {}
    for name, count in chain.from_iterable(part.items() for part in parts):
        total[name] = total[name] + count if name in total else count
    return total


def take_fitting(waiting: deque[Work], max_rows: int) -> list[Work]:
    """Take works from the left, at least one if there is one, while their rows fit into a transaction.

    Examples
    --------
    >>> waiting = deque(Work((), {}, {"t": rows}) for rows in (3, 4, 5))
    >>> [work.size for work in take_fitting(waiting, 8)], len(waiting)
    ([3, 4], 1)
    """
    taken: list[Work] = []
    rows = 0
    while waiting and (not taken or rows + waiting[0].size <= max_rows):
        taken.append(waiting.popleft())
        rows += taken[-1].size
    return taken
