"""Reading all of a pipeline's topics up to a cut, to check them: the port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of a partition: `first` is the oldest that is left, `end` the one after the newest."""

    first: int
    end: int


Spans = Mapping[int, Span]
"""By partition."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Committed records of one topic, as columns (B rows); those of one partition by rising offset."""

    topic: str
    partition_B: NDArray[np.int64]
    offset_B: NDArray[np.int64]
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] = ()
    """Only where they were asked for."""

    def __len__(self) -> int:
        return len(self.offset_B)


class WholeLog(Protocol):
    """All topics of one cluster. Every method may block, and raises `DependencyError` if Kafka is away."""

    def spans(self, topic: str) -> dict[int, Span]:
        """Offsets of each partition, with what is not committed yet."""
        ...

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Where a group reads on, by partition; partitions that it never committed are left out."""
        ...

    def read(self, topic: str, spans: Spans, with_keys: bool = False) -> Iterator[Stretch]:
        """Read what is committed of these offsets; waits until nothing among them is undecided."""
        ...

    def close(self) -> None:
        """Leave."""
        ...
