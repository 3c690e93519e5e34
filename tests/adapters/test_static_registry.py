"""Plain Confluent clients read and write every topic without any registry but our own ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from adapters.registry_server import serving
from adapters.static_registry import StaticRegistryClient
from schemas.codec_layout import FieldLayout
from schemas.contracts import contracts_of
from schemas.subjects import records_on
from schemas.topics import TOPICS, topic_name
from tests.schemas.pipelines import small_pipeline

PIPELINE = small_pipeline()
CONTRACTS = contracts_of(PIPELINE)
RECORDS = [(topic_name(PIPELINE.pipeline, s.role), r) for s in TOPICS for r in records_on(PIPELINE, s)]
_ONE: dict[str, Any] = {
    "double": np.array([0.5]),
    "float": np.array([0.5], np.float32),
    "boolean": np.array([True]),
    "int": np.array([1]),
    "long": np.array([1]),
    "enum": np.array([0]),
    "string": np.array([b"1"]),
}


@pytest.fixture(scope="module", params=["in this process", "over HTTP"])
def client(request: pytest.FixtureRequest) -> Iterator[SchemaRegistryClient]:
    if request.param == "in this process":
        yield StaticRegistryClient(PIPELINE)
        return
    with serving(PIPELINE) as port:
        yield SchemaRegistryClient({"url": f"http://127.0.0.1:{port}"})


def _column(field: FieldLayout) -> Any:
    if field.kind in _ONE:
        return _ONE[field.kind]
    column = np.empty(1, object)
    items: Any = ["1"] if field.item == "string" else np.array([1, 2])
    column[0] = {"fixed": b"1" * field.size, "bytes": b"1", "array": items, "map": {"1": b"1"}}[field.kind]
    return column


@pytest.mark.parametrize(("topic", "record"), RECORDS)
def test_a_plain_deserializer_reads_every_record_of_every_topic(
    client: SchemaRegistryClient, topic: str, record: str
) -> None:
    codec = CONTRACTS.codec(record)
    value = codec.encode({f.name: _column(f) for f in codec.fields})[0]
    read = AvroDeserializer(client)(value, SerializationContext(topic, MessageField.VALUE))
    assert isinstance(read, dict)
    assert [*read] == [f.name for f in codec.fields]


def test_what_a_plain_serializer_writes_we_read(client: SchemaRegistryClient) -> None:
    row = {"request_time": 1.0, "amount": 0.05, "age": 1.0, "card": "c", "shop": "", "request_id": "r"}
    write = AvroSerializer(client, json.dumps(CONTRACTS.codec("Request").schema))
    value = write(row, SerializationContext("card-fraud.requests.v1", MessageField.VALUE))
    part = CONTRACTS.decode([value], ("Request",)).part("Request")
    assert part is not None
    assert part.columns["request_id"].tolist() == [b"r"]


def test_a_strange_schema_is_refused(client: SchemaRegistryClient) -> None:
    strange = json.dumps({"type": "record", "name": "Strange", "fields": [{"name": "a", "type": "long"}]})
    with pytest.raises(SchemaRegistryError, match="404"):
        AvroSerializer(client, strange)({"a": 1}, SerializationContext("card-fraud.requests.v1", MessageField.VALUE))
    with pytest.raises(SchemaRegistryError, match="404"):
        client.get_schema(1)


def test_subjects_can_be_listed_over_http() -> None:
    with serving(PIPELINE) as port:
        client = SchemaRegistryClient({"url": f"http://127.0.0.1:{port}"})
        names = client.get_subjects()
        assert "card-fraud.requests.v1-value" in names
        assert "card-fraud.labels.v1-anabranch.Progress" in names
        latest = client.get_latest_version("card-fraud.requests.v1-value")
        assert latest.schema_id == CONTRACTS.codec("Request").schema_id
