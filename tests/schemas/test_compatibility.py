"""A change that we allow is one that Avro's own resolution reads, and to the same values."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.codec_resolution import changes_that_break, resolved
from schemas.compatibility import check_all_backward, locked, parse_lock, render_lock, unlocked
from schemas.errors import ConfigurationError, SchemaIncompatible
from schemas.generated import all_schemas
from tests.schemas.avro_strategies import SCHEMA_ID, rows_of, schemas_with_rows, written
from tests.schemas.pipelines import small_pipeline

# fastavro gives the default of a bytes field as text, so that is held to the specification below, not to fastavro.
_DEFAULTS: dict[str, Any] = {"double": 1.5, "float": -2.0, "boolean": True, "int": 3, "long": -4, "string": "déjà"}
_WIDER = {"int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"]}


@st.composite
def _changed(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    fields = [draw(_changed_field(f)) for f in schema["fields"] if draw(st.integers(0, 4))]
    kind = draw(st.sampled_from(sorted(_DEFAULTS)))
    new = {"name": "fresh", "type": kind, **({"default": _DEFAULTS[kind]} if draw(st.integers(0, 4)) else {})}
    return {**schema, "fields": draw(st.permutations([*fields, new]))}


@st.composite
def _changed_field(draw: st.DrawFn, field: dict[str, Any]) -> dict[str, Any]:
    of = field["type"]
    if isinstance(of, str) and of in _WIDER and draw(st.booleans()):
        return {**field, "type": draw(st.sampled_from(_WIDER[of]))}
    if isinstance(of, dict) and of["type"] == "enum":
        return {**field, "type": {**of, "symbols": draw(st.permutations([*of["symbols"], "black"]))}}
    if isinstance(of, dict) and of.get("items") in _WIDER and draw(st.booleans()):
        return {**field, "type": {**of, "items": draw(st.sampled_from(_WIDER[of["items"]]))}}
    # Mostly left as it is: what breaks is not asked about, and of six fields one would.
    return {**field, "type": draw(st.sampled_from([of] * 18 + ["string", "double"]))}


@given(schemas_with_rows(), st.data())
def test_what_we_resolve_fastavro_resolves_to_the_same(case: tuple[Any, Any], data: st.DataObject) -> None:
    old, rows = case
    new = data.draw(_changed(old))
    writer, reader = Codec(old, SCHEMA_ID), Codec(new, SCHEMA_ID)
    assume(not [*changes_that_break(writer.fields, reader.fields)])
    values = [written(old, row) for row in rows]
    part, _ = writer.decode(values)
    columns = resolved(part.columns, writer.fields, reader.fields, len(rows))
    theirs: list[Any] = [fastavro.schemaless_reader(io.BytesIO(v[5:]), old, new) for v in values]
    again = rows_of_any(new, reader.decode(reader.encode(columns))[0].columns, len(rows))
    assert repr(again) == repr([_rounded(new, row) for row in theirs])


@pytest.mark.parametrize(
    ("of", "default", "value"),
    [
        ("bytes", "\u00ff", b"\xff"),
        ({"type": "fixed", "name": "F", "size": 2}, "\u0001\u00ff", b"\x01\xff"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b", 1),
        ({"type": "array", "items": "float"}, [1.5], [1.5]),
        ({"type": "array", "items": "string"}, ["x"], ["x"]),
        ({"type": "map", "values": "bytes"}, {"k": "\u00ff"}, {"k": b"\xff"}),
    ],
)
def test_a_default_fills_in_as_the_specification_says(of: Any, default: Any, value: Any) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "f", "type": of, "default": default}]}
    codec = Codec(schema, SCHEMA_ID)
    column = resolved({}, [], codec.fields, 2)["f"]
    assert column.tolist() == [value, value]
    assert codec.decode(codec.encode({"f": column}))[0].columns["f"].tolist() == column.tolist()


def rows_of_any(schema: dict[str, Any], columns: Any, count: int) -> list[Any]:
    """As `rows_of`, with an enum's index turned into the symbol of this schema."""
    plain = {"type": "record", "name": "R", "fields": [{**f, "type": _plain(f["type"])} for f in schema["fields"]]}
    rows = rows_of(plain, columns, count)
    symbols = {f["name"]: f["type"]["symbols"] for f in schema["fields"] if _plain(f["type"]) == "index"}
    return [{n: symbols[n][v] if n in symbols else v for n, v in row.items()} for row in rows]


def _plain(of: Any) -> Any:
    return "index" if isinstance(of, dict) and of["type"] == "enum" else of


def _rounded(schema: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Fastavro keeps what it widens as Python numbers; a float on the wire is a float32."""
    kinds = {f["name"]: f["type"] for f in schema["fields"]}
    return {name: _round(kinds[name], row[name]) for name in kinds}


def _round(of: Any, value: Any) -> Any:
    if isinstance(of, dict) and of["type"] == "array":
        return [_round(of["items"], v) for v in value]
    if of in ("float", "double"):
        return float(np.float32(value)) if of == "float" else float(value)
    return value


def _with_field(schemas: dict[str, Any], **field: Any) -> dict[str, Any]:
    request = schemas["Request"]
    return {**schemas, "Request": {**request, "fields": [*request["fields"], field]}}


def test_a_lock_comes_back_as_it_was_written() -> None:
    lock = locked({}, all_schemas(small_pipeline()))
    assert parse_lock(render_lock("card-fraud", lock), "x") == lock


def test_a_lock_grows_by_what_changed_and_then_holds_all() -> None:
    before = all_schemas(small_pipeline())
    after = _with_field(before, name="tip", type="float", default=0.0)
    first = locked({}, before)
    assert unlocked({}, before) == list(before)
    assert unlocked(first, after) == ["Request"]
    second = locked(first, after)
    assert unlocked(second, after) == unlocked(second, before) == []
    assert {r: len(second[r]) for r in second if len(second[r]) != 1} == {"Request": 2}
    assert locked(second, after) == second


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"name": "tip", "type": "float"}, "'tip' is new and has no default"),
        ({"name": "kind", "type": {"type": "array", "items": "string"}}, "'kind' is new"),
    ],
)
def test_a_field_without_default_breaks_the_past(field: dict[str, Any], says: str) -> None:
    schemas = all_schemas(small_pipeline())
    with pytest.raises(SchemaIncompatible, match=says):
        check_all_backward(locked({}, schemas), _with_field(schemas, **field))


def test_a_lost_symbol_is_named() -> None:
    schemas = all_schemas(small_pipeline())
    prediction = schemas["Prediction"]
    fewer = [
        {**f, "type": {**f["type"], "symbols": f["type"]["symbols"][1:]}} if f["name"] == "status" else f
        for f in prediction["fields"]
    ]
    with pytest.raises(SchemaIncompatible, match=r"'status' has lost the symbols \['ok'\]"):
        check_all_backward(locked({}, schemas), {"Prediction": {**prediction, "fields": fewer}})


def test_a_lock_that_was_edited_is_refused() -> None:
    text = render_lock("card-fraud", locked({}, all_schemas(small_pipeline())))
    for broken in (text.replace('"amount"', '"sum"', 1), "[]", "{", text.replace('"id"', '"no"')):
        with pytest.raises(ConfigurationError, match="version control"):
            parse_lock(broken, "card-fraud.schemas.json")
