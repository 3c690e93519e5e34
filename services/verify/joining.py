"""What the label join read = what became of it, by topic and offset, and by the join's own books. Pure.

Each example, dead letter and held row of the state marks the records it was made of. The join's changelog counts rows
by what became of them (`JoinPosition`): so many rows of each partition, from its beginning, are those it has taken in,
and each of its counts must be what the topics show of them. That is double entry: the topics are one book, the
changelog the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.verify.keys import Ints
from services.verify.marks import END, HELD, Marks
from services.verify.report import Equation, Fault, Place, Term, balance

JOINED, DEFAULTED = 1, 2
_REASONS = ("unknown_request", "early_label", "late_label", "duplicate_label", "contradictory_label", "no_prediction")
_OUTCOMES = tuple(reason.removesuffix("_label") for reason in _REASONS)
LABEL_CODES = {reason.encode(): code for code, reason in enumerate(_REASONS, 3)}
ANSWER_CODES = {b"duplicate_answer": 3}
BAD = 15
ANSWER_ENDS = {"joined": JOINED, "defaulted": DEFAULTED, "duplicate": 3, "bad": BAD}
LABEL_ENDS = {"joined": JOINED, **{name: code for code, name in enumerate(_OUTCOMES, 3)}, "bad": BAD}


def codes(reason_N: NDArray[np.bytes_], known: Mapping[bytes, int]) -> NDArray[np.uint8]:
    """Codes of reasons of dead letters."""
    return np.array([known.get(reason, BAD) for reason in reason_N.tolist()], np.uint8)


@dataclass(slots=True)
class Flow:
    """One of the join's two inputs: what was found of its records, partition by partition.

    Attributes
    ----------
    marks : Marks
    name : str
        ``answers`` or ``labels``.
    ends : mapping of str to int
        Mark of each outcome that leaves a record.
    books : mapping of int to mapping of str to int
        Counts of the changelog's `JoinPosition`, by partition.
    read : mapping of int to int
        Committed offsets, of before the changelog was read.
    reached : mapping of int to float
        Event time, ms, that the join had come to: nothing that was due later can have timed out.
    whole : bool
        The topic still has its beginning: rows can be counted from there.
    """

    marks: Marks
    name: str
    ends: Mapping[str, int]
    books: Mapping[int, Mapping[str, int]]
    read: Mapping[int, int]
    reached: Mapping[int, float]
    whole: bool
    found: Counter[tuple[int, str]] = field(default_factory=Counter)
    rows: Counter[int] = field(default_factory=Counter)
    unbooked: list[Fault] = field(default_factory=list)
    lost: dict[int, Place] = field(default_factory=dict)
    lost_early: dict[int, Place] = field(default_factory=dict)

    def take(
        self, partition: int, offset_N: Ints, unpredicted_N: NDArray[np.bool_], due_N: NDArray[np.float64]
    ) -> None:
        """Take the next records of a partition.

        Parameters
        ----------
        offset_N : ndarray of int64, shape (N,)
            Rising.
        unpredicted_N : ndarray of bool, shape (N,)
            Answers that never wait for a label; they leave no other record.
        due_N : ndarray of float64, shape (N,)
            Event time, ms, at which each has waited long enough.
        """
        rank_N = self.rows[partition] + np.arange(len(offset_N))
        self.rows[partition] += len(offset_N)
        mark_N = self.marks.meet(partition, offset_N)
        is_in_N = offset_N < self.read.get(partition, 0)
        if self.whole:
            booked_N = rank_N < self.books.get(partition, {}).get(f"{self.name}_in", 0)
            ahead_N = is_in_N & ~booked_N
            if ahead_N.any() and not self.unbooked:
                place = Place(self.marks.topic, partition, int(offset_N[ahead_N][0]))
                self.unbooked.append(Fault(place, "was read, but the join's state does not count it"))
            is_in_N = booked_N
        left_N = self._count(partition, mark_N[is_in_N], unpredicted_N[is_in_N])
        if left_N.any():
            offset_N, due_N = offset_N[is_in_N][left_N], due_N[is_in_N][left_N]
            self.lost.setdefault(partition, Place(self.marks.topic, partition, int(offset_N[0])))
            early_N = offset_N[due_N > self.reached.get(partition, np.inf)]
            if len(early_N):
                self.lost_early.setdefault(partition, Place(self.marks.topic, partition, int(early_N[0])))

    def _count(self, partition: int, mark_N: NDArray[np.uint8], unpredicted_N: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Count ends; says of which rows nothing is left."""
        # What is held in the state and yet has ended has ended since: the state was read first.
        held_N, code_N = (mark_N & HELD) != 0, mark_N & END
        self.found[partition, "held"] += int(held_N.sum())
        for name, code in self.ends.items():
            self.found[partition, name] += int(np.count_nonzero((code_N == code) & ~held_N))
        nothing_N = (code_N == 0) & ~held_N
        self.found[partition, "no_prediction"] += int(np.count_nonzero(nothing_N & unpredicted_N))
        left_N = nothing_N & ~unpredicted_N
        self.found[partition, "nothing"] += int(left_N.sum())
        return np.asarray(left_N, np.bool_)

    def equation(self, name: str) -> Equation:
        """Say whether all is accounted for, and as the join's books have it."""
        found: Counter[str] = Counter()
        for (_, outcome), count in self.found.items():
            found[outcome] += count
        timed_out = min(found["nothing"], sum(book.get(f"{self.name}_timed_out", 0) for book in self.books.values()))
        outcomes = {**{outcome: found[outcome] for outcome in self.ends}, "timed_out": timed_out, "held": found["held"]}
        outcomes["no_prediction"] = found["no_prediction"]
        terms = tuple(
            Term(_TERMS.get(outcome, outcome), n) for outcome, n in outcomes.items() if n or outcome in _SHOWN
        )
        faults = [
            *self.marks.twice,
            *self.marks.stray,
            *self._unmet(),
            *self.unbooked,
            *self._lost(),
            *self._differences(),
        ]
        note = "" if self.whole else f"the beginning of {self.marks.topic} is gone: the join's counts are not compared"
        return balance(name, ("I2",), Term("read", sum(found.values())), terms, faults, note)

    def _unmet(self) -> list[Fault]:
        place = self.marks.unmet()
        return [Fault(place, "has an end, but there is no such record")] if place else []

    def _lost(self) -> list[Fault]:
        """Rows of which nothing is left: as many as timed out may be, and only such as were due."""
        told, what = list[Fault](), "was read, and left neither example nor dead letter nor a place in the state"
        for partition, place in sorted(self.lost.items()):
            nothing, early = self.found[partition, "nothing"], self.lost_early.get(partition)
            allowed = self.books.get(partition, {}).get(f"{self.name}_timed_out", 0)
            if early or not allowed:
                told.append(Fault(early or place, what))
            elif nothing > allowed:
                told.append(Fault(place, f"{what} (the first of {nothing:,}, of which {allowed:,} timed out)"))
        return told

    def _differences(self) -> list[Fault]:
        if not self.whole:
            return []
        told = list[Fault]()
        for partition, book in sorted(self.books.items()):
            for name, count in book.items():
                outcome = name.removeprefix(f"{self.name}_")
                if outcome == name or outcome == "in":
                    continue
                shown = self.found[partition, "nothing" if outcome == "timed_out" else outcome]
                if shown != count:
                    what = f"partition {partition}: the join's state counts {name} {count:,}, the topics show {shown:,}"
                    told.append(Fault(None, what))
            if (rows := self.rows[partition]) < book.get(f"{self.name}_in", 0):
                what = f"partition {partition}: the join's state counts more {self.name} than the {rows:,} there are"
                told.append(Fault(None, what))
        return told


_TERMS = {"duplicate": "duplicates", "held": "pending", "no_prediction": "no prediction", "timed_out": "timed out"}
_SHOWN = ("joined", "held")
