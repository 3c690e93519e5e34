"""Contracts with a registry: its ids on the wire, its past readable, its refusals told with their cure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from adapters.registry import contracts_with
from schemas.contracts import contracts_of
from schemas.errors import AnabranchError, ConfigurationError, DependencyError, SchemaIncompatible
from schemas.generated import all_schemas
from schemas.subjects import subjects
from tests.adapters.fake_registry import FakeRegistry, fake_registry
from tests.schemas.pipelines import small_pipeline


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as fake:
        yield fake


def test_every_subject_is_registered_once_and_guards_its_past(registry: FakeRegistry) -> None:
    pipeline = small_pipeline()
    contracts_with(pipeline, {}, registry.url)
    names = [subject for subject, _ in subjects(pipeline)]
    assert sorted(registry.subjects) == sorted(names)
    assert set(registry.levels.values()) == {"BACKWARD_TRANSITIVE"}
    registry.levels.clear()
    contracts_with(pipeline, {}, registry.url)
    assert {len(versions) for versions in registry.subjects.values()} == {1}
    assert not registry.levels, "what is known is left as it is"


def test_a_plain_deserializer_reads_what_carries_the_registrys_ids(registry: FakeRegistry) -> None:
    contracts = contracts_with(small_pipeline(), {}, registry.url)
    value = contracts.codec("Progress").encode({"event_time": np.array([3.0])})[0]
    read = AvroDeserializer(SchemaRegistryClient({"url": registry.url}))
    assert read(value, SerializationContext("card-fraud.labels.v1", MessageField.VALUE)) == {"event_time": 3.0}


def test_what_a_former_version_wrote_stays_readable(registry: FakeRegistry) -> None:
    old = contracts_with(small_pipeline(), {}, registry.url)
    fields = {**small_pipeline().model_dump()["request"]["fields"], "tip": {"type": "number", "range": [0, 1]}}
    new = contracts_with(small_pipeline(request={"entity": "card", "fields": fields}), {}, registry.url)
    row: dict[str, Any] = {
        "request_time": 1.0,
        "amount": 0.05,
        "age": 1.0,
        "card": b"c",
        "shop": b"",
        "request_id": b"r",
    }
    value = old.codec("Request").encode({k: np.array([v]) for k, v in row.items()})[0]
    part = new.decode([value], ("Request",)).part("Request")
    assert part is not None
    assert np.isnan(part.columns["tip"]).tolist() == [True]


def test_what_the_lock_holds_stays_readable_beside_the_registry(registry: FakeRegistry) -> None:
    lock = {record: [schema] for record, schema in all_schemas(small_pipeline()).items()}
    before = contracts_of(small_pipeline())
    after = contracts_with(small_pipeline(), lock, registry.url)
    value = before.codec("Progress").encode({"event_time": np.array([3.0])})[0]
    assert after.codec("Progress").encode({"event_time": np.array([3.0])})[0] != value
    assert not after.decode([value], ("Progress",)).faults


def test_what_others_register_that_we_cannot_read_does_not_stop_us(registry: FakeRegistry) -> None:
    union = {"type": "record", "name": "Request", "fields": [{"name": "x", "type": ["null", "long"], "default": None}]}
    registry.add("card-fraud.requests.v1-value", json.dumps(union))
    contracts = contracts_with(small_pipeline(), {}, registry.url)
    assert [f.reason for f in contracts.decode([b"\0\0\0\0\1\0"], ("Request",)).faults] == ["unknown_schema"]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ((409, "incompatible with an earlier schema"), SchemaIncompatible),
        ((403, "forbidden"), ConfigurationError),
        ((500, "no leader"), DependencyError),
    ],
)
def test_a_refusal_has_its_place_in_the_tree(
    registry: FakeRegistry, refusal: tuple[int, str], error: type[AnabranchError]
) -> None:
    registry.refuse = refusal
    with pytest.raises(error, match=refusal[1]):
        contracts_with(small_pipeline(), {}, registry.url)


def test_a_registry_that_is_away_is_a_dependency_that_is_down() -> None:
    with pytest.raises(DependencyError, match=r"does not answer.*built-in ids"):
        contracts_with(small_pipeline(), {}, "http://127.0.0.1:1")


def test_an_address_that_is_none_is_a_fault_of_configuration() -> None:
    with pytest.raises(ConfigurationError, match="http://host:port"):
        contracts_with(small_pipeline(), {}, "nonsense")
