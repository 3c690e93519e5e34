"""Events that cannot be used: the closed set of reasons, and the record that keeps them whole with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from schemas.codec_layout import MAX_TEXT_BYTES
from schemas.decoded import Fault
from schemas.header_map import map_of_headers
from schemas.records import Outgoing, Records
from schemas.topics import topic_name

if TYPE_CHECKING:
    from schemas.contracts import Contracts

REASONS: Final[dict[str, str]] = {
    "no_value": "the message has no value",
    "too_short": "too few bytes for a schema id",
    "bad_magic": "not in the Confluent wire format",
    "unknown_schema": "a schema id that nobody here knows",
    "wrong_record": "a record that does not belong on this topic",
    "truncated": "the message ends within a field",
    "trailing_bytes": "bytes follow the last field",
    "bad_enum": "an enum index without a symbol",
    "bad_length": "a length that cannot be",
    "bad_number": "a number too large for its type",
    "bad_text": "text that is not UTF-8, or holds a zero byte or another control character",
    "too_long": "text longer than its field takes",
    "out_of_range": "a number outside the range that the pipeline file declares",
    "missing_value": "a value is missing where the pipeline file rejects that",
    "bad_time": "an event time that is no time",
    "bad_id": "an empty request id",
    "bad_label": "a label outside the target",
    "bad_vector": "a vector of another width than the pipeline has",
    "unknown_request": "a label whose request nobody knows",
    "late_label": "a label that came after its wait had passed",
    "early_label": "a label from too long before its request",
    "duplicate_label": "a label that says again what was said",
    "contradictory_label": "a label that says otherwise than the one that was joined",
    "no_prediction": "a label of a request that was answered without a prediction",
    "duplicate_answer": "a second answer to one request",
    "duplicate_request": "a request with the id of one just before it",
    "late_event": "a feature event whose pane is closed",
    "clock_jump": "an event dated too far ahead of its partition",
    "unusable": "the process could not use it, for the cause given",
}
"""Every reason, with what it means: bounded, so that a reason can be a metric label."""

REPLAY_HEADER: Final = "anabranch-replay-of"
"""Header of an event that was written again: ``<topic>/<partition>/<offset>`` of where it had stood."""


def dead_letters(
    contracts: Contracts, records: Records, faults: Sequence[Fault], process: str, now_ms: float
) -> Outgoing:
    """Write faults as records of the dead-letters topic, keyed by where they came from.

    Parameters
    ----------
    records : Records
        The batch that `faults` number the rows of.
    process : str
        Who could not use them.
    now_ms : float
        Clock of the process, ms since 1970.
    """
    rows = np.array([f.row for f in faults], np.int64)
    partitions, offsets = records.partition_B[rows], records.offset_B[rows]
    values = contracts.codec("DeadLetter").encode(
        {
            "at": np.full(len(rows), now_ms),
            "topic": np.full(len(rows), records.topic),
            "partition": partitions,
            "offset": offsets,
            "reason": np.array([_known(f.reason) for f in faults], np.bytes_),
            "detail": np.array([_cut(f.detail) for f in faults], np.bytes_),
            "process": np.full(len(rows), process),
            "key": _objects([records.keys[r] or b"" for r in rows]),
            "value": _objects([records.values[r] or b"" for r in rows]),
            "headers": _objects([map_of_headers(records.headers[r]) for r in rows]),
        }
    )
    places = zip(partitions.tolist(), offsets.tolist(), strict=True)
    keys = [source_position(records.topic, partition, offset) for partition, offset in places]
    return Outgoing(topic_name(contracts.pipeline.pipeline, "dead-letters"), keys, values)


def source_position(topic: str, partition: int, offset: int) -> bytes:
    """Name a place in a topic: the key of a letter, and what `REPLAY_HEADER` says.

    Examples
    --------
    >>> source_position("flights.labels.v1", 0, 17)
    b'flights.labels.v1/0/17'
    """
    return f"{topic}/{partition}/{offset}".encode()


def _known(reason: str) -> str:
    assert reason in REASONS, f"{reason} is no reason: reasons are a closed set"
    return reason


def _cut(detail: str) -> bytes:
    whole = detail.replace("\0", "␀").encode(errors="replace")[:MAX_TEXT_BYTES]
    return whole.decode(errors="ignore").encode()


def _objects(values: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    column = np.empty(len(values), object)
    for i, value in enumerate(values):
        column[i] = value
    return column
