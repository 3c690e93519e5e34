"""Labels that wait: for their answer, or, beside an answer, for other labels to settle with."""

from __future__ import annotations

from collections.abc import Container, Iterable
from heapq import heappop, heappush

from stream_jobs.label_join.rows import HeldLabel


class HeldLabels:
    """Labels by request id and offset, each id's by rising offset, and a heap of their times.

    A step takes no longer for an id that a hundred thousand labels name than for any other.
    """

    def __init__(self) -> None:
        self._by_id: dict[bytes, dict[int, HeldLabel]] = {}
        self._by_time: list[tuple[float, int, bytes]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    def hold(self, label: HeldLabel) -> None:
        """Keep a label; of one id they come by rising offset."""
        self._by_id.setdefault(label.id, {})[label.offset] = label
        heappush(self._by_time, (label.time, label.offset, label.id))
        self._count += 1

    def release(self, ids: Iterable[bytes]) -> list[HeldLabel]:
        """Let go of the labels of some ids; by rising offset."""
        if not self._by_id:
            return []
        released = [label for id_ in ids for label in self._by_id.pop(id_, {}).values()]
        self._count -= len(released)
        return sorted(released, key=lambda label: label.offset)

    def release_older(self, than: float, settling: Container[bytes]) -> list[HeldLabel]:
        """Let go of the labels with a time before `than` whose id is not in `settling`; by time, then offset."""
        released: list[HeldLabel] = []
        while self._by_time and self._by_time[0][0] < than:
            _, offset, id_ = heappop(self._by_time)
            labels = self._by_id.get(id_, {})
            if offset in labels and id_ not in settling:
                released.append(labels.pop(offset))
                self._count -= 1
                if not labels:
                    del self._by_id[id_]
        return released
