"""The checks by name, in the order in which they are made: what stands on another comes after it."""

from __future__ import annotations

from typing import Final

CHECKS: Final[dict[str, str]] = {
    "python": "The interpreter is new enough.",
    "packages": "Every package that Anabranch needs is installed.",
    "disk": "The data folder's disk has room.",
    "memory": "The machine has memory to spare.",
    "java": "The local Kafka has a Java runtime. Not asked when --bootstrap names a Kafka.",
    "jars": "The local Kafka's jars are there and whole. Not asked when --bootstrap names a Kafka.",
    "redis program": "The local Redis has a server program. Not asked when --redis names a Redis.",
    "kafka": "Kafka answers and is 4.0 or later.",
    "redis": "Redis answers, writes an append-only file, drops no keys and has memory left.",
    "pipeline": "The pipeline file is valid.",
    "topics": "The topics stand as the pipeline needs them.",
    "schemas": "The present schemas can read what former ones wrote.",
    "processes": "Each process runs, its loop turns, and it is ready.",
    "lag": "Consumer groups keep up, or at least move.",
    "watermark": "The windows have told Redis how far they have come.",
    "model": "A version is published, and its blob is what its digest says.",
    "checkpoint": "The learner's checkpoint is not far behind the examples.",
    "dead letters": "No event was unusable, but for those that were replayed.",
}
"""Name to what it holds when it is well; those from ``pipeline`` on are made when a file is given."""
