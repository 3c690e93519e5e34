"""What a partition of the join holds, from the records of its changelog. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from schemas.contracts import Contracts
from schemas.records import Records
from services.trace.sightings import JoinState

POSITION = b"position"
_ANSWER, _LABEL = b"answer/", b"label/"


def answer_key(offset: int) -> bytes:
    """Key under which the answer at an offset waits."""
    return _ANSWER + b"%d" % offset


def label_key(offset: int) -> bytes:
    """Key under which the label at an offset is held."""
    return _LABEL + b"%d" % offset


def join_state(contracts: Contracts, changelog: Iterable[Records]) -> JoinState:
    """Fold the changelog of one partition: the latest value of a key holds, and a tombstone ends it."""
    latest = {
        key or b"": value for records in changelog for key, value in zip(records.keys, records.values, strict=True)
    }
    held = [key for key, value in latest.items() if value is not None]
    position = contracts.decode([latest.get(POSITION)], ("JoinPosition",)).part("JoinPosition")
    reached = -math.inf if position is None else float(position.columns["labels_time"][0])
    return JoinState(_offsets(held, _ANSWER), _offsets(held, _LABEL), reached)


def _offsets(keys: Iterable[bytes], kind: bytes) -> frozenset[int]:
    return frozenset(int(key.removeprefix(kind)) for key in keys if key.startswith(kind))
