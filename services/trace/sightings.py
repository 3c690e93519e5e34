"""Records of the log that name the request, decoded, with where they stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.contracts import Contracts
from schemas.decoded import Part
from schemas.records import Records
from schemas.subjects import records_on
from schemas.topics import TOPICS, topic_name
from services.trace.needle import needle_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands, and its Kafka timestamp, ms since 1970."""

    topic: str
    partition: int
    offset: int
    arrived_at: float

    @property
    def position(self) -> tuple[str, int, int]:
        """Topic, partition and offset."""
        return self.topic, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record; text as str, numbers as Python's own, fixed bytes as hex, vectors as arrays, enums as their index."""

    place: Place
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JoinState:
    """What a partition of the join holds of the request: offsets of pending answers and of held labels.

    `labels_reached` is the watermark of its labels, ms since 1970.
    """

    pending: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    labels_reached: float = -np.inf


@dataclass(frozen=True, slots=True)
class Found:
    """All that the log says of one request, each kind in log order; `joins` by partition."""

    requests: Sequence[Sighting] = ()
    answers: Sequence[Sighting] = ()
    labels: Sequence[Sighting] = ()
    examples: Sequence[Sighting] = ()
    letters: Sequence[Sighting] = ()
    replays: Sequence[Sighting] = ()
    joins: Mapping[int, JoinState] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nobody knows the request."""
        return not (self.requests or self.answers or self.labels or self.examples or self.letters)


def sightings_of(contracts: Contracts, records: Records, record: str, request_id: str) -> list[Sighting]:
    """Decode those rows that are of one record and of this request; also those whose values broke the rules."""
    name = request_id.encode()
    return [
        Sighting(place_of(records, row), fields)
        for row, fields in _rows(contracts, records.values, (record,))
        if fields["request_id"] == name.decode()
    ]


def letters_of(contracts: Contracts, records: Records, request_id: str) -> list[Sighting]:
    """Decode those dead letters that hold an event of this request, readable or not."""
    rows = _rows(contracts, records.values, ("DeadLetter",))
    return [Sighting(place_of(records, row), f) for row, f in rows if _is_about(contracts, f, request_id)]


def replays_of(contracts: Contracts, records: Records, letters: Sequence[Sighting]) -> list[Sighting]:
    """Decode those records that say of one of the letters that its event was written back."""
    part = contracts.decode(records.values, ("Replayed",)).part("Replayed")
    if part is None:
        return []
    positions = zip(part.columns["letter_partition"].tolist(), part.columns["letter_offset"].tolist(), strict=True)
    known = {letter.place.position[1:] for letter in letters}
    found = part.rows(np.array([position in known for position in positions], np.bool_))
    return [Sighting(place_of(records, row), _fields(found, i)) for i, row in enumerate(found.row_N.tolist())]


def place_of(records: Records, row: int) -> Place:
    """Where a row stands."""
    offset, partition = int(records.offset_B[row]), int(records.partition_B[row])
    return Place(records.topic, partition, offset, float(records.timestamp_B[row]))


def _is_about(contracts: Contracts, letter: Mapping[str, Any], request_id: str) -> bool:
    """Whether the event in a letter names the request; one that cannot be read does if the id's bytes are in it."""
    value = letter["value"]
    if needle_of(request_id) not in value:
        return False
    ids = [fields.get("request_id") for _, fields in _rows(contracts, [value], _records_of(contracts, letter["topic"]))]
    return ids in ([], [request_id])


def _records_of(contracts: Contracts, topic: str) -> tuple[str, ...]:
    """Names of the records that may stand on a topic."""
    pipeline = contracts.pipeline
    spec = next((spec for spec in TOPICS if topic_name(pipeline.pipeline, spec.role) == topic), None)
    return records_on(pipeline, spec) if spec else ()


def _rows(
    contracts: Contracts, values: Sequence[bytes | None], records: tuple[str, ...]
) -> list[tuple[int, dict[str, Any]]]:
    if not values or not records:
        return []
    decoded = contracts.decode(values, records)
    parts: tuple[Part, ...] = (*decoded.parts, *decoded.refused)
    found = [(row, _fields(part, place)) for part in parts for place, row in enumerate(part.row_N.tolist())]
    return sorted(found, key=lambda pair: pair[0])


def _fields(part: Part, place: int) -> dict[str, Any]:
    return {name: _plain(column[place]) for name, column in part.columns.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.void):
        return value.tobytes().hex()
    if isinstance(value, np.bytes_):
        return value.decode(errors="replace")
    return value.item() if isinstance(value, np.generic) else value
