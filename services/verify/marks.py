"""What became of each record of a topic: one byte for each offset, exact, and without any search. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.whole_log import Spans
from services.verify.keys import Ints
from services.verify.ledger import Entries
from services.verify.report import Fault, Place

END: Final = 0x0F
"""Bits that say how a record ended; 0: not at all."""
HELD: Final = 0x10
"""It stands in the state of whoever read it."""
NOT_HELD: Final = 0xEF
MET: Final = 0x20
"""It was there when its topic was read."""


class Marks:
    """Marks on the offsets of one topic.

    Parameters
    ----------
    topic : str
    spans : mapping of int to Span
        What is left of each partition. Marks on other offsets are only counted.

    Attributes
    ----------
    twice, stray : list of Fault
        The first record that ended a second time, and the first mark beyond the end of the topic.
    gone : int
        Marks on offsets that retention has removed.
    """

    def __init__(self, topic: str, spans: Spans) -> None:
        self.topic = topic
        self._first = {p: span.first for p, span in spans.items()}
        self._byte = {p: np.zeros(span.end - span.first, np.uint8) for p, span in spans.items()}
        self.twice: list[Fault] = []
        self.stray: list[Fault] = []
        self.gone = 0

    def end(self, by: Entries, partition_N: Ints, offset_N: Ints, code_N: NDArray[np.uint8]) -> None:
        """Note how records ended: N of them, each told by one record of `by`."""
        for partition in np.unique(partition_N).tolist():
            mine_N = np.flatnonzero(partition_N == partition)
            byte, place_N = self._places(by.topic, partition, offset_N[mine_N])
            mine_N, place_N = mine_N[place_N >= 0], place_N[place_N >= 0]
            again_N = np.ones(len(place_N), np.bool_)
            again_N[np.unique(place_N, return_index=True)[1]] = False
            again_N |= (byte[place_N] & END) != 0
            if again_N.any() and not self.twice:
                row, at = int(mine_N[again_N][0]), int(place_N[again_N][0])
                told = Place(by.topic, int(by.partition_N[row]), int(by.offset_N[row]))
                whose = Place(self.topic, partition, at + self._first[partition])
                self.twice.append(Fault(told, f"is a second end of {whose}"))
            byte[place_N] |= code_N[mine_N]

    def hold(self, partition: int, offset_N: Ints, waits_N: NDArray[np.bool_]) -> None:
        """Note which records wait in a state, and which do no longer; of those on one offset the last counts."""
        byte, place_N = self._places("the state", partition, offset_N)
        is_here_N = place_N >= 0
        place_N, waits_N = place_N[is_here_N], waits_N[is_here_N]
        here_N = byte[place_N]
        byte[place_N] = np.where(waits_N, here_N | HELD, here_N & NOT_HELD).astype(np.uint8)

    def meet(self, partition: int, offset_N: Ints) -> NDArray[np.uint8]:
        """Return the marks on records that are there, and note that they are."""
        place_N, byte = offset_N - self._first[partition], self._byte[partition]
        found_N = byte[place_N]
        byte[place_N] |= MET
        return found_N

    def has_ended(self, partition: int, offset_N: Ints) -> NDArray[np.uint8]:
        """Return how records ended."""
        return self._byte[partition][offset_N - self._first[partition]] & np.uint8(END)

    def unmet(self) -> Place | None:
        """Find the first offset that has a mark, but no record."""
        for partition, byte in sorted(self._byte.items()):
            at_N = np.flatnonzero((byte != 0) & ((byte & MET) == 0))
            if len(at_N):
                return Place(self.topic, partition, int(at_N[0]) + self._first[partition])
        return None

    def _places(self, told: str, partition: int, offset_N: Ints) -> tuple[NDArray[np.uint8], Ints]:
        """Bytes of a partition, and where in them the offsets are; -1 if they are not."""
        byte = self._byte.get(partition, _NONE)
        place_N = offset_N - self._first.get(partition, 0)
        beyond_N = place_N >= len(byte)
        if beyond_N.any() and not self.stray:
            place = Place(self.topic, partition, int(offset_N[beyond_N][0]))
            self.stray.append(Fault(place, f"is named by {told}, but is not there"))
        self.gone += int(np.count_nonzero(place_N < 0))
        return byte, np.where(beyond_N, -1, np.maximum(place_N, -1))


_NONE: Final = np.empty(0, np.uint8)
