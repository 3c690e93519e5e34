"""What a pipeline file demands of the values in its events, checked on columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.decoded import Columns
from schemas.pipeline import CategoryField, FieldSpec, NumberField, Pipeline, Target

MAX_TIME_MS: Final = 8.64e15
"""Furthest time from 1970 that is believed: beyond it a double no longer tells milliseconds apart in every client."""
_SPACE: Final = 0x20
_DELETE: Final = 0x7F

Finding = tuple[NDArray[np.bool_], str, str]
"""Rows that are bad, the reason, and the detail."""
Check = Callable[[Columns], Iterator[Finding]]


def request_check(pipeline: Pipeline) -> Check:
    """Judge ``Request`` records."""

    def check(columns: Columns) -> Iterator[Finding]:
        yield _time("request_time", columns)
        yield _id(columns)
        yield from _fields(pipeline.request.fields, columns)

    return check


def event_check(pipeline: Pipeline, event: str) -> Check:
    """Judge records of one feature event."""

    def check(columns: Columns) -> Iterator[Finding]:
        yield _time("event_time", columns)
        yield from _fields(pipeline.events[event].fields, columns)

    return check


def label_check(target: Target) -> Check:
    """Judge ``Label`` records: 0 or 1, a class index, or any finite number, as the target says."""

    def check(columns: Columns) -> Iterator[Finding]:
        yield _time("label_time", columns)
        yield _id(columns)
        value_B = columns["value"]
        bad_B = ~np.isfinite(value_B)
        if target.type != "regression":
            classes = target.classes or 2
            bad_B |= (value_B < 0) | (value_B >= classes) | (value_B != np.floor(value_B))
            yield bad_B, "bad_label", f"value: not one of the classes 0 … {classes - 1}"
        yield bad_B, "bad_label", "value: not a finite number"
        yield _controls(columns["labeller"]), "bad_text", "labeller: holds a control character; name it in plain text"

    return check


def progress_check(columns: Columns) -> Iterator[Finding]:
    """Judge ``Progress`` records."""
    yield _time("event_time", columns)


def _time(name: str, columns: Columns) -> Finding:
    return ~(np.abs(columns[name]) <= MAX_TIME_MS), "bad_time", f"{name}: not a time in ms since 1970"


def _id(columns: Columns) -> Finding:
    return columns["request_id"] == b"", "bad_id", "request_id: empty"


def _controls(text_B: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a name would break the line of a log that tells it."""
    byte_BW = np.ascontiguousarray(text_B).view(np.uint8).reshape(len(text_B), text_B.dtype.itemsize)
    return np.asarray((((byte_BW > 0) & (byte_BW < _SPACE)) | (byte_BW == _DELETE)).any(axis=1), np.bool_)


def _fields(fields: dict[str, FieldSpec], columns: Columns) -> Iterator[Finding]:
    numbers = {name: spec for name, spec in fields.items() if isinstance(spec, NumberField)}
    sound = _all_sound(numbers, columns)
    for name, spec in fields.items():
        if isinstance(spec, CategoryField):
            yield from _category(name, spec, columns[name])
        elif not sound:
            yield from _number(name, spec, columns[name])


def _all_sound(numbers: dict[str, NumberField], columns: Columns) -> bool:
    """Whether no number of the batch is bad: seen at once, which for small batches takes a tenth of looking at each."""
    if not numbers:
        return True
    value_NB = np.stack([columns[name] for name in numbers])
    low_N1, high_N1 = np.array([spec.range for spec in numbers.values()], np.float32).T[:, :, None]
    if ((value_NB < low_N1) | (value_NB > high_N1)).any() or np.isinf(value_NB).any():
        return False
    must_N = np.array([spec.missing == "reject" for spec in numbers.values()])
    return not np.isnan(value_NB[must_N]).any()


def _number(name: str, spec: NumberField, value_B: NDArray[Any]) -> Iterator[Finding]:
    low, high = (np.float32(bound) for bound in spec.range)  # rounded as the values on the wire are
    bad_B = (value_B < low) | (value_B > high) | np.isinf(value_B)
    yield bad_B, "out_of_range", f"{name}: outside {spec.range[0]:g} … {spec.range[1]:g}"
    if spec.missing == "reject":
        yield np.isnan(value_B), "missing_value", f"{name}: NaN, but it must not be missing"


def _category(name: str, spec: CategoryField, text_B: NDArray[Any]) -> Iterator[Finding]:
    if spec.missing == "reject":
        yield text_B == b"", "missing_value", f"{name}: empty, but it must not be missing"
