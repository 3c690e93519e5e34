"""From an Avro record schema to what the columnar codec walks: a flat tuple of fields of known kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from schemas.errors import ConfigurationError

MAX_TEXT_BYTES: Final = 4096
"""Longest text of a field, unless its schema says otherwise under ``max_bytes``; a column is as wide as its longest."""

ITEM_DTYPES: Final[dict[str, np.dtype[Any]]] = {"double": np.dtype("<f8"), "float": np.dtype("<f4")}
"""Types of array items whose bytes are those of NumPy."""

_WIDTHS: Final = {"double": ("<f8", 8), "float": ("<f4", 4), "boolean": ("u1", 1)}
_PLAIN: Final = frozenset({"double", "float", "boolean", "int", "long", "string", "bytes"})
_ITEMS: Final = frozenset({"double", "float", "int", "long", "string"})


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """One field.

    `size` is the number of bytes of a fixed, of symbols of an enum, or the longest text in bytes; `item` the kind of
    an array's items; `named` the name of a fixed's or enum's type. `default` is what an absent column is filled
    with, as Avro's JSON has it; None: it must be given.
    """

    name: str
    kind: str
    size: int = 0
    item: str = ""
    default: Any = None
    named: str = ""
    symbols: tuple[str, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Little-endian NumPy type of a fixed-width field; None if its width varies."""
        if self.kind == "fixed":
            return np.dtype(f"V{self.size}")
        return np.dtype(_WIDTHS[self.kind][0]) if self.kind in _WIDTHS else None


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring fixed-width fields: one structured NumPy type, so one copy for each row."""

    fields: tuple[FieldLayout, ...]
    dtype: np.dtype[Any]


def fields_of(schema: dict[str, Any]) -> tuple[FieldLayout, ...]:
    """Lay out a record schema.

    Raises
    ------
    ConfigurationError
        A type that the codec does not know: unions, nested records, arrays of anything but numbers and text.

    Examples
    --------
    >>> [f.kind for f in fields_of({"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]})]
    ['long']
    """
    named: dict[str, dict[str, Any]] = {}
    return tuple(_field(f, named) for f in schema["fields"])


def steps_of(fields: tuple[FieldLayout, ...]) -> tuple[Block | FieldLayout, ...]:
    """Join neighbouring fixed-width fields into blocks."""
    steps: list[Block | FieldLayout] = []
    run: list[FieldLayout] = []
    for field in (*fields, None):
        if field is not None and field.dtype is not None:
            run.append(field)
            continue
        if run:
            steps.append(Block(tuple(run), np.dtype([(f.name, f.dtype) for f in run])))
            run = []
        if field is not None:
            steps.append(field)
    return tuple(steps)


def _field(field: dict[str, Any], named: dict[str, dict[str, Any]]) -> FieldLayout:
    name, of, default = field["name"], field["type"], field.get("fill", field.get("default"))
    if isinstance(of, str) and of in named:
        of = named[of]
    if isinstance(of, str) and of in _PLAIN:
        return FieldLayout(name, of, int(field.get("max_bytes", MAX_TEXT_BYTES)), default=default)
    kind = of.get("type") if isinstance(of, dict) else None
    if kind in ("fixed", "enum"):
        named[of["name"]] = of
        symbols = tuple(of.get("symbols", ()))
        return FieldLayout(name, kind, of.get("size", len(symbols)), "", default, of["name"], symbols)
    if kind == "array" and of["items"] in _ITEMS:
        return FieldLayout(name, kind, MAX_TEXT_BYTES, of["items"], default)
    if kind == "map" and of["values"] == "bytes":
        return FieldLayout(name, kind, MAX_TEXT_BYTES, "bytes", default)
    raise ConfigurationError(
        f"Field '{name}' has the Avro type {of!r}, which the columnar codec does not know.",
        "Use numbers, boolean, string, bytes, fixed, enum, an array of numbers or strings, or a map of bytes.",
    )
