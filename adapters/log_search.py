"""Looking for records in stretches of topics, without a group and without reading what cannot be meant: the port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.records import Records


@dataclass(frozen=True, slots=True)
class Stretch:
    """Offsets of one partition, from `first` up to but not including `end`; some of them may hold no record."""

    topic: str
    partition: int
    first: int
    end: int

    def __len__(self) -> int:
        return max(0, self.end - self.first)


Wanted = Callable[[bytes | None, bytes | None], bool]
"""Given a record's key and value, whether it is looked for. Called for every record: keep it small."""
Passed = Callable[[int, int], None]
"""Is told how many offsets of a search have been passed, and of how many."""


def every(_key: bytes | None, _value: bytes | None) -> bool:
    """Want them all."""
    return True


def unheard(_passed: int, _of: int) -> None:
    """Tell nobody."""


class LogSearch(Protocol):
    """Committed records of any topic; keeps no place, so it disturbs nobody."""

    def stretches(self, topic: str) -> tuple[Stretch, ...]:
        """What each partition holds now, by partition.

        Raises
        ------
        DependencyError
            Kafka is away, or there is no such topic.
        """
        ...

    def since(self, stretch: Stretch, time_ms: float) -> Stretch:
        """Cut off what comes before the first record of that Kafka timestamp or a later one; all, if there is none."""
        ...

    def find(self, stretches: Sequence[Stretch], wanted: Wanted = every, passed: Passed = unheard) -> Iterator[Records]:
        """Read stretches and yield what is wanted, in log order within a partition; ends where they end.

        Who stops asking stops the reading. Only one search at a time. Memory is bounded by what the client fetches
        ahead. Blocks while it reads; DependencyError if nothing comes for half a minute.
        """
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...
