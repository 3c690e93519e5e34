"""The state of one partition in its changelog, in the records that the topics keep anyway, and back.

A pending answer stands there as the very bytes it was read as, under ``answer/<offset>``; a held label as a HeldLabel
under ``label/<offset>``; what a batch finished as one FinishedRequests under ``finished/<number>``; watermarks and
counts as a JoinPosition under ``position``. What is done with is a tombstone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.event_clock import SourceClock
from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.errors import DataError
from schemas.records import Headers, Outgoing, Records
from stream_jobs.label_join.core import PartitionJoin
from stream_jobs.label_join.finished import Block
from stream_jobs.label_join.position import Position
from stream_jobs.label_join.reading import read_answers
from stream_jobs.label_join.rows import HeldLabel, answer_dtype
from stream_jobs.label_join.step import Step

_POSITION = b"position"
_NO_HEADERS: Headers = ()


def changes(contracts: Contracts, topic: str, partition: int, join: PartitionJoin, step: Step) -> Outgoing:
    """Write down what a step changed."""
    keys: list[bytes | None] = [b"answer/%d" % offset for offset in step.answer_puts]
    values: list[bytes | None] = [*step.answer_puts.values()]
    if step.label_puts:
        keys += [b"label/%d" % offset for offset in step.label_puts]
        values += contracts.codec("HeldLabel").encode(_held_columns([*step.label_puts.values()]))
    drops = [(b"answer", step.answer_drops), (b"label", step.label_drops), (b"finished", step.forgotten)]
    for kind, numbers in drops:
        keys += [b"%b/%d" % (kind, number) for number in numbers]
        values += [None] * len(numbers)
    if step.block:
        keys.append(b"finished/%d" % step.block.number)
        values += contracts.codec("FinishedRequests").encode(_block_columns(step.block))
    keys.append(_POSITION)
    values += contracts.codec("JoinPosition").encode(_position_columns(contracts, join.position))
    return Outgoing(topic, keys, values, partition)


def restore(contracts: Contracts, changelog: Iterable[tuple[bytes, bytes]]) -> PartitionJoin:
    """Rebuild the state of a partition from the latest value of each key.

    Raises
    ------
    DataError
        The changelog holds what this program did not write.
    """
    try:
        return _restored(contracts, changelog)
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
        raise DataError(
            f"The join's changelog holds what nobody here wrote: {error!r}.",
            "Empty the changelog and start the group anew.",
        ) from error


def _restored(contracts: Contracts, changelog: Iterable[tuple[bytes, bytes]]) -> PartitionJoin:
    layout = contracts.layout
    dtype = answer_dtype(layout.outputs, layout.width)
    join = PartitionJoin(contracts.pipeline.join, dtype)
    kinds: dict[bytes, dict[int, bytes]] = {b"answer": {}, b"label": {}, b"finished": {}, _POSITION: {}}
    for key, value in changelog:
        kind, _, number = key.partition(b"/")
        kinds[kind][int(number or 0)] = value
    _restore_position(contracts, join, kinds[_POSITION])
    _restore_answers(contracts, join, kinds[b"answer"], dtype)
    for label in _held(contracts, dict(sorted(kinds[b"label"].items()))):
        join.restore_label(label)
    for block_number, value in sorted(kinds[b"finished"].items()):
        join.finished.add(_block(contracts, block_number, value))
    return join


def _decoded(contracts: Contracts, record: str, values: Iterable[bytes]) -> Columns:
    part, faults = contracts.codec(record).decode([*values])
    if faults:
        raise DataError(
            f"The join's changelog holds a {record} that cannot be read: {faults[0].detail}.",
            "It was written by another version or pipeline file: empty the changelog and start the group anew.",
        )
    return part.columns


def _restore_answers(
    contracts: Contracts, join: PartitionJoin, answers: Mapping[int, bytes], dtype: np.dtype[np.void]
) -> None:
    offset_B, count = np.array(sorted(answers), np.int64), len(answers)
    values = [answers[offset] for offset in offset_B.tolist()]
    nowhere = np.zeros(count, np.int32)
    records = Records("", nowhere, offset_B, offset_B, [None] * count, values, [_NO_HEADERS] * count)
    found, _, faults = read_answers(records, contracts.decode(values, ("Prediction",)), dtype)
    if faults:
        raise DataError(
            f"The join's changelog holds an answer that cannot be used: {faults[0].detail}.",
            "The pipeline file has changed since: empty the changelog and start the group anew.",
        )
    join.pending.add(found.ids, found.answer_A, found.answer_A["request_time"] + join.join.wait)


def _restore_position(contracts: Contracts, join: PartitionJoin, positions: Mapping[int, bytes]) -> None:
    if not positions:
        return
    columns = _decoded(contracts, "JoinPosition", positions.values())
    row = {name: column[0].item() for name, column in columns.items()}
    predictions = SourceClock(row.pop("predictions_time"), refused=row.pop("jumping_answers"))
    labels = SourceClock(row.pop("labels_time"), refused=row.pop("jumping_labels"))
    join.position = Position(predictions, labels, row.pop("steps"), Counter(row))


def _position_columns(contracts: Contracts, position: Position) -> Columns:
    fields = [field["name"] for field in contracts.codec("JoinPosition").schema["fields"]]
    known = {
        "predictions_time": position.predictions.reached,
        "labels_time": position.labels.reached,
        "jumping_answers": position.predictions.refused,
        "jumping_labels": position.labels.refused,
        "steps": position.steps,
    }
    return {name: np.array([known.get(name, position.counts[name])]) for name in fields}


def _held_columns(labels: list[HeldLabel]) -> Columns:
    return {
        "before": np.array([label.before for label in labels]),
        "offset": np.array([label.offset for label in labels]),
        "key": _objects([label.key or b"" for label in labels]),
        "value": _objects([label.wire for label in labels]),
        "headers": _objects([{f"{i}:{name}": v or b"" for i, (name, v) in enumerate(h.headers)} for h in labels]),
    }


def _held(contracts: Contracts, labels: Mapping[int, bytes]) -> list[HeldLabel]:
    state = _decoded(contracts, "HeldLabel", labels.values())
    label = _decoded(contracts, "Label", state["value"].tolist())
    return [
        HeldLabel(
            bytes(label["request_id"][row]),
            float(label["label_time"][row]),
            float(label["value"][row]),
            float(state["before"][row]),
            int(state["offset"][row]),
            bytes(label["labeller"][row]),
            state["key"][row],
            state["value"][row],
            tuple((name.partition(":")[2], value) for name, value in state["headers"][row].items()),
        )
        for row in range(len(labels))
    ]


def _block_columns(block: Block) -> Columns:
    return {
        "rows": np.array([len(block.id_N)]),
        "ids": _objects([block.id_N.tobytes()]),
        "until": _objects([block.until_N.astype("<f8").tobytes()]),
        "outcome": _objects([block.outcome_N.tobytes()]),
        "label": _objects([block.label_N.astype("<f8").tobytes()]),
    }


def _block(contracts: Contracts, number: int, value: bytes) -> Block:
    columns = _decoded(contracts, "FinishedRequests", [value])
    ids, rows = columns["ids"][0], int(columns["rows"][0])
    return Block(
        number,
        np.frombuffer(ids, f"S{len(ids) // rows}"),
        np.frombuffer(columns["until"][0], "<f8"),
        np.frombuffer(columns["outcome"][0], np.uint8),
        np.frombuffer(columns["label"][0], "<f8"),
    )


def _objects(values: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), object)
    column[:] = values
    return column
