"""Schemas that follow from a pipeline file are Avro, in the order that decodes fastest."""

from __future__ import annotations

import fastavro
import pytest

from schemas.errors import ConfigurationError
from schemas.generated import all_schemas, event_schema, request_schema
from schemas.pipeline_file import parse_pipeline
from schemas.static_ids import static_id
from tests.schemas.pipelines import small_pipeline


def test_every_schema_is_avro() -> None:
    for schema in all_schemas(small_pipeline()).values():
        fastavro.parse_schema(schema)


def test_fields_stand_time_numbers_categories_id_each_in_file_order() -> None:
    names = [f["name"] for f in request_schema(small_pipeline())["fields"]]
    assert names == ["request_time", "amount", "age", "card", "shop", "request_id"]
    assert [f["name"] for f in event_schema(small_pipeline(), "payment")["fields"]] == [
        "event_time",
        "amount",
        "age",
        "card",
        "shop",
    ]


def test_names_are_those_of_the_pipeline() -> None:
    assert request_schema(small_pipeline("card-fraud"))["namespace"] == "anabranch.card_fraud"


def test_the_id_of_a_schema_depends_on_its_bytes_alone() -> None:
    one = request_schema(small_pipeline())
    told = {**one, "doc": "other words", "fields": [{**f, "doc": "other words"} for f in one["fields"]]}
    renamed = request_schema(small_pipeline("other"))
    assert static_id(one) == static_id(told) != static_id(renamed)
    assert 0 <= static_id(one) < 1 << 31


@pytest.mark.parametrize(
    ("where", "name"), [("request", "request_time"), ("request", "request_id"), ("events", "event_time")]
)
def test_names_that_every_record_has_are_refused(where: str, name: str) -> None:
    field = f"{name}: {{type: category}}"
    text = (
        "pipeline: p\n"
        f"request: {{entity: a, fields: {{a: {{type: category}}{', ' + field if where == 'request' else ''}}}}}\n"
        f"events: {{e: {{fields: {{b: {{type: category}}{', ' + field if where == 'events' else ''}}}}}}}\n"
        "target: {type: binary}\n"
        "join: {wait: 1h}\n"
    )
    with pytest.raises(ConfigurationError, match=rf"fields\.{name}: every \w+ has this field"):
        parse_pipeline(text, "p.yaml")
