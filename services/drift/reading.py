"""The drifts of a pipeline, from its topic."""

from __future__ import annotations

from difflib import get_close_matches

from adapters.log_search import LogSearch
from models.drift.event import Drift, drifts_of
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.topics import topic_name


def read_drifts(contracts: Contracts, log: LogSearch) -> dict[str, Drift]:
    """Read the last report of each drift, by id, in the order in which they opened. Blocks while the topic is read.

    Raises
    ------
    DependencyError
        Kafka is away, or there is no such topic.
    """
    found: dict[str, Drift] = {}
    for records in log.find(log.stretches(topic_name(contracts.pipeline.pipeline, "drift"))):
        part = contracts.decode(records.values, ("Drift",)).part("Drift")
        found |= {drift.id: drift for drift in (drifts_of(part.columns) if part else ())}
    return found


def drift_called(drift_id: str, drifts: dict[str, Drift]) -> Drift:
    """Find a drift by its id.

    Raises
    ------
    DataError
        There is none; names the nearest.
    """
    if drift_id in drifts:
        return drifts[drift_id]
    near = get_close_matches(drift_id, drifts, n=1, cutoff=0.0)
    cure = f"Did you mean {near[0]}?" if near else "The topic holds none yet: see that drift_watch runs."
    raise DataError(f"There is no drift {drift_id!r}, or it is older than `topics.retention`.", cure)
