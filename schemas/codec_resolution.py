"""Reading what an older schema wrote: which fields may change how, and columns of the old turned into the new.

The rules are those of schema resolution, Apache Avro 1.12 specification, for the types that the codec knows; text
and bytes are not taken for each other, since bytes need not be text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codec_layout import FieldLayout
from schemas.decoded import Columns

Fields = Sequence[FieldLayout]
_WIDER: Final = {"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}}
_DTYPES: Final = {"int": "i8", "long": "i8", "float": "f4", "double": "f8", "boolean": "?", "enum": "u1"}


def changes_that_break(writer: Fields, reader: Fields) -> Iterator[str]:
    """Say what keeps `reader` from reading what `writer` wrote, each with its cure; nothing if it can.

    Examples
    --------
    >>> old, new = [FieldLayout("a", "double")], [FieldLayout("a", "float"), FieldLayout("b", "long")]
    >>> for fault in changes_that_break(old, new): print(fault)
    field 'a' was double and is now float: give it back its type, or a new name
    field 'b' is new and has no default: give it one (in a pipeline file: `missing: allow`)
    """
    written = {field.name: field for field in writer}
    for field in reader:
        old = written.get(field.name)
        if old is None:
            if field.default is None:
                cure = "give it one (in a pipeline file: `missing: allow`)"
                yield f"field '{field.name}' is new and has no default: {cure}"
        elif lost := set(old.symbols) - set(field.symbols) if field.kind == old.kind == "enum" else set():
            yield f"field '{field.name}' has lost the symbols {sorted(lost)}: put them back"
        elif not _readable(old, field):
            cure = "give it back its type, or a new name"
            yield f"field '{field.name}' was {_named(old)} and is now {_named(field)}: {cure}"


def resolved(columns: Columns, writer: Fields, reader: Fields, rows: int) -> Columns:
    """Turn columns that `writer` describes into those that `reader` does; the schemas must be compatible."""
    written = {field.name: field for field in writer}
    return {
        field.name: _promoted(columns[field.name], written[field.name], field)
        if field.name in written
        else filled(field, rows)
        for field in reader
    }


def filled(field: FieldLayout, rows: int) -> NDArray[Any]:
    """Make a column of a field's default."""
    default = field.default
    if field.kind in _DTYPES:
        return np.full(rows, field.symbols.index(default) if field.kind == "enum" else default, _DTYPES[field.kind])
    if field.kind == "string":
        text = default.encode()
        return np.full(rows, text, f"S{max(1, len(text))}")
    if field.kind == "array" and field.item in _DTYPES:
        return np.tile(np.array(default, _DTYPES[field.item]), (rows, 1))
    column = np.empty(rows, object)
    for i in range(rows):
        column[i] = _object(field, default)
    return np.frombuffer(b"".join(column), f"V{field.size}") if field.kind == "fixed" else column


def _object(field: FieldLayout, default: Any) -> Any:
    """Avro's JSON writes bytes as text of code points up to 255."""
    if field.kind == "map":
        return {key: value.encode("latin-1") for key, value in default.items()}
    return list(default) if field.kind == "array" else default.encode("latin-1")


def _readable(old: FieldLayout, new: FieldLayout) -> bool:
    if old.kind != new.kind:
        return new.kind in _WIDER.get(old.kind, ())
    if old.kind == "fixed":
        return (old.named, old.size) == (new.named, new.size)
    if old.kind == "enum":
        return old.named == new.named
    return old.item == new.item or new.item in _WIDER.get(old.item, ())


def _named(field: FieldLayout) -> str:
    if field.kind in ("array", "map"):
        return f"{field.kind} of {field.item}"
    return f"{field.kind} {field.named}({field.size})" if field.named else field.kind


def _promoted(column: NDArray[Any], old: FieldLayout, new: FieldLayout) -> NDArray[Any]:
    if old.kind == "enum":
        place = np.array([new.symbols.index(s) for s in old.symbols], np.uint8 if new.size <= 256 else np.int64)
        mapped: NDArray[Any] = place[column]
        return mapped
    of_old, of_new = (old.item, new.item) if old.kind == "array" else (old.kind, new.kind)
    if of_old == of_new or of_new not in _DTYPES:
        return column
    if column.dtype != object:
        return column.astype(_DTYPES[of_new])
    promoted = np.empty(len(column), object)
    for i, items in enumerate(column):
        promoted[i] = items.astype(_DTYPES[of_new])
    return promoted
