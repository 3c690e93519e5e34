"""The learner's two ties to Kafka: the log that makes its weights, and what it tells about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.records import Outgoing, Records


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Offsets of a log: the first it still holds, and the one after its last committed record."""

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """A record of the versions topic: a version's number, and the encoded `Version`.

    `thinned`: it stands there for the second time, without its artefact (`schemas/versions.py`).
    """

    number: int
    value: bytes
    thinned: bool = False


class PartitionLog(Protocol):
    """One partition of a topic, of which only committed records are seen. Its reader alone keeps its place."""

    def seek(self, offset: int) -> None:
        """Go to an offset.

        Raises
        ------
        DataError
            The log no longer reaches back so far, or does not yet reach so far: it is not the log it was.
        """
        ...

    def read(self, most: int, timeout_s: float) -> Records:
        """Return the next records, at most so many; waits up to `timeout_s` if there are none.

        Raises
        ------
        DependencyError
            The log cannot be read now.
        """
        ...

    @property
    def is_at_end(self) -> bool:
        """Whether the last read found the end of the log."""
        ...

    def end(self) -> LogEnd:
        """Ask where the log begins and ends. May block."""
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...


class VersionsLog(Protocol):
    """The versions topic, for those who only read it."""

    def newest_first(self) -> Iterator[Announcement]:
        """Announced versions, each once, in its latest form; those with an artefact by falling number. May block.

        Raises
        ------
        DependencyError
            The topic cannot be read now.
        """
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...


class Announcer(Protocol):
    """What a learner tells the world, each thing once, even across crashes.

    Opening one fences every other of the same learner, wherever it runs.
    """

    def send(self, records: Sequence[Outgoing], told: int) -> None:
        """Write records in one transaction, together with `told` (see below). Blocks until it is committed.

        Raises
        ------
        Fenced
            Another learner of this name was opened since.
        DependencyError
            Kafka is away: the outcome is unknown, and this announcer must be thrown away.
        """
        ...

    def told(self) -> int:
        """Offset in the examples log before which every dead letter has been sent; 0 at first."""
        ...

    def announced(self, after: int) -> Iterator[Announcement]:
        """Announced versions with a number above `after`, in no order; thinned ones perhaps twice. May block."""
        ...

    def close(self) -> None:
        """Leave; may block briefly."""
        ...
