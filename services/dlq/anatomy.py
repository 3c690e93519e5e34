"""What a letter's value is: its fields as far as they can be read, and the byte where it breaks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from schemas.codec import HEADER_BYTES, MAGIC, Codec
from schemas.codec_decode import PADDING, Cursor
from schemas.codec_layout import Block, FieldLayout
from schemas.contracts import Contracts
from schemas.decoded import Fault


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A value, taken apart.

    Parameters
    ----------
    record : str
        Which record it says it is; empty if nobody here knows.
    fields : tuple of (str, object)
        Name and value of each field that could be read: numbers, texts, lists, and bytes as they are.
    reason, detail : str
        What is wrong with it for its topic, read as the pipeline stands now; both empty if nothing is.
    breaks_at : int
        Offset of the first byte that could not be read; -1 if all could.
    """

    record: str
    fields: tuple[tuple[str, Any], ...]
    reason: str
    detail: str
    breaks_at: int


def dissect(contracts: Contracts, value: bytes | None, welcome: tuple[str, ...]) -> Anatomy:
    """Take a value apart that should be one of the records `welcome` on its topic. Never raises for bad bytes."""
    verdict = next(iter(contracts.decode([value], welcome).faults), Fault(0, "", ""))
    data = value or b""
    if len(data) < HEADER_BYTES or data[0] != MAGIC:
        is_foreign = bool(data) and data[0] != MAGIC
        return Anatomy("", (), verdict.reason, verdict.detail, 0 if is_foreign else len(data))
    writer = contracts.writer(int.from_bytes(data[1:HEADER_BYTES], "big"))
    if writer is None:
        return Anatomy("", (), verdict.reason, verdict.detail, 1)
    fields, breaks_at = _read(writer, data)
    return Anatomy(writer.name, fields, verdict.reason, verdict.detail, breaks_at)


def _read(codec: Codec, data: bytes) -> tuple[tuple[tuple[str, Any], ...], int]:
    """Read field by field with the decoder that the processes use, and stop where it does."""
    one = np.array([0])
    cursor = Cursor(data + bytes(PADDING + codec.padding), one, one + HEADER_BYTES, one + len(data))
    found: list[tuple[str, Any]] = []
    for field in codec.fields:
        at = int(cursor.pos_N[0])
        cursor.read(Block((field,), np.dtype([(field.name, field.dtype)])) if field.dtype is not None else field)
        if cursor.faults:
            return tuple(found), at
        found.append((field.name, _plain(field, cursor.columns[field.name][0])))
    end = int(cursor.pos_N[0])
    return tuple(found), end if end < len(data) else -1


_KINDS: Final = {"string": lambda text: text.decode(), "fixed": bytes, "bytes": bytes}


def _plain(field: FieldLayout, value: Any) -> Any:
    if field.kind == "enum":
        return field.symbols[int(value)]
    if field.kind in _KINDS:
        return _KINDS[field.kind](value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
