"""Events of a source as columns, ready for the codec."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.pipeline import CategoryField, FieldSpec
from schemas.source import SourceEvent
from schemas.topics import Role, topic_name


@dataclass(frozen=True, slots=True)
class Message:
    """One record, ready to be produced."""

    topic: str
    key: bytes
    value: bytes


def encode_events(contracts: Contracts, events: Sequence[SourceEvent]) -> list[Message]:
    """Encode events a column at a time; the messages come in the order of the events.

    Raises
    ------
    KeyError
        An event lacks a field that the pipeline file declares.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        groups[event.kind, event.record].append(place)
    placed = [
        (place, message)
        for places in groups.values()
        for place, message in zip(places, _encode_group(contracts, [events[i] for i in places]), strict=True)
    ]
    return [message for _, message in sorted(placed, key=itemgetter(0))]


def _encode_group(contracts: Contracts, events: list[SourceEvent]) -> Iterable[Message]:
    kind, record = events[0].kind, events[0].record
    times_B = np.array([e.time_ms for e in events], np.float64)
    ids_B = _text(e.id for e in events)
    if kind == "request":
        spec = contracts.pipeline.request
        columns = {"request_time": times_B, "request_id": ids_B, **_fields(spec.fields, events)}
        keys = [str(e.fields[spec.entity]).encode() for e in events]
        return _messages(contracts, "requests", "Request", keys, columns)
    keys = [e.id.encode() for e in events]
    if kind == "label":
        values_B = np.array([e.fields["label"] for e in events], np.float64)
        labellers_B = _text(str(e.fields.get("labeller", "")) for e in events)
        columns = {"label_time": times_B, "value": values_B, "request_id": ids_B, "labeller": labellers_B}
        return _messages(contracts, "labels", "Label", keys, columns)
    columns = {"event_time": times_B, **_fields(contracts.pipeline.events[record].fields, events)}
    return _messages(contracts, "features", record, keys, columns)


def _fields(specs: dict[str, FieldSpec], events: list[SourceEvent]) -> Columns:
    return {
        name: _text(str(e.fields[name]) for e in events)
        if isinstance(spec, CategoryField)
        else np.array([e.fields[name] for e in events], np.float32)
        for name, spec in specs.items()
    }


def _text(values: Iterable[str]) -> np.ndarray:
    return np.array([v.encode() for v in values], dtype=np.bytes_)


def _messages(contracts: Contracts, role: Role, record: str, keys: list[bytes], columns: Columns) -> Iterable[Message]:
    topic = topic_name(contracts.pipeline.pipeline, role)
    return [Message(topic, k, v) for k, v in zip(keys, contracts.codec(record).encode(columns), strict=True)]


def progress_message(contracts: Contracts, role: Role, time_ms: float) -> Message:
    """A promise that nothing older than `time_ms` follows; to be sent to every partition of the topic."""
    value = contracts.codec("Progress").encode({"event_time": np.array([time_ms])})[0]
    return Message(topic_name(contracts.pipeline.pipeline, role), b"", value)
