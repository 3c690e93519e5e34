"""Labels that wait: for their answer, or, beside an answer, for other labels to settle with."""

from __future__ import annotations

from collections.abc import Container, Iterable
from heapq import heappop, heappush

from stream_jobs.label_join.rows import HeldLabel


class HeldLabels:
    """Labels by request id, each id's by rising offset, and a heap of their times."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, list[HeldLabel]] = {}
        self._by_time: list[tuple[float, int, bytes]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def hold(self, label: HeldLabel) -> None:
        """Keep a label; of one id they come by rising offset."""
        self._by_id.setdefault(label.id, []).append(label)
        heappush(self._by_time, (label.time, label.offset, label.id))
        self._count += 1

    def of(self, id_: bytes) -> list[HeldLabel]:
        """Labels of an id, which stay."""
        return self._by_id.get(id_, [])

    def release(self, ids: Iterable[bytes]) -> list[HeldLabel]:
        """Let go of the labels of some ids; by rising offset."""
        if not self._by_id:
            return []
        released = [label for id_ in ids for label in self._by_id.pop(id_, ())]
        self._count -= len(released)
        return sorted(released, key=lambda label: label.offset)

    def release_older(self, than: float, settling: Container[bytes]) -> list[HeldLabel]:
        """Let go of the labels with a time before `than` whose id is not in `settling`; by time, then offset."""
        released: list[HeldLabel] = []
        while self._by_time and self._by_time[0][0] < than:
            _, offset, id_ = heappop(self._by_time)
            released += [label for label in self.of(id_) if label.offset == offset and id_ not in settling]
        for label in released:
            self._drop(label)
        return released

    def _drop(self, label: HeldLabel) -> None:
        left = [other for other in self._by_id[label.id] if other.offset != label.offset]
        self._count -= 1
        if left:
            self._by_id[label.id] = left
        else:
            del self._by_id[label.id]
