"""The same bytes mean the same to us and to fastavro, and no bytes at all can stop us."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.dead_letters import REASONS
from schemas.errors import ConfigurationError
from tests.schemas.avro_strategies import SCHEMA_ID, columns_of, rows_of, schemas_with_rows, written

HEADER = b"\0" + SCHEMA_ID.to_bytes(4, "big")


def _codec(*types: Any) -> Codec:
    fields = [{"name": f"f{i}", "type": t} for i, t in enumerate(types)]
    return Codec({"type": "record", "name": "R", "fields": fields}, SCHEMA_ID)


def _same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right)  # NaN equals NaN, and -0.0 is not 0.0


@given(schemas_with_rows())
def test_what_fastavro_writes_we_read(case: tuple[Any, Any]) -> None:
    schema, rows = case
    part, faults = Codec(schema, SCHEMA_ID).decode([written(schema, row) for row in rows])
    assert not faults
    assert part.row_N.tolist() == list(range(len(rows)))
    assert _same(rows_of(schema, part.columns, len(rows)), rows)


@given(schemas_with_rows())
def test_what_we_write_is_what_fastavro_writes(case: tuple[Any, Any]) -> None:
    schema, rows = case
    assert Codec(schema, SCHEMA_ID).encode(columns_of(schema, rows)) == [written(schema, row) for row in rows]


@given(schemas_with_rows(), st.data())
def test_columns_come_back_as_they_went(case: tuple[Any, Any], data: st.DataObject) -> None:
    schema, rows = case
    codec = Codec(schema, SCHEMA_ID)
    columns = codec.decode(codec.encode(columns_of(schema, rows)))[0].columns
    again = codec.decode(codec.encode(columns))[0].columns
    for name, column in columns.items():
        assert column.dtype == again[name].dtype
        assert _same(column.tolist(), again[name].tolist())


@given(schemas_with_rows(), st.data())
def test_damaged_rows_become_one_fault_each_and_the_others_stay(case: tuple[Any, Any], data: st.DataObject) -> None:
    schema, rows = case
    values: list[bytes | None] = [data.draw(_damaged(written(schema, row))) for row in rows]
    part, faults = Codec(schema, SCHEMA_ID).decode(values)
    assert sorted([*part.row_N.tolist(), *(f.row for f in faults)]) == list(range(len(rows)))
    assert {f.reason for f in faults} <= REASONS.keys()
    assert all(len(c) == len(part.row_N) for c in part.columns.values())
    for i, row in enumerate(part.row_N.tolist()):
        alone, _ = Codec(schema, SCHEMA_ID).decode([values[row]])
        columns = {name: column[i : i + 1] for name, column in part.columns.items()}
        assert _same(rows_of(schema, alone.columns, 1), rows_of(schema, columns, 1)), "a row depends on its neighbours"


@given(schemas_with_rows(), st.data())
def test_we_never_read_what_fastavro_reads_otherwise(case: tuple[Any, Any], data: st.DataObject) -> None:
    schema, rows = case
    value = data.draw(_damaged(written(schema, rows[0])))
    part, _ = Codec(schema, SCHEMA_ID).decode([value])
    if value is not None and len(part.row_N):
        assert _same(
            rows_of(schema, part.columns, 1)[0], fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
        )


@st.composite
def _damaged(draw: st.DrawFn, value: bytes) -> bytes | None:
    kind = draw(st.sampled_from(["whole", "cut", "changed", "longer", "random", "none"]))
    if kind == "cut":
        return value[: draw(st.integers(0, len(value)))]
    if kind == "changed":
        at = draw(st.integers(0, len(value) - 1))
        return value[:at] + draw(st.binary(min_size=1, max_size=1)) + value[at + 1 :]
    if kind == "longer":
        return value + draw(st.binary(min_size=1, max_size=9))
    if kind == "random":
        return HEADER + draw(st.binary(max_size=40))
    return None if kind == "none" else value


LONG_MAX, HUGE = b"\xfe" + b"\xff" * 8 + b"\x01", b"\x80\x80\x80\x80\x80\x40"


@pytest.mark.parametrize(
    ("of", "body", "reason"),
    [
        ("double", b"1234567", "truncated"),
        ("double", b"123456789", "trailing_bytes"),
        ("boolean", b"\2", "bad_number"),
        ("long", b"", "truncated"),
        ("long", b"\x80" * 3, "truncated"),
        ("long", b"\x80" * 10 + b"\1", "bad_number"),
        ("long", b"\x80" * 9 + b"\2", "bad_number"),
        ("int", b"\x80\x80\x80\x80\x10", "bad_number"),
        ("string", b"\6ab", "truncated"),
        ("string", b"\1", "bad_length"),
        ("string", LONG_MAX, "truncated"),
        ("string", b"\2\xff", "bad_text"),
        ("string", b"\4a\0", "bad_text"),
        ("string", b"\xa2\x9c\x01" + b"a" * 10001, "too_long"),
        ("bytes", HUGE, "truncated"),
        ("bytes", b"\3", "bad_length"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, b"\2", "bad_enum"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, b"\1", "bad_enum"),
        ({"type": "array", "items": "float"}, LONG_MAX, "truncated"),
        ({"type": "array", "items": "float"}, b"\2abcd", "truncated"),
        ({"type": "array", "items": "long"}, HUGE + b"\0", "truncated"),
        ({"type": "array", "items": "string"}, b"\2\1", "bad_length"),
        ({"type": "map", "values": "bytes"}, b"\2\2\xff\0\0", "bad_text"),
        ({"type": "array", "items": "int"}, b"\2\x80\x80\x80\x80\x10\0", "bad_number"),
        ({"type": "array", "items": "int"}, LONG_MAX, "truncated"),
    ],
)
def test_each_lie_has_its_reason(of: Any, body: bytes, reason: str) -> None:
    part, faults = _codec(of).decode([HEADER + body])
    assert [f.reason for f in faults] == [reason]
    assert len(part.row_N) == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_value"),
        (b"", "too_short"),
        (b"\0\0\0\0", "too_short"),
        (b"\1\0\0\0\0", "bad_magic"),
        (b'{"json": 1}', "bad_magic"),
        (b"\0\0\0\0\1", "unknown_schema"),
        (HEADER, "truncated"),
    ],
)
def test_what_is_no_message_has_its_reason(value: bytes | None, reason: str) -> None:
    _, faults = _codec("double").decode([value])
    assert [(f.row, f.reason) for f in faults] == [(0, reason)]


def test_arrays_in_several_blocks_and_with_sizes_read_like_any_other() -> None:
    a, b = np.float32(1).tobytes(), np.float32(2).tobytes()
    bodies = [b"\2" + a + b"\2" + b + b"\0", b"\3\x10" + a + b + b"\0", b"\4" + a + b + b"\0"]
    part, faults = _codec({"type": "array", "items": "float"}).decode([HEADER + body for body in bodies])
    assert not faults
    np.testing.assert_array_equal(part.columns["f0"], np.array([[1, 2]] * 3, np.float32))


def test_arrays_are_even_again_once_the_odd_row_has_gone() -> None:
    codec = _codec({"type": "array", "items": "float"}, "long")
    good = codec.encode({"f0": np.ones((2, 3), np.float32), "f1": np.arange(2)})
    odd = codec.encode({"f0": np.ones((1, 2), np.float32), "f1": np.arange(1)})[0] + b"x"
    part, faults = codec.decode([good[0], odd, good[1]])
    assert part.columns["f0"].shape == (2, 3)
    assert [f.row for f in faults] == [1]


def test_no_rows_make_empty_columns() -> None:
    part, faults = _codec("double", "string", {"type": "array", "items": "float"}).decode([])
    assert not faults
    assert {name: len(c) for name, c in part.columns.items()} == {"f0": 0, "f1": 0, "f2": 0}


@pytest.mark.parametrize(
    ("of", "column"),
    [
        ("int", np.array([1 << 31])),
        ("long", np.array([1.5])),
        ("string", np.array(["x" * 5000])),
        ("string", np.array([1])),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, np.array([1])),
        ({"type": "fixed", "name": "F", "size": 3}, np.array([b"toolong"], object)),
    ],
)
def test_what_avro_cannot_hold_is_refused_by_name(of: Any, column: Any) -> None:
    with pytest.raises(ValueError, match="f0"):
        _codec(of).encode({"f0": column})


def test_columns_must_be_those_of_the_schema() -> None:
    codec = _codec("long", "long")
    for columns in (
        {"f0": np.arange(2)},
        {"f0": np.arange(2), "f1": np.arange(3)},
        {"f0": [1], "f1": [1], "g": [1]},
    ):
        with pytest.raises(ValueError, match="R:"):
            codec.encode(columns)


def test_a_default_fills_an_absent_column() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "string", "default": "x"}],
    }
    codec = Codec(schema, SCHEMA_ID)
    assert codec.decode(codec.encode({"a": np.arange(2)}))[0].columns["b"].tolist() == [b"x", b"x"]


def test_a_type_it_does_not_know_is_named_with_its_cure() -> None:
    with pytest.raises(ConfigurationError, match=r"f0.*null.*Use"):
        _codec(["null", "long"])
