"""The flood itself: chunks of malformed events, each a pure function of seed and number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from schemas.contracts import Contracts
from tests.system.flood.kinds import ANSWERED, ASKED, MINUTE, NAN, Draw, Event, Kind, kinds
from tests.system.flood.wire import Wire

Account = Counter[tuple[str, str]]
"""How many events of a topic's role have an outcome."""
EARLY = 50


class Flood:
    """Malformed events without end.

    Parameters
    ----------
    contracts : Contracts
        Of the generated pipeline.
    seed : int
        Two floods of one seed are equal to the byte.
    """

    def __init__(self, contracts: Contracts, seed: int) -> None:
        self._wire, self._seed = Wire(contracts), seed
        self.kinds: tuple[Kind, ...] = kinds()

    def chunk(self, number: int) -> list[Event]:
        """The events of one chunk, some thousand, in a random order."""
        random = Random(f"{self._seed}/{number}")
        drawn = [kind for kind in self.kinds for _ in range(_count(kind, number))]
        random.shuffle(drawn)
        return [k.make(Draw(self._wire, random, b"f%d-%d-%d" % (self._seed, number, i))) for i, k in enumerate(drawn)]

    def account(self, number: int) -> Account:
        """What must become of a chunk."""
        found: Account = Counter()
        for kind in self.kinds:
            if count := _count(kind, number):
                role = _role(kind, self._wire)
                found[kind.at or role, kind.outcome] += count
                if kind.at:  # the answer is the dead letter
                    found[role, ANSWERED] += count
        return found

    def asked_before(self) -> list[Event]:
        """Requests of our own, that labels of the flood refer to, and their labels; to be sent before all else."""
        requests = [
            Event("requests", self._wire.request(id, ASKED), id) for id in (b"joined", b"waited", b"asked-before")
        ]
        rejected = Event("requests", self._wire.request(b"nobody", ASKED, NAN), b"nobody")
        return [*requests, rejected, Event("labels", self._wire.label(b"joined", ASKED + MINUTE), b"joined")]

    def early(self) -> Iterator[Event]:
        """Labels too long before their request; to be sent while it waits, that is before all traffic."""
        for _ in range(EARLY):
            yield Event("labels", self._wire.label(b"waited", ASKED - 2 * MINUTE), b"waited")

    def account_before(self) -> Account:
        """What must become of `asked_before` and `early`."""
        found = {
            ("requests", "answered"): 3,
            ("requests", "rejected a"): 1,
            ("labels", "joined"): 1,
            ("labels", "early_label"): EARLY,
        }
        return Counter(found)


def _count(kind: Kind, number: int) -> int:
    return kind.count if number % kind.every == 0 else 0


def _role(kind: Kind, wire: Wire) -> str:
    return kind.make(Draw(wire, Random(0), b"x")).role
