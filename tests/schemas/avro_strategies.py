"""Random record schemas of the kinds that the codec knows, with rows for them as fastavro takes them."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Schema = dict[str, Any]
Row = dict[str, Any]
SCHEMA_ID = 77

_SYMBOLS = ["red", "green", "blue"]
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_FLOATS = st.floats(width=32, allow_nan=True)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "double": st.floats(),
    "float": _FLOATS,
    "boolean": st.booleans(),
    "int": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1),
    "string": _TEXT,
    "bytes": st.binary(max_size=20),
    "fixed": st.binary(min_size=5, max_size=5),
    "enum": st.sampled_from(_SYMBOLS),
    "array float": st.lists(_FLOATS, max_size=4),
    "array double": st.lists(st.floats(), max_size=4),
    "array int": st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=4),
    "array long": st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=4),
    "array string": st.lists(_TEXT, max_size=3),
    "map": st.dictionaries(_TEXT, st.binary(max_size=6), max_size=3),
}


def _type(kind: str, name: str) -> Any:
    if kind == "fixed":
        return {"type": "fixed", "name": f"F_{name}", "size": 5}
    if kind == "enum":
        return {"type": "enum", "name": f"E_{name}", "symbols": _SYMBOLS}
    if kind == "map":
        return {"type": "map", "values": "bytes"}
    return {"type": "array", "items": kind.split()[1]} if kind.startswith("array") else kind


@st.composite
def schemas_with_rows(draw: st.DrawFn, max_rows: int = 8) -> tuple[Schema, list[Row]]:
    kinds = draw(st.lists(st.sampled_from(sorted(_VALUES)), min_size=1, max_size=6))
    names = [f"f{i}" for i in range(len(kinds))]
    fields = [{"name": n, "type": _type(k, n)} for n, k in zip(names, kinds, strict=True)]
    count = draw(st.integers(1, max_rows))
    columns = [draw(_column(kind, count)) for kind in kinds]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return {"type": "record", "name": "R", "fields": fields}, rows


@st.composite
def _column(draw: st.DrawFn, kind: str, count: int) -> list[Any]:
    values = _VALUES[kind]
    if kind.startswith("array") and draw(st.booleans()):  # arrays of one length: the fast path
        length = draw(st.integers(0, 4))
        item = _VALUES[kind.split()[1]]
        values = st.lists(item, min_size=length, max_size=length)
    return draw(st.lists(values, min_size=count, max_size=count))


def written(schema: Schema, row: Row, schema_id: int = SCHEMA_ID) -> bytes:
    """Write a message as any other client would."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, row)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


def columns_of(schema: Schema, rows: list[Row]) -> dict[str, NDArray[Any]]:
    """Put rows into columns, as a job would hold them."""
    return {f["name"]: _to_column(f["type"], [row[f["name"]] for row in rows]) for f in schema["fields"]}


def _to_column(of: Any, values: list[Any]) -> NDArray[Any]:
    kind = of["type"] if isinstance(of, dict) else of
    if kind == "enum":
        return np.array([_SYMBOLS.index(v) for v in values], np.uint8)
    if kind == "string":
        return np.array([v.encode() for v in values], np.bytes_)
    if kind == "fixed":
        return np.frombuffer(b"".join(values), "V5")
    if kind in ("bytes", "array", "map"):
        column = np.empty(len(values), object)
        for i, value in enumerate(values):
            column[i] = value
        return column
    return np.array(values, {"double": "f8", "float": "f4", "boolean": "?"}.get(kind, "i8"))


def rows_of(schema: Schema, columns: Any, count: int) -> list[Row]:
    """Take rows out of columns, as fastavro would have read them."""
    return [{f["name"]: _to_value(f["type"], columns[f["name"]][i]) for f in schema["fields"]} for i in range(count)]


def _to_value(of: Any, value: Any) -> Any:
    kind = of["type"] if isinstance(of, dict) else of
    if kind == "enum":
        return _SYMBOLS[value]
    if kind == "string":
        return bytes(value).decode()
    if kind == "fixed":
        return bytes(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
