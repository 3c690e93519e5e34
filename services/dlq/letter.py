"""A dead letter as it is read from its topic, and where it stands there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.dead_letters import source_position
from schemas.decoded import Columns
from schemas.header_map import headers_of_map
from schemas.records import Headers

_POSITION: Final = re.compile(r"(\d{1,9})/(\d{1,18})")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a letter stands in its topic.

    Examples
    --------
    >>> Position.parse("0/17"), str(Position(0, 17))
    (Position(partition=0, offset=17), '0/17')
    """

    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PARTITION/OFFSET``; ValueError if it is none."""
        found = _POSITION.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no position: write PARTITION/OFFSET, as `anabranch dlq list` shows it")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole letter. `times` says how often its event has been written back; `partition`, `offset` where it stood."""

    position: Position
    times: int
    at: float
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    process: str
    key: bytes
    value: bytes
    headers: Headers

    @property
    def source(self) -> str:
        """Where the event stood, as the header of a replay says it."""
        return source_position(self.topic, self.partition, self.offset).decode()


@dataclass(frozen=True, slots=True)
class Letters:
    """N letters of one partition as columns, by rising offset; `times_N` as in `Letter`."""

    partition: int
    offset_N: NDArray[np.int64]
    columns: Columns
    times_N: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offset_N)

    def rows(self, pick_N: NDArray[np.bool_]) -> Letters:
        """Take those that a mask picks."""
        columns = {name: column[pick_N] for name, column in self.columns.items()}
        return Letters(self.partition, self.offset_N[pick_N], columns, self.times_N[pick_N])

    def letter(self, row: int) -> Letter:
        """One of them on its own."""
        c = self.columns
        return Letter(
            Position(self.partition, int(self.offset_N[row])),
            int(self.times_N[row]),
            float(c["at"][row]),
            c["topic"][row].decode(),
            int(c["partition"][row]),
            int(c["offset"][row]),
            c["reason"][row].decode(),
            c["detail"][row].decode(),
            c["process"][row].decode(),
            bytes(c["key"][row]),
            bytes(c["value"][row]),
            headers_of_map(c["headers"][row]),
        )
