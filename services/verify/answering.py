"""requests read = answered + dead letters, by request id. Pure but for the second reading when they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from adapters.whole_log import Stretch
from schemas.contracts import Contracts
from schemas.decoded import Part
from schemas.status import Status
from services.verify.hashing import Hashes
from services.verify.keys import id_keys, request_keys
from services.verify.ledger import Entries, Ledger, Side, bucket_of, first_surplus
from services.verify.letters import Letters
from services.verify.report import Equation, Fault, Term, balance
from services.verify.zone import Zone

INVARIANTS = ("I1", "I2")


class Answering:
    """The book of requests and their ends."""

    def __init__(self, contracts: Contracts, zone: Zone, read: dict[int, int]) -> None:
        self._contracts, self._zone, self._read = contracts, zone, read
        self.ledger = Ledger()
        self.requests, self.letters, self.ahead = 0, 0, 0
        self.by_status: Counter[Status] = Counter()

    def requests_of(self, stretch: Stretch) -> Entries:
        """Keys of requests."""
        key_B = request_keys(self._contracts, stretch.partition_B, stretch.offset_B, stretch.values)
        return Entries(stretch.topic, stretch.partition_B, stretch.offset_B, key_B)

    def letters_of(self, letters: Letters) -> Entries:
        """Keys of the dead letters of requests below the cut."""
        read_L = np.array([self._read.get(p, 0) for p in letters.partition_L.tolist()], np.int64)
        mine = letters.rows(letters.offset_L < read_L)
        key_L = request_keys(self._contracts, mine.partition_L, mine.offset_L, mine.value_L)
        return mine.entries(key_L)

    def ask(self, stretch: Stretch) -> None:
        """Credit requests below the cut."""
        key_B = self.requests_of(stretch).hash_N
        self.requests += len(key_B)
        self.ledger.credit(key_B[~self._zone.owe(key_B)])

    def bury(self, letters: Letters) -> None:
        """Debit dead letters of requests."""
        key_L = self.letters_of(letters).hash_N
        inside_L, _ = self._zone.pay(key_L)
        self.letters += len(key_L)
        self.ledger.debit(key_L[~inside_L])

    def answers_of(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of answers."""
        key_N = id_keys(part.columns["request_id"])
        return Entries(stretch.topic, stretch.partition_B[part.row_N], stretch.offset_B[part.row_N], key_N)

    def answer(self, key_N: Hashes, status_N: NDArray[np.uint8]) -> None:
        """Debit answers."""
        inside_N, before_N = self._zone.pay(key_N)
        self.ledger.debit(key_N[~inside_N])
        count = np.bincount(status_N[~inside_N | before_N], minlength=len(Status))
        self.by_status.update(dict(zip(Status, count.tolist(), strict=True)))

    def counts(self, waiting: int, note: str) -> Equation:
        """Show the numbers, where the log no longer holds both sides."""
        return Equation(
            "requests", INVARIANTS, (self._whole, *self._terms), (), self._note(waiting, note), is_sum=False
        )

    def equation(self, read: Side, asked: Side, ends: Side, waiting: int, lenient: bool) -> Equation:
        """Say whether all is balanced.

        Parameters
        ----------
        read, asked, ends : callable
            Requests that were read, those and all others, and what ended them: to be read anew if it is not.
        waiting : int
            Requests that were not read yet; they are shown.
        lenient : bool
            A request may be answered more than once: the predictor delivers at least once.
        """
        faults, terms = list(self._faults(read, asked, ends, lenient)), self._terms
        again = sum(term.count for term in terms) - self.requests
        if lenient and again > 0:
            terms.append(Term("answered again", -again))
        return balance("requests", INVARIANTS, self._whole, terms, faults, self._note(waiting, ""))

    @property
    def _whole(self) -> Term:
        return Term("read", self.requests)

    @property
    def _terms(self) -> list[Term]:
        terms = [Term(status.symbol, count) for status, count in sorted(self.by_status.items()) if count]
        return [*terms, Term("dead-lettered", self.letters)]

    def _note(self, waiting: int, note: str) -> str:
        told = [f"{waiting:,} wait to be read"] if waiting else []
        told += [f"{self._zone.answered_since:,} of them were answered meanwhile"] if self._zone.answered_since else []
        return "; ".join([note] * bool(note) + told)

    def _faults(self, read: Side, asked: Side, ends: Side, lenient: bool) -> Iterator[Fault]:
        differing = self.ledger.differing
        differing[bucket_of(self._zone.unpaid)] = differing[bucket_of(self._zone.overpaid)] = True
        if not differing.any():
            return
        if lost := first_surplus(differing, read, ends):
            yield Fault(lost, "was read, but neither answered nor buried")
        if not lenient and (extra := first_surplus(differing, ends, asked)):
            yield Fault(extra, "is one more end than the request was asked for")
