"""Avro schemas: those in ``avro/`` and those that follow from a pipeline file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from schemas.pipeline import FieldSpec, Pipeline

Schema = dict[str, Any]

MAX_FIELD_BYTES: Final = 256
"""Longest category or id on the wire; longer ones go to dead-letters."""


def short_name(schema: Schema) -> str:
    """Name of a record without its namespace."""
    return str(schema["name"]).rpartition(".")[2]


@cache
def fixed_schemas() -> dict[str, Schema]:
    """Schemas that are the same in every pipeline, by record name."""
    found = (
        json.loads(f.read_text("utf-8"))
        for f in files("schemas").joinpath("avro").iterdir()
        if f.name.endswith(".avsc")
    )
    return {schema["name"]: schema for schema in sorted(found, key=lambda s: str(s["name"]))}


def namespace_of(pipeline: str) -> str:
    """Avro namespace of a pipeline's own records: ``-`` is not legal there.

    Examples
    --------
    >>> namespace_of("card-fraud")
    'anabranch.card_fraud'
    """
    return f"anabranch.{pipeline.replace('-', '_')}"


def request_schema(pipeline: Pipeline) -> Schema:
    """Record ``Request``: time, then the numbers, then the categories, each in file order, then the id."""
    time = {"name": "request_time", "type": "double", "doc": "ms since 1970, event time"}
    id_ = {"name": "request_id", "type": "string", "doc": "unique; the label names it", "max_bytes": MAX_FIELD_BYTES}
    fields = [time, *_fields(pipeline.request.fields), id_]
    return _record(pipeline, "Request", "What an application knows when it asks for a prediction.", fields)


def event_schema(pipeline: Pipeline, event: str) -> Schema:
    """Record of a feature event: time, then the numbers, then the categories, each in file order."""
    time = {"name": "event_time", "type": "double", "doc": "ms since 1970, event time"}
    fields = [time, *_fields(pipeline.events[event].fields)]
    return _record(pipeline, event, f"Feature event '{event}' of the pipeline '{pipeline.pipeline}'.", fields)


def all_schemas(pipeline: Pipeline) -> dict[str, Schema]:
    """Every record of a pipeline, by name."""
    events = {event: event_schema(pipeline, event) for event in pipeline.events}
    return {**fixed_schemas(), "Request": request_schema(pipeline), **events}


def _record(pipeline: Pipeline, name: str, doc: str, fields: list[Schema]) -> Schema:
    return {"type": "record", "name": name, "namespace": namespace_of(pipeline.pipeline), "doc": doc, "fields": fields}


def _fields(fields: dict[str, FieldSpec]) -> list[Schema]:
    numbers = [_number(name, spec.range, spec.missing) for name, spec in fields.items() if spec.type == "number"]
    categories = [_category(name, spec.missing) for name, spec in fields.items() if spec.type == "category"]
    return numbers + categories


def _number(name: str, bounds: tuple[float, float], missing: str) -> Schema:
    if missing == "reject":
        return {"name": name, "type": "float", "doc": f"{bounds[0]:g} to {bounds[1]:g}; never missing"}
    # JSON has no NaN, so other readers of messages older than this field see 0; ours fill in `fill`.
    doc = f"{bounds[0]:g} to {bounds[1]:g}; NaN where missing"
    return {"name": name, "type": "float", "doc": doc, "default": 0.0, "fill": "NaN"}


def _category(name: str, missing: str) -> Schema:
    text = {"name": name, "type": "string", "max_bytes": MAX_FIELD_BYTES}
    if missing == "reject":
        return {**text, "doc": "a category; never empty"}
    return {**text, "doc": "a category; empty where missing", "default": ""}
