"""Kafka records as the layers pass them on: columns of what was consumed, and rows that are to be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Consumed records of one topic, as columns, in the order consumed (B rows)."""

    topic: str
    partition_B: NDArray[np.int32]
    offset_B: NDArray[np.int64]
    timestamp_B: NDArray[np.int64]
    """Kafka's timestamps, ms since 1970."""
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[Headers]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Records to be written to one topic, in this order. `partition` None: chosen by the hash of the key."""

    topic: str
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    partition: int | None = None
    headers: Sequence[Headers] | None = None
