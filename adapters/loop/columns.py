"""What a loop asks of the columns of a batch, and of the partitions they come from; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from adapters.ports import Records

Place = tuple[str, int]
"""A topic and one of its partitions."""


def next_offsets(records: Iterable[Records]) -> dict[Place, int]:
    """Where each partition is to be read on: the offset after its last row.

    Examples
    --------
    >>> rows = np.array([0, 1, 0], np.int32), np.array([7, 3, 8])
    >>> next_offsets([Records("t", *rows, rows[1], [None] * 3, [None] * 3, [()] * 3)])
    {('t', 0): 9, ('t', 1): 4}
    """
    return {
        (r.topic, int(p)): int(r.offset_B[r.partition_B == p].max()) + 1
        for r in records
        for p in np.unique(r.partition_B)
    }


def row_count(records: Iterable[Records]) -> int:
    """Count rows over all topics."""
    return sum(len(r.values) for r in records)


def partitions_of(places: Iterable[Place]) -> tuple[int, ...]:
    """Partition numbers among places, rising.

    Examples
    --------
    >>> partitions_of([("a", 1), ("b", 0), ("b", 1)])
    (0, 1)
    """
    return tuple(sorted({partition for _, partition in places}))


def missing_twins(places: Iterable[Place], topics: Sequence[str]) -> list[Place]:
    """Places that co-partitioned inputs should have brought with them and did not.

    Examples
    --------
    >>> missing_twins([("a", 0), ("b", 0), ("a", 1)], ["a", "b"])
    [('b', 1)]
    """
    given = set(places)
    return [(t, p) for p in partitions_of(given) for t in topics if (t, p) not in given]


def unequal_counts(counts: Mapping[str, int]) -> bool:
    """Whether topics that must be co-partitioned are not."""
    return len(set(counts.values())) > 1
