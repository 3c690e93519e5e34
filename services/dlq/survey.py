"""What there is: letters counted by reason, topic and process, and the newest of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from schemas.dead_letters import REPLAY_HEADER
from services.dlq.letter import Letter, Letters, Position

Kind = tuple[str, str, str]
"""Reason, topic, process."""


@dataclass(frozen=True, slots=True)
class Count:
    """Letters of one kind, and how many of them have been replayed."""

    reason: str
    topic: str
    process: str
    letters: int
    replayed: int


@dataclass(frozen=True, slots=True)
class Line:
    """A letter without what it holds, which may be megabytes: `size` says how much.

    `times` says how often its event has been written back; `source` where it stood, and `replay_of`, if that itself
    was a replay, where it had stood before.
    """

    position: str
    at: float
    reason: str
    detail: str
    process: str
    source: str
    replay_of: str
    times: int
    size: int


@dataclass(frozen=True, slots=True)
class Survey:
    """`counts` with the most frequent first, `newest` with the newest first."""

    counts: tuple[Count, ...]
    newest: tuple[Line, ...]

    @property
    def letters(self) -> int:
        """How many there are."""
        return sum(count.letters for count in self.counts)

    @property
    def replayed(self) -> int:
        """How many of them have been written back."""
        return sum(count.replayed for count in self.counts)


def survey(found: Iterable[Letters], limit: int) -> Survey:
    """Count letters, and keep lines of the newest, at most `limit`."""
    letters, replayed = Counter[Kind](), Counter[Kind]()
    newest: list[tuple[float, Position, Line]] = []
    for some in found:
        kinds = _kinds(some)
        letters.update(kinds)
        replayed.update(kind for kind, times in zip(kinds, some.times_N.tolist(), strict=True) if times)
        at_N = np.nan_to_num(some.columns["at"], nan=-np.inf)
        # Only the newest of these can be among the newest of all.
        for row in np.argsort(at_N, kind="stable")[max(0, len(some) - limit) :].tolist():
            letter = some.letter(row)
            heapq.heappush(newest, (float(at_N[row]), letter.position, line_of(letter)))
            if len(newest) > limit:
                heapq.heappop(newest)
    counts = (Count(*kind, letters[kind], replayed[kind]) for kind in letters)
    return Survey(
        tuple(sorted(counts, key=lambda c: (-c.letters, c.reason, c.topic, c.process))),
        tuple(line for _, _, line in sorted(newest, reverse=True)),
    )


def line_of(letter: Letter) -> Line:
    """Tell of a letter in one line."""
    return Line(
        str(letter.position),
        letter.at,
        letter.reason,
        letter.detail,
        letter.process,
        letter.source,
        next((value.decode(errors="replace") for name, value in letter.headers if name == REPLAY_HEADER), ""),
        letter.times,
        len(letter.value),
    )


def _kinds(some: Letters) -> list[Kind]:
    names = (some.columns[name].tolist() for name in ("reason", "topic", "process"))
    return [(reason.decode(), topic.decode(), process.decode()) for reason, topic, process in zip(*names, strict=True)]
