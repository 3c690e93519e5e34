"""Dead letters as columns, and what was replayed from them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.decoded import Part
from services.verify.hashing import Hashes
from services.verify.keys import Ints
from services.verify.ledger import Entries


@dataclass(frozen=True, slots=True)
class Letters:
    """L dead letters of one topic: `told` are the places of the letters, the others those of their events."""

    told_topic: str
    told_partition_L: Ints
    told_offset_L: Ints
    partition_L: Ints
    offset_L: Ints
    reason_L: NDArray[np.bytes_]
    value_L: Sequence[bytes]

    def rows(self, at_L: NDArray[Any]) -> Letters:
        """Take some."""
        rows = np.flatnonzero(at_L)
        return Letters(
            self.told_topic,
            self.told_partition_L[rows],
            self.told_offset_L[rows],
            self.partition_L[rows],
            self.offset_L[rows],
            self.reason_L[rows],
            [self.value_L[row] for row in rows.tolist()],
        )

    def entries(self, hash_L: Hashes) -> Entries:
        """Name each letter by a key."""
        return Entries(self.told_topic, self.told_partition_L, self.told_offset_L, hash_L)


def letters_by_topic(topic: str, part: Part, partition_B: Ints, offset_B: Ints) -> dict[str, Letters]:
    """Sort decoded dead letters by the topic of their events.

    Parameters
    ----------
    topic : str
        That the letters are on.
    part : Part
        ``DeadLetter`` records.
    partition_B, offset_B : ndarray of int64, shape (B,)
        Of the rows that `part` was decoded from.
    """
    columns = part.columns
    whole = Letters(
        topic,
        partition_B[part.row_N],
        offset_B[part.row_N],
        columns["partition"],
        columns["offset"],
        columns["reason"],
        columns["value"].tolist(),
    )
    return {name.decode(): whole.rows(columns["topic"] == name) for name in np.unique(columns["topic"]).tolist()}
