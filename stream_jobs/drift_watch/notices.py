"""What the learner is told of drifts: commands in the examples log, written with the reports themselves.

A report is sent again when its sketch is, and so is the notice: the learner knows a drift by its id. Only pipelines of
which a reaction asks for drifts have notices in their log.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.drift.event import Drift
from schemas.commands import DriftNotice, encode_command
from schemas.contracts import Contracts
from schemas.records import Outgoing
from schemas.topics import topic_name


def notices_of(contracts: Contracts, drifts: Sequence[Drift]) -> tuple[Outgoing, ...]:
    """Write a notice of each report, in the same order."""
    pipeline = contracts.pipeline
    if not drifts or not any(rule.drift for rule in pipeline.learner.reactions):
        return ()
    values = [_notice(contracts, drift) for drift in drifts]
    return (Outgoing(topic_name(pipeline.pipeline, "examples"), [drift.id.encode() for drift in drifts], values, 0),)


def _notice(contracts: Contracts, drift: Drift) -> bytes:
    told = DriftNotice(id=drift.id, kind=drift.kind, pattern=drift.pattern, severity=drift.severity, state=drift.state)
    why = f"{drift.kind} drift {drift.state}: {', '.join(drift.columns[:3])}"
    return encode_command(contracts, "drift", why, drift.window_end, told)
