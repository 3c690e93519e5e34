"""The learner's ties to Kafka, in memory: for tests, and for learning without a broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from adapters.learner_ports import Announcement, LogEnd
from schemas.errors import DataError, Fenced
from schemas.records import Outgoing, Records
from schemas.versions import THINNED


@dataclass(slots=True)
class MemoryTopics:
    """What outlives a learner: the log it reads and all that it and its predecessors sent."""

    topic: str = "examples"
    log: list[tuple[int, bytes | None]] = field(default_factory=list)
    """(offset, value), offsets rising; gaps are allowed, as transactions leave them."""
    sent: list[Outgoing] = field(default_factory=list)
    told: int = 0
    epoch: int = 0

    def append(self, *values: bytes | None, gap: int = 0) -> None:
        """Append records to the log, leaving out `gap` offsets before them."""
        start = self.log[-1][0] + 1 if self.log else 0
        self.log += [(start + gap + i, value) for i, value in enumerate(values)]


class MemoryPartitionLog:
    """`PartitionLog` over `MemoryTopics`. Never blocks."""

    def __init__(self, topics: MemoryTopics) -> None:
        self._topics = topics
        self._place = 0
        self._at_end = False

    def seek(self, offset: int) -> None:
        """Go to an offset."""
        end = self.end()
        if not end.first <= offset <= end.next:
            raise DataError(f"The log holds offsets {end.first} to {end.next}, not {offset}.", "Restore the log.")
        self._place = sum(o < offset for o, _ in self._topics.log)

    def read(self, most: int, timeout_s: float) -> Records:
        """Return the next records, at most so many."""
        rows = self._topics.log[self._place : self._place + most]
        self._place += len(rows)
        self._at_end = self._place == len(self._topics.log)
        zeros_B = np.zeros(len(rows), np.int64)
        offset_B = np.array([o for o, _ in rows], np.int64)
        values = [v for _, v in rows]
        keys, headers = [None] * len(rows), [()] * len(rows)
        return Records(self._topics.topic, zeros_B.astype(np.int32), offset_B, zeros_B, keys, values, headers)

    @property
    def is_at_end(self) -> bool:
        """Whether the last read found the end of the log."""
        return self._at_end

    def end(self) -> LogEnd:
        """Where the log begins and ends."""
        log = self._topics.log
        return LogEnd(log[0][0], log[-1][0] + 1) if log else LogEnd(0, 0)

    def close(self) -> None:
        """Nothing to leave."""


class MemoryAnnouncer:
    """`Announcer` over `MemoryTopics`.

    Parameters
    ----------
    topics : MemoryTopics
        Shared by all that stand for one broker.
    versions : str
        Name of the versions topic.
    """

    def __init__(self, topics: MemoryTopics, versions: str) -> None:
        self._topics, self._versions = topics, versions
        topics.epoch += 1
        self._epoch = topics.epoch

    def send(self, records: Sequence[Outgoing], told: int) -> None:
        """Keep the records and the mark."""
        if self._epoch != self._topics.epoch:
            raise Fenced("Another learner has taken over.", "Run one learner for each pipeline and ordinal.")
        self._topics.sent += records
        self._topics.told = told

    def told(self) -> int:
        """Offset before which every dead letter has been sent."""
        return self._topics.told

    def announced(self, after: int) -> Iterator[Announcement]:
        """Announced versions with a number above `after`."""
        return (a for a in _announcements(self._topics, self._versions) if a.number > after)

    def close(self) -> None:
        """Nothing to leave."""


class MemoryVersions:
    """`VersionsLog` over `MemoryTopics`.

    Parameters
    ----------
    topics : MemoryTopics
        Shared with the announcer.
    versions : str
        Name of the versions topic.
    """

    def __init__(self, topics: MemoryTopics, versions: str) -> None:
        self._topics, self._versions = topics, versions

    def newest_first(self) -> Iterator[Announcement]:
        """Announced versions, each once, in its latest form."""
        seen: set[int] = set()
        for found in reversed(list(_announcements(self._topics, self._versions))):
            if found.number not in seen:
                seen.add(found.number)
                yield found

    def close(self) -> None:
        """Nothing to leave."""


def _announcements(topics: MemoryTopics, versions: str) -> Iterator[Announcement]:
    for records in topics.sent:
        if records.topic == versions:
            headers = records.headers or [()] * len(records.keys)
            for key, value, header in zip(records.keys, records.values, headers, strict=True):
                if value is not None:
                    yield Announcement(int(key or 0), value, THINNED in header)
