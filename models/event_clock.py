"""The event-time clock of one partition, and the guard against a clock that jumps.

One event dated a year ahead would close every pane, or time out every answer, for everybody. So an event further than
`max_jump` ahead of its partition's clock is not believed, unless the source promises that time (`Progress`) or
`PERSISTS` events in a row say so. The clock is a function of the partition's log alone: cutting it into batches
differently changes nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError

PERSISTS = 100
LATEST_MS = 2.0**47
"""The year 6429: times beyond it, or before 1970, are taken for mistakes."""

_STATE = struct.Struct("<ddq")


@dataclass(frozen=True, slots=True)
class SourceClock:
    """How far a partition has come: `newest` event accepted, `promised` by Progress, ms; events in a row refused."""

    newest: float = -np.inf
    promised: float = -np.inf
    refused: int = 0

    @property
    def reached(self) -> float:
        """The latest time that is believed, ms; -inf before the first."""
        return max(self.newest, self.promised)

    def watermark(self, lateness: int) -> float:
        """No event older than this is expected, ms."""
        return max(self.newest - lateness, self.promised)

    def to_bytes(self) -> bytes:
        """State for the changelog."""
        return _STATE.pack(self.newest, self.promised, self.refused)


def clock_from(raw: bytes) -> SourceClock:
    """Restore what `SourceClock.to_bytes` wrote.

    Raises
    ------
    DataError
        These bytes are no clock.

    Examples
    --------
    >>> clock_from(SourceClock(7.0).to_bytes()).newest
    7.0
    """
    if len(raw) != _STATE.size:
        raise DataError(
            f"A clock is {_STATE.size} bytes, not {len(raw)}: the changelog of the clocks is damaged.",
            "Delete the clock-changelog topic: clocks start again at the next event.",
        )
    return SourceClock(*_STATE.unpack(raw))


def advance(
    clock: SourceClock, time_N: NDArray[np.float64], is_promise_N: NDArray[np.bool_], max_jump: int
) -> tuple[SourceClock, NDArray[np.bool_]]:
    """Take a partition's records in order.

    Returns
    -------
    tuple of SourceClock and ndarray of bool, shape (N,)
        The clock after them, and which of them are accepted.

    Examples
    --------
    >>> day = 86_400_000
    >>> clock, accepted = advance(SourceClock(), np.array([0.0, 400.0 * day, 5.0]), np.zeros(3, bool), 7 * day)
    >>> clock.newest, accepted
    (5.0, array([ True, False,  True]))
    """
    if len(time_N) == 0:
        return clock, np.zeros(0, np.bool_)
    before = clock.reached
    reached_N = np.maximum.accumulate(np.concatenate(([before if before > -np.inf else time_N[0]], time_N)))[:-1]
    if np.any((time_N > reached_N + max_jump) & ~is_promise_N):
        return _one_by_one(clock, time_N, is_promise_N, max_jump)
    newest = max(clock.newest, time_N[~is_promise_N].max(initial=-np.inf))
    promised = max(clock.promised, time_N[is_promise_N].max(initial=-np.inf))
    return SourceClock(float(newest), float(promised)), np.ones(len(time_N), np.bool_)


def _one_by_one(
    clock: SourceClock, time_N: NDArray[np.float64], is_promise_N: NDArray[np.bool_], max_jump: int
) -> tuple[SourceClock, NDArray[np.bool_]]:
    accepted_N = np.ones(len(time_N), np.bool_)
    for i, (time, is_promise) in enumerate(zip(time_N.tolist(), is_promise_N.tolist(), strict=True)):
        reached = clock.reached
        if is_promise:
            clock = replace(clock, promised=max(clock.promised, time), refused=0)
        elif reached == -np.inf or time <= reached + max_jump or clock.refused + 1 >= PERSISTS:
            clock = replace(clock, newest=max(clock.newest, time), refused=0)
        else:
            accepted_N[i], clock = False, replace(clock, refused=clock.refused + 1)
    return clock, accepted_N
