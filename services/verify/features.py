"""feature events read = folded + dead letters + without effect, batch by batch of the first step. Pure.

A pane row says of which batch of its source partition it is made, by the first and last offset, and how many values
went into it. So two batches must not overlap, and each batch must hold as many values as the events between its
offsets have for the windows. What the second step makes of the rows cannot be seen in the log: its state holds sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.whole_log import Span
from schemas.contracts import Contracts
from schemas.decoded import Columns, Part
from services.verify.keys import Ints
from services.verify.report import Equation, Fault, Place, Term, balance

_COMPACT = 1 << 18


class Weights:
    """How many values each event brings to all the windows over it."""

    def __init__(self, contracts: Contracts) -> None:
        self._takers: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._values: dict[tuple[str, str], int] = {}
        for kind in contracts.layout.kinds:
            for event, key_fields in kind.event_fields.items():
                values = tuple(dict.fromkeys(c.value for c in kind.columns if c.event == event))
                self._takers.setdefault(event, []).append((tuple(key_fields), values))
                self._values[kind.name, event] = len(values)

    def of(self, part: Part) -> Ints:
        """Values of each event of a part."""
        total_N = np.zeros(len(part.row_N), np.int64)
        for key_fields, values in self._takers.get(part.name, []):
            named_N = np.all([part.columns[f] != b"" for f in key_fields], axis=0)
            known_N = np.sum([~np.isnan(part.columns[v]) for v in values], axis=0)
            total_N += np.where(named_N, known_N, 0)
        return total_N

    def in_rows(self, columns: Columns) -> Ints:
        """Values in each message of pane rows; 0 in watermarks, -1 in what is of no window."""
        names = ("kind", "event", "rows", "panes")
        rows = zip(*(columns[name].tolist() for name in names), strict=True)
        return np.array([self._in_row(*row) for row in rows], np.int64)

    def _in_row(self, kind: bytes, event: bytes, rows: int, panes: bytes) -> int:
        if not rows:
            return 0
        values = self._values.get((kind.decode(), event.decode()))
        if values is None or len(panes) < 8 * rows * (1 + values):
            return -1
        return int(np.frombuffer(panes, "<i8", rows * values, 8 * rows).sum())


@dataclass(frozen=True, slots=True)
class Events:
    """N records of one source partition: values for the windows, and what kind of record each is."""

    weight_N: Ints
    usable_N: NDArray[np.bool_]
    promise_N: NDArray[np.bool_]
    buried_N: NDArray[np.bool_]


class Features:
    """The book of the features topic.

    Parameters
    ----------
    read : mapping of int to Span
        Offsets of each partition that were folded and are left.
    """

    def __init__(self, topic: str, read: Mapping[int, Span]) -> None:
        self._topic, self._read = topic, read
        self._batches: list[NDArray[np.int64]] = []
        self._size = 0
        self.strange: list[Fault] = []
        self.events, self.folded, self.letters, self.no_effect = 0, 0, 0, 0
        self.lost: list[Fault] = []

    def fold(self, places: tuple[str, Ints, Ints], columns: Columns, count_N: Ints) -> None:
        """Take messages of pane rows with the values in each."""
        topic, partition_N, offset_N = places
        if (count_N < 0).any() and not self.strange:
            row = int(np.flatnonzero(count_N < 0)[0])
            place = Place(topic, int(partition_N[row]), int(offset_N[row]))
            self.strange.append(Fault(place, "holds rows of no window"))
        at_N = np.flatnonzero(columns["rows"] > 0)
        found = np.stack(
            [columns[n][at_N] for n in ("source_partition", "first_offset", "last_offset")] + [count_N[at_N]]
        )
        self._batches.append(found.astype(np.int64))
        self._size += len(at_N)
        if self._size > _COMPACT:
            self._batches = [_merged(self._batches)]
            self._size = self._batches[0].shape[1]

    def close(self) -> None:
        """All pane rows have come."""
        merged = _merged(self._batches)
        spans = [self._read.get(p, Span(0, 0)) for p in merged[0].tolist()]
        first_N, end_N = (np.array([s.first for s in spans], np.int64), np.array([s.end for s in spans], np.int64))
        self._cut = merged[:, (merged[1] < end_N) & (merged[2] >= first_N)]
        self._is_whole = self._cut[1] >= first_N[(merged[1] < end_N) & (merged[2] >= first_N)]
        self._met = np.zeros(self._cut.shape[1], np.int64)
        self._of = {p: np.flatnonzero(self._cut[0] == p) for p in np.unique(self._cut[0]).tolist()}

    def take(self, partition: int, offset_N: Ints, events: Events) -> None:
        """Take the next records of a source partition."""
        batches = self._of.get(partition, np.empty(0, np.int64))
        first, last = self._cut[1, batches], self._cut[2, batches]
        place_N = np.searchsorted(first, offset_N, side="right") - 1
        inside_N = (place_N >= 0) & (offset_N <= last[place_N]) if len(batches) else np.zeros(len(offset_N), np.bool_)
        buried_N, promise_N = events.buried_N, events.promise_N
        weight_N = np.where(buried_N, 0, events.weight_N)
        np.add.at(self._met, batches[place_N[inside_N]], weight_N[inside_N])
        self._lose(partition, offset_N, ~inside_N & (weight_N > 0), "was read, but no batch of pane rows has it")
        unusable_N = ~events.usable_N & ~buried_N
        self._lose(partition, offset_N, unusable_N, "was read and cannot be used, but is no dead letter")
        self.events += int((~promise_N).sum())
        self.letters += int((buried_N & ~promise_N).sum())
        self.folded += int((inside_N & (weight_N > 0)).sum())
        self.no_effect += int((~buried_N & ~promise_N & ~unusable_N & (weight_N == 0)).sum())

    def _lose(self, partition: int, offset_N: Ints, lost_N: NDArray[np.bool_], what: str) -> None:
        if lost_N.any() and not self.lost:
            self.lost.append(Fault(Place(self._topic, partition, int(offset_N[lost_N][0])), what))

    def equation(self, buried: Iterable[Fault], notes: str) -> Equation:
        """Say whether each event went into the windows once."""
        faults = [*buried, *self.strange, *self.lost, *self._overlaps(), *self._differing()]
        whole = Term("events read", self.events)
        terms = (
            Term("folded", self.folded),
            Term("dead-lettered", self.letters),
            Term("without effect", self.no_effect),
        )
        return balance("features", ("I2",), whole, terms, faults, notes)

    def _overlaps(self) -> Iterator[Fault]:
        for partition, batches in sorted(self._of.items()):
            first, last = self._cut[1, batches], self._cut[2, batches]
            bad = np.flatnonzero(first[1:] <= last[:-1])
            if len(bad):
                yield Fault(Place(self._topic, partition, int(first[1:][bad[0]])), "was folded in two batches")

    def _differing(self) -> Iterator[Fault]:
        wrong = np.flatnonzero((self._met != self._cut[3]) & self._is_whole)
        if len(wrong):
            p, first, last, count = self._cut[:, wrong[0]].tolist()
            what = f"to {last}: the events have {self._met[wrong[0]]:,} values for the windows, the pane rows {count:,}"
            yield Fault(Place(self._topic, p, first), what)


def _merged(batches: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Add up the rows of the same batch; sorted by source partition and offsets."""
    if not batches:
        return np.empty((4, 0), np.int64)
    whole = np.concatenate(batches, axis=1)
    whole = whole[:, np.lexsort(whole[2::-1])]
    if not whole.shape[1]:
        return whole
    starts = np.flatnonzero(np.append(True, (np.diff(whole[:3], axis=1) != 0).any(axis=0)))
    return np.concatenate([whole[:3, starts], np.add.reduceat(whole[3], starts)[None]])
