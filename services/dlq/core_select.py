"""Which letters are meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.learner_ports import LogEnd
from services.dlq.letter import Letters, Position


@dataclass(frozen=True, slots=True)
class Selection:
    """What must be true of a letter to be chosen; an empty part asks for nothing.

    Parameters
    ----------
    reasons, topics, processes : frozenset of str
        One of these each; topics by their whole names.
    since_ms : float
        Written at or after this time, ms since 1970.
    replayed : bool or None
        Has been written back, or has not.
    positions : frozenset of Position
        Is one of these.
    """

    reasons: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()
    since_ms: float = -np.inf
    replayed: bool | None = None
    positions: frozenset[Position] = frozenset()

    def chosen(self, letters: Letters) -> NDArray[np.bool_]:
        """Tell of each letter whether it is chosen (N,)."""
        c = letters.columns
        keep_N = c["at"] >= self.since_ms if self.since_ms > -np.inf else np.ones(len(letters), np.bool_)
        for name, wanted in (("reason", self.reasons), ("topic", self.topics), ("process", self.processes)):
            if wanted:
                keep_N = keep_N & np.isin(c[name], [w.encode() for w in wanted])
        if self.replayed is not None:
            keep_N = keep_N & ((letters.times_N > 0) == self.replayed)
        if self.positions:
            offsets = [p.offset for p in self.positions if p.partition == letters.partition]
            keep_N = keep_N & np.isin(letters.offset_N, offsets)
        return keep_N

    def spans(self, bounds: Mapping[int, LogEnd]) -> dict[int, LogEnd]:
        """Cut stretches of the topic to where chosen letters can be.

        Examples
        --------
        >>> Selection(positions=frozenset({Position(0, 7)})).spans({0: LogEnd(0, 99), 1: LogEnd(0, 99)})
        {0: LogEnd(first=7, next=8)}
        """
        if not self.positions:
            return dict(bounds)
        spans = {}
        for partition, all_ in bounds.items():
            offsets = [p.offset for p in self.positions if p.partition == partition]
            if offsets:
                spans[partition] = LogEnd(max(all_.first, min(offsets)), min(all_.next, max(offsets) + 1))
        return spans
