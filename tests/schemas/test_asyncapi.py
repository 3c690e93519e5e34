"""The AsyncAPI document tells of every topic that has records, and every reference in it leads somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.asyncapi import asyncapi_of
from schemas.generated import all_schemas
from schemas.subjects import records_on
from schemas.topics import TOPICS, topic_name
from tests.schemas.pipelines import small_pipeline

PIPELINE = small_pipeline()
DOCUMENT = asyncapi_of(PIPELINE)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "$ref" else _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _at(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_every_reference_leads_somewhere() -> None:
    references = [*_references(DOCUMENT)]
    assert references
    for reference in references:
        assert isinstance(_at(reference), dict), reference


def test_every_topic_with_records_is_a_channel() -> None:
    told = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert told == {topic_name(PIPELINE.pipeline, spec.role) for spec in TOPICS if records_on(PIPELINE, spec)}


def test_every_record_is_a_message_on_some_channel() -> None:
    on_channels = {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]}
    assert on_channels == DOCUMENT["components"]["messages"].keys() == all_schemas(PIPELINE).keys()


def test_operations_are_those_of_our_processes() -> None:
    told = {(o["action"], o["channel"]["$ref"].rpartition("/")[2]) for o in DOCUMENT["operations"].values()}
    assert ("receive", "requests") in told
    assert ("send", "predictions") in told
    assert ("send", "requests") not in told, "applications write requests, not we"


def test_it_is_json() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
