"""What one batch does to one partition of the join: collected while it is worked on, then written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stream_jobs.label_join.finished import Block, Ending
from stream_jobs.label_join.rows import HeldLabel, Labels

OBSERVED, DEFAULT = 0, 1


@dataclass(frozen=True, slots=True)
class Joined:
    """N answers with their labels; `origin` as in ``example.avsc``.

    `label_offset_N` is −1, and `labeller_N` empty, for a default.
    """

    id_N: NDArray[np.bytes_]
    answer_N: NDArray[np.void]
    label_time_N: NDArray[np.float64]
    label_N: NDArray[np.float64]
    label_offset_N: NDArray[np.int64]
    labeller_N: NDArray[np.bytes_]
    origin: int

    @classmethod
    def observed(cls, rows: Labels, row_N: NDArray[np.intp], answer_N: NDArray[np.void]) -> Self:
        """Join labels that came to their answers."""
        time_N, label_N, offset_N = rows.time_L[row_N], rows.value_L[row_N], rows.offset_L[row_N]
        return cls(rows.id_L[row_N], answer_N, time_N, label_N, offset_N, rows.labeller_L[row_N], OBSERVED)

    @classmethod
    def defaulted(
        cls, ids: Sequence[bytes], answer_N: NDArray[np.void], time_N: NDArray[np.float64], label: float
    ) -> Self:
        """Give answers that timed out the default."""
        count = len(ids)
        label_N, nowhere_N, nobody_N = np.full(count, label), np.full(count, -1), np.full(count, b"")
        return cls(np.array(ids), answer_N, time_N, label_N, nowhere_N, nobody_N, DEFAULT)


@dataclass(frozen=True, slots=True)
class Letter:
    """A label for the dead letters."""

    label: HeldLabel
    reason: str
    detail: str


@dataclass(slots=True)
class Step:
    """Outputs and changes of state. `puts` and `drops` are keys of the changelog's answers and labels, by offset."""

    admitted: list[NDArray[np.void]] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    answer_puts: dict[int, bytes] = field(default_factory=dict)
    answer_drops: list[int] = field(default_factory=list)
    label_puts: dict[int, HeldLabel] = field(default_factory=dict)
    label_drops: list[int] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    block: Block | None = None
    moved: bool = False
    endings: dict[bytes, Ending] = field(default_factory=dict)
    _ended: list[tuple[Sequence[bytes], NDArray[np.float64], int, NDArray[np.float64]]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything happened that the state must remember."""
        return bool(self.moved or self.counts or self.forgotten or self.block)

    def drop_answers(self, offset_N: NDArray[np.int64]) -> None:
        """Forget answers: those put in this very step were never written."""
        puts = self.answer_puts
        self.answer_drops += [offset for offset in offset_N.tolist() if puts.pop(offset, None) is None]

    def drop_label(self, offset: int) -> None:
        """Forget a label that may be held."""
        if self.label_puts.pop(offset, None) is None:
            self.label_drops.append(offset)

    def send(self, label: HeldLabel, reason: str, detail: str) -> None:
        """Let a label go to the dead letters."""
        self.letters.append(Letter(label, reason, detail))
        self.counts[f"labels_{reason.removesuffix('_label')}"] += 1

    def end(
        self, ids: Sequence[bytes], until_N: NDArray[np.float64], outcome: int, label_N: NDArray[np.float64]
    ) -> None:
        """Remember how requests ended."""
        if len(ids):
            self._ended.append((ids, until_N, outcome, label_N))

    def seal(self, number: int) -> Block | None:
        """Gather the requests that ended into a block of this number."""
        if not self._ended:
            return None
        self.block = Block(
            number,
            np.array([id_ for ids, *_ in self._ended for id_ in ids], np.bytes_),
            np.concatenate([until_N for _, until_N, _, _ in self._ended]),
            np.concatenate([np.full(len(ids), outcome, np.uint8) for ids, _, outcome, _ in self._ended]),
            np.concatenate([label_N for *_, label_N in self._ended]),
        )
        return self.block
