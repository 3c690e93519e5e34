"""Drifts as records of their topic, whoever found them."""

from __future__ import annotations

from collections.abc import Sequence

from models.drift.event import Drift, drift_columns
from schemas.contracts import Contracts
from schemas.records import Outgoing
from schemas.topics import topic_name


def reports_of(contracts: Contracts, drifts: Sequence[Drift]) -> Outgoing:
    """Write one record of each, keyed by its id, in the same order."""
    values = contracts.codec("Drift").encode(drift_columns(tuple(drifts)))
    topic = topic_name(contracts.pipeline.pipeline, "drift")
    return Outgoing(topic, [drift.id.encode() for drift in drifts], values, 0)
