"""Which record may stand on which topic, and under which subject a schema registry knows it."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.generated import Schema, all_schemas
from schemas.pipeline import Pipeline
from schemas.topics import TOPICS, TopicSpec, topic_name


def records_on(pipeline: Pipeline, spec: TopicSpec) -> tuple[str, ...]:
    """Names of the records of a topic; the pipeline's events stand for ``<events>``."""
    return tuple(name for r in spec.records for name in (pipeline.events if r == "<events>" else (r,)))


def records_of_topic(pipeline: Pipeline, topic: str) -> tuple[str, ...]:
    """Names of the records of a topic under its whole name; none if it is not one of the pipeline's."""
    spec = next((s for s in TOPICS if topic_name(pipeline.pipeline, s.role) == topic), None)
    return records_on(pipeline, spec) if spec else ()


def full_name(schema: Schema) -> str:
    """Name of a record with its namespace.

    Examples
    --------
    >>> full_name({"name": "Label", "namespace": "anabranch"})
    'anabranch.Label'
    """
    return f"{schema['namespace']}.{schema['name']}"


def subjects(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Pairs of subject and record name.

    ``<topic>-value`` where a topic has one record, which is where a client looks that knows no better
    (TopicNameStrategy); ``<topic>-<record>`` where it has several (TopicRecordNameStrategy).
    """
    schemas = all_schemas(pipeline)
    for spec in TOPICS:
        records = records_on(pipeline, spec)
        for record in records:
            suffix = "value" if len(records) == 1 else full_name(schemas[record])
            yield f"{topic_name(pipeline.pipeline, spec.role)}-{suffix}", record
