"""For each reason why an event is in dead-letters, where to look first."""

from __future__ import annotations

from typing import Final

_WRITER: Final = "The writer does not use the pipeline's schemas: compare with `anabranch schemas show`."
_BYTES: Final = "The writer's bytes are not Avro in the Confluent wire format; check its serialiser."
_RANGE: Final = "Widen the field in the pipeline file, or mend the writer's unit."
_TWICE: Final = "Send each label once. Where several opinions come, set `join.conflict` and `join.settle`."

HINTS: Final[dict[str, str]] = {
    "no_value": "Do not send tombstones to these topics.",
    "too_short": _BYTES,
    "bad_magic": _BYTES,
    "unknown_schema": _WRITER,
    "wrong_record": "The writer sends to the wrong topic: see the topics reference.",
    "truncated": _BYTES,
    "trailing_bytes": _BYTES,
    "bad_enum": _WRITER,
    "bad_length": _BYTES,
    "bad_number": _WRITER,
    "bad_text": "Text must be UTF-8 without zero bytes, and a labeller without control characters.",
    "too_long": "Shorten the text: category fields and ids are names, not documents.",
    "out_of_range": _RANGE,
    "missing_value": "Fill the field, or set `missing: allow` for it in the pipeline file.",
    "bad_time": "Times are milliseconds since 1970 in UTC, as a double; seconds or NaN are refused.",
    "bad_id": "Give every request an id of its own.",
    "bad_label": "A label is 0 or 1, a class index from 0, or a finite value: see `target` in the pipeline file.",
    "bad_vector": "The pipeline file's fields or windows changed: give the changed pipeline a new name.",
    "unknown_request": "Look at the writer's partitioner first: it must be murmur2 (`partitioner=murmur2_random`).",
    "late_label": "Raise `join.wait`, and send labels in order of time.",
    "early_label": "Raise `join.early`, or check the clock of the writer of labels.",
    "duplicate_label": _TWICE,
    "contradictory_label": _TWICE,
    "no_prediction": "See why these requests were refused: the `reason` field of their answers.",
    "duplicate_answer": "Expected with `serving.delivery: at_least_once`; else two pipelines share a name.",
    "duplicate_request": "Give every request an id of its own; a producer that retries needs `enable.idempotence`.",
    "late_event": "Raise `windows.lateness`, or send events in order of time on each partition.",
    "clock_jump": "A writer's clock is ahead: mend it. After a real gap, send `Progress`, or raise `windows.max_jump`.",
    "unusable": "The letter's `detail` says why.",
}
"""Reason to hint: exactly those of `schemas.dead_letters.REASONS`, which a test checks."""
