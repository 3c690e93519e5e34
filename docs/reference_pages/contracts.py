"""Topics, records and reasons: what stands on the wire."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from docs.reference_pages.markdown import code, page, table
from schemas.dead_letters import REASONS
from schemas.topics import COMPACTION, TOPICS, TopicSpec
from services.doctor.hints import HINTS


def topics() -> str:
    """All topics, from `schemas.topics`."""
    intro = (
        "Of a pipeline `flights`, the topic `requests` is called `flights.requests.v1`. `anabranch topics apply` makes"
        " them all; `anabranch schemas asyncapi` prints the same facts for one pipeline as an AsyncAPI 3 document."
        " Keys choose partitions by murmur2, as Kafka's Java client does (ADR 5)."
    )
    head = ["topic", "key", "records", "written by", "read by", "partitions", "keeps", "holds"]
    public = table(head, (_topic(spec) for spec in TOPICS if not spec.internal))
    internal = table(head, (_topic(spec) for spec in TOPICS if spec.internal))
    inside = ["## Internal topics", "Nobody else's business: they may change.", internal]
    return page("Topics", intro, public, *inside, "## Compaction", *_compaction())


def _compaction() -> tuple[str, str]:
    text = (
        "Kafka compacts closed segments only: a small topic, by its own defaults, never. So those that keep the newest"
        " of each key have these settings. A partition then takes on disk what its keys take, divided by one less the"
        " ratio, and a segment; `versions` keeps the artefacts of `learner.keep_artefacts` versions."
    )
    return text, table(["setting", "is"], ([code(key), value] for key, value in COMPACTION.items()))


def _topic(spec: TopicSpec) -> list[str]:
    records = [r if r != "<events>" else "each event" for r in spec.records]
    partitions = "`topics.partitions`" if spec.partitions == "pipeline" else str(spec.partitions)
    keeps = "newest of each key" if spec.compacted else "for ever" if spec.forever else "`topics.retention`"
    return [
        code(spec.role),
        spec.key,
        ", ".join(records) or "–",
        ", ".join(spec.writers) or "–",
        ", ".join(spec.readers) or "–",
        partitions,
        keeps,
        spec.purpose,
    ]


def records() -> str:
    """All fixed records, from `schemas/avro`."""
    intro = (
        "Avro in the Confluent wire format: a zero byte, the schema id (4 bytes, big-endian), the Avro body. These"
        " records are the same in every pipeline; `Request` and the events follow from the pipeline file, and"
        " `anabranch schemas show FILE` prints them. Times are milliseconds since 1970, UTC."
    )
    schemas = [
        json.loads(f.read_text()) for f in files("schemas").joinpath("avro").iterdir() if f.name.endswith("avsc")
    ]
    blocks = [b for schema in sorted(schemas, key=lambda s: str(s["name"])) for b in _record(schema)]
    return page("Records", intro, *blocks)


def _record(schema: dict[str, Any]) -> list[str]:
    rows = ([code(f["name"]), _type(f["type"]), f.get("doc", "")] for f in schema["fields"])
    return [f"## {schema['name']}", schema["doc"], table(["field", "type", "meaning"], rows)]


def _type(avro: Any) -> str:
    if isinstance(avro, str):
        return avro
    if avro["type"] == "array":
        return f"array of {_type(avro['items'])}"
    if avro["type"] == "map":
        return f"map of {_type(avro['values'])}"
    return f"enum: {', '.join(avro['symbols'])}" if avro["type"] == "enum" else f"{avro['type']} ({avro['size']} bytes)"


def reasons() -> str:
    """Reasons of dead letters, from `schemas.dead_letters`, and where to look first."""
    intro = "Whatever cannot be used goes to the topic `dead-letters`, whole, with one of these reasons and a detail."
    rows = ([code(reason), meaning, HINTS[reason]] for reason, meaning in REASONS.items())
    return page("Reasons of dead letters", intro, table(["reason", "meaning", "look first"], rows))
