"""examples = learned + refused + waiting, version by version, by offset in the examples log. Pure."""

from __future__ import annotations

import numpy as np

from services.verify.keys import Ints, place_keys
from services.verify.ledger import Entries, Ledger, Side, first_surplus
from services.verify.letters import Letters
from services.verify.report import Equation, Fault, Term, balance
from services.verify.versions import Announced, lineage_faults


class Learning:
    """The book of the examples log and of the versions that it made.

    Parameters
    ----------
    versions : list of Announced
        By rising number.
    told : int
        Offset before which the learner has sent every dead letter.
    """

    def __init__(self, versions: list[Announced], told: int) -> None:
        self._versions = versions
        self.told = max([told, *(v.last_offset + 1 for v in versions)])
        self._last_V = np.array([v.last_offset for v in versions], np.int64)
        self._learned_V = np.zeros(len(versions), np.int64)
        self._next_V = np.full(len(versions), -1, np.int64)
        self._first = -1
        self.good, self.bad, self.letters = 0, 0, 0
        self.ledger = Ledger()

    def take(self, good_N: Ints, bad: Entries) -> None:
        """Take the next rows of the log: offsets of those that can be learned from, and keys of the others."""
        self.good += len(good_N)
        self.bad += len(bad.hash_N)
        self.ledger.credit(bad.hash_N)
        if len(good_N):
            self._first = int(good_N[0]) if self._first < 0 else self._first
            through_V = np.searchsorted(good_N, self._last_V, side="right")
            self._learned_V += through_V
            fresh_V = (self._next_V < 0) & (through_V < len(good_N))
            self._next_V[fresh_V] = good_N[through_V[fresh_V]]

    def bad_rows(self, topic: str, offset_N: Ints) -> Entries:
        """Keys of rows that cannot be learned from, as far as the learner must have told of them."""
        offset_N = offset_N[offset_N < self.told]
        zeros_N = np.zeros(len(offset_N), np.int64)
        return Entries(topic, zeros_N, offset_N, place_keys(zeros_N, offset_N))

    def letters_of(self, letters: Letters) -> Entries:
        """Keys of dead letters of the examples log."""
        mine = letters.rows(letters.offset_L < self.told)
        return mine.entries(place_keys(mine.partition_L, mine.offset_L))

    def bury(self, letters: Letters) -> None:
        """Debit dead letters."""
        entries = self.letters_of(letters)
        self.letters += len(entries.hash_N)
        self.ledger.debit(entries.hash_N)

    def equation(self, bad: Side, letters: Side, others: int, is_whole: bool) -> Equation:
        """Say whether each version has learned what it says, and whether all else was refused."""
        faults = [] if not is_whole else [*lineage_faults(self._versions), *self._range_faults()]
        if not self.ledger.is_balanced:
            differing = self.ledger.differing
            if lost := first_surplus(differing, bad, letters):
                faults.append(Fault(lost, "cannot be learned from, and is no dead letter"))
            if extra := first_surplus(differing, letters, bad):
                faults.append(Fault(extra, "buries what is no example, can be learned from, or was buried before"))
        newest = self._versions[-1] if self._versions else None
        learned = newest.examples if newest else 0
        waiting = self.good - int(self._learned_V[-1]) if newest else self.good
        note = (
            "" if is_whole else "the beginning of the examples is gone: offsets and counts of versions are not compared"
        )
        learned = learned if is_whole else self.good - waiting
        terms = (
            Term(f"learned by version {newest.number}" if newest else "learned", learned),
            Term("refused", self.letters),
            *([Term("refused, not told yet", others)] if others else []),
            Term("waiting for the next version", waiting),
        )
        return balance("examples", ("I3", "I8"), Term("in the log", self.good + self.bad + others), terms, faults, note)

    def _range_faults(self) -> list[Fault]:
        faults, parent_next = list[Fault](), self._first
        for i, version in enumerate(self._versions):
            if version.examples != self._learned_V[i]:
                what = f"says that {version.examples:,} examples were learned up to offset {version.last_offset}"
                faults.append(Fault(version.place, f"{what}, the log has {self._learned_V[i]:,}"))
            if version.first_offset != parent_next:
                what = f"begins at offset {version.first_offset}, the first after its parent's is {parent_next}"
                faults.append(Fault(version.place, what))
            parent_next = int(self._next_V[i]) if version.published else parent_next
        return faults
