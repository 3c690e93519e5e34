"""The AsyncAPI 3 document of a pipeline: its topics as channels, its records as messages, its processes' operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from schemas.generated import all_schemas
from schemas.pipeline import Pipeline
from schemas.static_ids import static_id
from schemas.subjects import records_on
from schemas.topics import TOPICS, TopicPlan, TopicSpec, topic_plans

_OTHERS: Final = frozenset({"applications", "dashboards", "engineers"})
"""Who writes or reads but is not one of our processes, so whose operations are not ours to describe."""

_AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
_BINDING: Final = "0.5.0"


def asyncapi_of(pipeline: Pipeline) -> dict[str, Any]:
    """Describe a pipeline for people and code generators.

    References
    ----------
    AsyncAPI specification 3.0.0; Kafka bindings 0.5.0.
    """
    told = [(spec, plan) for spec, plan in zip(TOPICS, topic_plans(pipeline), strict=True) if _is_told(pipeline, spec)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": pipeline.pipeline,
            "version": "1.0.0",
            "description": pipeline.description or "A pipeline of Anabranch.",
        },
        "defaultContentType": "application/vnd.confluent.avro",
        "channels": {spec.role: _channel(pipeline, spec, plan) for spec, plan in told},
        "operations": dict(operation for spec, _ in told for operation in _operations(pipeline, spec)),
        "components": {"messages": {name: _message(name, schema) for name, schema in all_schemas(pipeline).items()}},
    }


def _is_told(pipeline: Pipeline, spec: TopicSpec) -> bool:
    return bool(records_on(pipeline, spec))


def _channel(pipeline: Pipeline, spec: TopicSpec, plan: TopicPlan) -> dict[str, Any]:
    config = plan.config
    return {
        "address": plan.name,
        "description": f"{spec.purpose} Key: {spec.key}.{' Internal.' if spec.internal else ''}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in records_on(pipeline, spec)},
        "bindings": {
            "kafka": {
                "topic": plan.name,
                "partitions": plan.partitions,
                "replicas": plan.replication,
                "topicConfiguration": {
                    "cleanup.policy": [config["cleanup.policy"]],
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operations(pipeline: Pipeline, spec: TopicSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    for action, processes in (("send", spec.writers), ("receive", spec.readers)):
        for process in processes:
            if process not in _OTHERS:
                yield f"{process}.{action}.{spec.role}", _operation(pipeline, spec, action, process)


def _operation(pipeline: Pipeline, spec: TopicSpec, action: str, process: str) -> dict[str, Any]:
    return {
        "action": action,
        "title": f"{process} {'writes' if action == 'send' else 'reads'} {spec.role}",
        "channel": {"$ref": f"#/channels/{spec.role}"},
        "messages": [{"$ref": f"#/channels/{spec.role}/messages/{name}"} for name in records_on(pipeline, spec)],
    }


def _message(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": schema["doc"],
        "payload": {"schemaFormat": _AVRO, "schema": schema},
        "x-schema-id": static_id(schema),
        "bindings": {
            "kafka": {
                "key": {"type": "string"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": _BINDING,
            }
        },
    }
