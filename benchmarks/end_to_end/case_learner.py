"""The learner: flights' examples, each scored, learned with replay, and published as versions."""

from __future__ import annotations

from adapters.tail import Tail
from benchmarks.end_to_end.case import Case, Document, Ground, Load, Progress, flights_document
from benchmarks.end_to_end.topics import refuse_dead_letters
from benchmarks.learner import examples_log
from schemas.topics import topic_name

CADENCE = 512
"""Of the flights' pipeline; the last version comes with the last example."""


def document() -> Document:
    """Every version is published: of examples drawn by chance a gate that asks for proof would publish none."""
    return flights_document() | {"gate": {"policy": "finite"}}


def prepare(ground: Ground, rows: int) -> list[Load]:
    """Examples."""
    records = examples_log(ground.contracts, rows)
    return [Load(topic_name(ground.name, "examples"), records.keys, [v for v in records.values if v is not None])]


class Announced:
    """Examples behind the newest version announced."""

    def __init__(self, ground: Ground) -> None:
        self._contracts, self._examples = ground.contracts, 0
        self._tail = Tail(ground.addresses.bootstrap, [topic_name(ground.name, "versions")])

    def done(self) -> int:
        """See the class."""
        for records in self._tail.read(timeout_s=0):
            part, _ = self._contracts.codec("Version").decode(records.values)
            self._examples = int(part.columns["examples"].max(initial=self._examples))
        return self._examples

    def close(self) -> None:
        """Leave."""
        self._tail.close()


def progress(ground: Ground, rows: int) -> Progress:
    """Examples that are in a version."""
    return Announced(ground)


def check(ground: Ground, rows: int) -> None:
    """Nothing was put aside."""
    refuse_dead_letters(ground)


CASE = Case(
    "learner",
    "examples",
    "scored, then learned by the flights' network with two replayed beside each; "
    f"a version to Redis and Kafka every {CADENCE}, a checkpoint to disk every 8,192",
    30_720,
    CADENCE,
    ("exactly_once",),
    document,
    prepare,
    progress,
    check,
)
