"""Kafka's twin in memory: topics, partitions, groups, all-or-nothing commits, for tests and trials without a broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adapters.loop.columns import Place
from adapters.partitioner import partition_of
from adapters.ports import Headers, Outgoing, Records
from schemas.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Stored:
    """One record in a partition's log."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0


class MemoryBroker:
    """Logs by topic and partition, and the offsets that groups have committed. For one thread.

    Examples
    --------
    >>> broker = MemoryBroker({"flights.labels.v1": 2})
    >>> broker.send("flights.labels.v1", [b"late", b"early"], keys=[b"UA1", b"UA1"])
    >>> [stored.value for stored in broker.records("flights.labels.v1")]
    [b'late', b'early']
    """

    def __init__(self, topics: Mapping[str, int] | None = None) -> None:
        self._logs: dict[str, list[list[Stored]]] = {}
        self._committed: dict[str, dict[Place, int]] = {}
        self._turn = 0
        for topic, partitions in (topics or {}).items():
            self.create(topic, partitions)

    def create(self, topic: str, partitions: int = 1) -> None:
        """Add an empty topic."""
        self._logs[topic] = [[] for _ in range(partitions)]

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic."""
        return len(self._log(topic))

    def send(
        self,
        topic: str,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        partition: int | None = None,
        headers: Sequence[Headers] | None = None,
        timestamp_ms: int = 0,
    ) -> None:
        """Append records as a producer would: by the hash of the key, and in turn where there is none."""
        self.append(Outgoing(topic, keys or [None] * len(values), values, partition, headers), timestamp_ms)

    def append(self, out: Outgoing, timestamp_ms: int = 0) -> None:
        """Append the records of one `Outgoing`."""
        logs = self._log(out.topic)
        headers = out.headers or [()] * len(out.values)
        for key, value, header in zip(out.keys, out.values, headers, strict=True):
            logs[self._choose(key, out.partition, len(logs))].append(Stored(key, value, header, timestamp_ms))

    def commit(self, group: str, records: Iterable[Outgoing], offsets: Mapping[Place, int], now_ms: int = 0) -> None:
        """Append and commit offsets, all or nothing: topics are looked up before anything is written."""
        outs = tuple(records)
        for out in outs:
            self._log(out.topic)
        for out in outs:
            self.append(out, now_ms)
        self._committed.setdefault(group, {}).update(offsets)

    def position(self, group: str, place: Place) -> int:
        """Return where a group is to read on."""
        return self._committed.get(group, {}).get(place, 0)

    def end(self, place: Place) -> int:
        """Return the offset after the last record."""
        return len(self._log(place[0])[place[1]])

    def records(self, topic: str, partition: int | None = None) -> list[Stored]:
        """Return a partition's log, or those of all partitions one after the other."""
        logs = self._log(topic)
        return [s for log in (logs if partition is None else [logs[partition]]) for s in log]

    def latest(self, topic: str, partition: int) -> dict[bytes, bytes]:
        """Return the latest value of each key, as compaction leaves it: a tombstone removes its key."""
        latest = {s.key: s.value for s in self.records(topic, partition) if s.key is not None}
        return {key: value for key, value in latest.items() if value is not None}

    def read(self, topic: str, wanted: Sequence[tuple[int, int, int]]) -> Records:
        """Return rows as columns; `wanted` names stretches of (partition, first offset, offset after the last)."""
        places = [(p, o) for p, first, end in wanted for o in range(first, end)]
        rows = [self._log(topic)[p][o] for p, o in places]
        return Records(
            topic=topic,
            partition_B=np.array([p for p, _ in places], np.int32),
            offset_B=np.array([o for _, o in places], np.int64),
            timestamp_B=np.array([s.timestamp_ms for s in rows], np.int64),
            keys=[s.key for s in rows],
            values=[s.value for s in rows],
            headers=[s.headers for s in rows],
        )

    def _choose(self, key: bytes | None, partition: int | None, partitions: int) -> int:
        if partition is not None:
            return partition
        if key is not None:
            return partition_of(key, partitions)
        self._turn += 1
        return self._turn % partitions

    def _log(self, topic: str) -> list[list[Stored]]:
        if topic not in self._logs:
            raise ConfigurationError(f"The topic {topic} is not there.", "Create it before it is used.")
        return self._logs[topic]
