"""Sound values of every record of a pipeline, for the fuzzers to damage."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import fastavro

from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline
from tests.system.streams import strict_text


@cache
def contracts() -> Contracts:
    return contracts_of(parse_pipeline(strict_text("fuzz"), "fuzz.yaml"))


@cache
def sound(record: str) -> tuple[bytes, ...]:
    """One sparse message of a record and one that is full."""
    codec = contracts().codec(record)
    head = b"\0" + codec.schema_id.to_bytes(4, "big")
    return tuple(head + _written(codec.schema, full) for full in (False, True))


def _written(schema: dict[str, Any], full: bool) -> bytes:
    out, named = io.BytesIO(), dict[str, Any]()
    row = {f["name"]: _value(f["type"], full, named) for f in schema["fields"]}
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema, named_schemas={}), row)
    return out.getvalue()


def _value(of: Any, full: bool, named: dict[str, Any]) -> Any:
    of = named.get(of, of) if isinstance(of, str) else of
    kind = of["type"] if isinstance(of, dict) else of
    if kind in ("enum", "fixed"):
        named[of["name"]] = of
        return of["symbols"][-1 if full else 0] if kind == "enum" else (b"\7" if full else b"\0") * of["size"]
    if kind == "array":
        return [_value(of["items"], full, named)] * (3 if full else 0)
    if kind == "map":
        return {"k": b"v", "é": b""} if full else {}
    plain = {"string": "größe" if full else "", "bytes": b"\xff\0" if full else b"", "boolean": full}
    return plain.get(kind, 1 if full else 0)
