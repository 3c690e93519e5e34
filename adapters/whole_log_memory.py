"""Whole topics of a broker in memory: the twin of those in Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapters.memory_broker import MemoryBroker
from adapters.whole_log import Span, Spans, Stretch


class MemoryWholeLog:
    """`WholeLog` over a `MemoryBroker`. Never blocks.

    Parameters
    ----------
    broker : MemoryBroker
    most : int
        Records in a stretch, at most.
    """

    def __init__(self, broker: MemoryBroker, most: int = 1024) -> None:
        self._broker, self._most = broker, most

    def spans(self, topic: str) -> dict[int, Span]:
        """Offsets of each partition."""
        return {p: Span(0, self._broker.end((topic, p))) for p in range(self._broker.partitions(topic))}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Where a group reads on."""
        places = {p: self._broker.position(group, (topic, p)) for p in range(self._broker.partitions(topic))}
        return {partition: offset for partition, offset in places.items() if offset}

    def read(self, topic: str, spans: Spans, with_keys: bool = False) -> Iterator[Stretch]:
        """Read these offsets, a partition after the other."""
        for partition, span in sorted(spans.items()):
            for first in range(span.first, span.end, self._most):
                found = self._broker.read(topic, [(partition, first, min(span.end, first + self._most))])
                partition_B, keys = found.partition_B.astype(np.int64), found.keys if with_keys else ()
                yield Stretch(topic, partition_B, found.offset_B, found.values, keys)

    def close(self) -> None:
        """Nothing to leave."""
