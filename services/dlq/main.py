"""`anabranch dlq` on Kafka: opens what the commands read and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import time

from adapters.dlq_kafka import KafkaLetterLog, KafkaReplayDoor, replay_identity
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.topics import topic_name
from services.dlq.core_replay import REFUSALS, rules_of
from services.dlq.core_select import Selection
from services.dlq.letter import Letter, Position
from services.dlq.reading import LetterReader, Tell
from services.dlq.replaying import Tally, plan, replay


@dataclass(frozen=True, slots=True)
class Place:
    """A pipeline on a Kafka, and who is told how far reading and writing have come."""

    contracts: Contracts
    bootstrap: str
    tell: Tell


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay has done, or would do if `done` is false."""

    tally: Tally
    done: bool


@contextmanager
def reading(place: Place) -> Iterator[LetterReader]:
    """Read the letters that there are now. Blocks, and may raise DependencyError."""
    pipeline = place.contracts.pipeline.pipeline
    identity = replay_identity(place.bootstrap, pipeline)
    with closing(KafkaLetterLog(identity, topic_name(pipeline, "dead-letters"))) as log:
        yield LetterReader(place.contracts, log, place.tell)


def find(place: Place, position: Position) -> Letter:
    """Read one letter. Blocks.

    Raises
    ------
    DataError
        There is no letter there.
    """
    with reading(place) as reader:
        found = [x for x in reader.letters(Selection(positions=frozenset({position}))) if len(x)]
    if not found:
        raise _no_letter([position])
    return found[0].letter(0)


def try_out(place: Place, selection: Selection, again: bool) -> Outcome:
    """Say what a replay would do, and do nothing. Blocks."""
    with reading(place) as reader:
        return Outcome(_plan(place, reader, selection, again), done=False)


def write_back(place: Place, selection: Selection, again: bool, agree: Callable[[Tally], bool]) -> Outcome:
    """Write the chosen letters' events back, if `agree` says so to what it would be. Blocks.

    The door is opened first: what a replay before this one had begun is then committed and seen, or never will be.

    Raises
    ------
    DataError
        A letter that was named is not there, or cannot be written back; nothing was written.
    Fenced
        Another replay of the pipeline has begun; what this one had committed stands and is marked.
    DependencyError
        Kafka is away; the same is true.
    """
    door = KafkaReplayDoor(replay_identity(place.bootstrap, place.contracts.pipeline.pipeline))
    with closing(door), reading(place) as reader:
        planned = _plan(place, reader, selection, again)
        if not planned.events or not agree(planned):
            return Outcome(planned, done=not planned.events)
        found = reader.letters(selection, "Writing events back")
        return Outcome(replay(place.contracts, rules_of(place.contracts, again), found, door, _now_ms), done=True)


def _now_ms() -> float:
    return time() * 1000


def _plan(place: Place, reader: LetterReader, selection: Selection, again: bool) -> Tally:
    rules = rules_of(place.contracts, again)
    planned = plan(place.contracts, rules, reader.letters(selection), named=bool(selection.positions))
    if missing := selection.positions - planned.seen:
        raise _no_letter(sorted(missing))
    if selection.positions and planned.refused:
        why = "; ".join(f"{count} × {REFUSALS[name]}" for name, count in planned.refused.items())
        raise DataError(f"Not all of these letters can be written back: {why}.", "Leave those out.")
    return planned


def _no_letter(positions: list[Position]) -> DataError:
    where = ", ".join(map(str, positions))
    return DataError(f"There is no dead letter at {where}.", "See `anabranch dlq list` for those that there are.")
