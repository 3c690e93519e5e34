"""What a replay of dead letters needs of Kafka: to read the letters, and to write events back with a mark on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.learner_ports import LogEnd
from schemas.records import Headers, Outgoing, Records

_LENGTHS_BYTES: Final = 10
"""Most that the lengths of a header's name and value take."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event that is to be written. `partition` None: chosen by the hash of the key, which then is not None."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None

    @property
    def size(self) -> int:
        """Its bytes in Kafka, but for a few dozen."""
        named = sum(len(name.encode()) + len(value) + _LENGTHS_BYTES for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + named


@dataclass(frozen=True, slots=True)
class Landed:
    """Where an event stands."""

    partition: int
    offset: int


Marks = Callable[[Sequence[Landed]], Sequence[Outgoing]]
"""Makes the records that tell of events, from where each of them stands."""


class LetterLog(Protocol):
    """A topic of dead letters, of which only committed records are seen."""

    def bounds(self) -> Mapping[int, LogEnd]:
        """First offset of each partition, and the one behind all that was written before this call. May block.

        What stands in transactions that are still open lies within: reading up to there waits for them.

        Raises
        ------
        DependencyError
            Kafka is away, or the topic does not exist.
        """
        ...

    def read(self, partition: int, span: LogEnd) -> Iterator[Records]:
        """Read a stretch of a partition in order, some megabytes at a time. Blocks while transactions there are open.

        Raises
        ------
        DependencyError
            Kafka is away, or what is there does not come.
        """
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...


class ReplayDoor(Protocol):
    """Writes events back. One door of a pipeline is open at a time: opening one fences the one before.

    Once it is open, all that was written through others is committed or never will be.
    """

    def write(self, events: Sequence[Event], marks: Marks) -> None:
        """Write events, and the records that `marks` makes of them, in one transaction. Blocks until it is committed.

        Raises
        ------
        Fenced
            Another door of this pipeline was opened since; nothing of this call was written.
        DependencyError
            Kafka is away: the outcome is unknown until a door is opened again.
        """
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...
