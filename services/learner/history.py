"""The log that was read already, for those who learn it again: one partition, read from two places in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

import numpy as np

from adapters.learner_ports import LogEnd, PartitionLog
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.examples import Examples, read_whole_log
from schemas.records import Records

_MOST_ROWS: Final = 4096
_WAIT_S: Final = 0.5
_PATIENCE: Final = 60
"""Reads in a row that may bring nothing though the log goes on."""


class Interrupted(Exception):
    """Learning again was broken off in its midst: what was being folded is to be thrown away."""


class History(Protocol):
    """What the fold may ask of the log that lies behind it."""

    def between(self, first: int, end: int) -> Iterator[Examples]:
        """Give the examples at offsets from `first` to before `end`, in pieces, as the fold had them. May block.

        What the log no longer holds is missing. It must be read to its end before anything else is read.

        Raises
        ------
        Interrupted
            The process is to stop.
        DependencyError
            The log cannot be read now.
        """
        ...


class NoHistory:
    """For logs of which nothing is learned again."""

    def between(self, first: int, end: int) -> Iterator[Examples]:
        """Must not be asked."""
        raise AssertionError(f"offsets {first} to {end} are to be learned again: give the fold its history")


class RereadableLog:
    """A `PartitionLog` that is also the `History` of what it was read for.

    Parameters
    ----------
    log : PartitionLog
        Used by nobody else.
    contracts : Contracts
        Of the pipeline.
    turn : callable
        Called between two pieces of history; may raise `Interrupted`.
    """

    def __init__(self, log: PartitionLog, contracts: Contracts, turn: Callable[[], None] = lambda: None) -> None:
        self._log, self._contracts, self._turn = log, contracts, turn
        self._next, self._at_end = 0, False

    def seek(self, offset: int) -> None:
        """Go to an offset; DataError if the log does not hold it."""
        self._log.seek(offset)
        self._next, self._at_end = offset, False

    def read(self, most: int, timeout_s: float) -> Records:
        """Return the next records, as `PartitionLog.read`."""
        records = self._log.read(most, timeout_s)
        self._at_end = self._log.is_at_end
        if records.values:
            self._next = int(records.offset_B[-1]) + 1
        return records

    @property
    def is_at_end(self) -> bool:
        """Whether the last reading on found the end of the log."""
        return self._at_end

    def end(self) -> LogEnd:
        """Ask where the log begins and ends. May block."""
        return self._log.end()

    def close(self) -> None:
        """Leave; may block briefly."""
        self._log.close()

    def between(self, first: int, end: int) -> Iterator[Examples]:
        """Give a range of what lies behind, then go back to where reading goes on."""
        place = max(first, self._log.end().first)
        if place < end:
            self._log.seek(place)
        while place < end:
            self._turn()
            records = self._piece()
            place = int(records.offset_B[-1]) + 1
            examples, _, _ = read_whole_log(self._contracts, records)
            yield examples[np.flatnonzero(examples.offset_B < end)]
        self._log.seek(self._next)

    def _piece(self) -> Records:
        for _ in range(_PATIENCE):
            records = self._log.read(_MOST_ROWS, _WAIT_S)
            if records.values:
                return records
            self._turn()
        raise DependencyError(
            f"{records.topic} gave nothing in {_PATIENCE * _WAIT_S:.0f} s.", "See `anabranch doctor`."
        )
