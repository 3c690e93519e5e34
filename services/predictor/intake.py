"""What becomes of each request of a batch before any model sees it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from schemas.decoded import Decoded, Fault, Part
from schemas.records import Headers
from schemas.status import Status

DEADLINE_HEADER = "deadline-ms"
_REPEATED = "request_id: that of an earlier request, which was answered"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is answered without a prediction."""

    row: int
    status: Status
    reason: str
    request_id: bytes
    entity: bytes
    request_time: float


@dataclass(frozen=True, slots=True)
class Intake:
    """Each row of a batch is in exactly one of these."""

    served: Part | None
    refused: tuple[Refusal, ...]
    dead: tuple[Fault, ...]


def take_in(decoded: Decoded, headers: Sequence[Headers], now_ms: float, entity: str) -> Intake:
    """Sort the requests of a batch.

    Parameters
    ----------
    decoded : Decoded
        Of ``Request`` records.
    headers : sequence of Headers, length B
        ``deadline-ms``: when the answer is of no more use, ms since 1970.
    now_ms : float
        When the batch was made.
    entity : str
        Field that keys the requests topic.

    Notes
    -----
    A request with a wrong value is rejected, for its sender waits for an answer; one without an id cannot be
    answered and is dead. Of rows with the same id the first counts, the others are dead. An id that comes again in a
    later batch is answered again, and the label join drops that second answer, into the dead letters too.
    """
    part = decoded.part("Request")
    wrong = [p for p in decoded.refused if p.name == "Request"]
    refused = [r for p in wrong for r in _rejections(p, decoded.faults, entity)]
    answerable = {r.row for r in refused}
    dead = tuple(f for f in decoded.faults if f.row not in answerable)
    if part is not None and any(headers):
        part, late = _without_late(part, headers, now_ms, entity)
        refused += late
    return _answered_once(part, refused, dead)


def _rejections(part: Part, faults: Sequence[Fault], entity: str) -> list[Refusal]:
    detail = {f.row: f.detail for f in faults}
    told = [
        _refusal(part, place, Status.REJECTED, detail[row], entity) for place, row in enumerate(part.row_N.tolist())
    ]
    return [r for r in told if r.request_id]


def _refusal(part: Part, place: int, status: Status, reason: str, entity: str) -> Refusal:
    c = part.columns
    return Refusal(
        int(part.row_N[place]),
        status,
        reason,
        bytes(c["request_id"][place]),
        bytes(c[entity][place]),
        float(c["request_time"][place]),
    )


def _without_late(
    part: Part, headers: Sequence[Headers], now_ms: float, entity: str
) -> tuple[Part | None, list[Refusal]]:
    verdicts = [_verdict(headers[row], now_ms) for row in part.row_N.tolist()]
    late = [_refusal(part, place, *v, entity) for place, v in enumerate(verdicts) if v is not None]
    good_N = np.array([v is None for v in verdicts], np.bool_)
    return (part.rows(good_N) if good_N.any() else None), late


def _verdict(headers: Headers, now_ms: float) -> tuple[Status, str] | None:
    for name, value in headers:
        if name == DEADLINE_HEADER:
            return _overdue(value, now_ms)
    return None


def _overdue(deadline: bytes, now_ms: float) -> tuple[Status, str] | None:
    try:
        late = now_ms - float(deadline)
    except (TypeError, ValueError):
        late = math.nan
    if not math.isfinite(late):
        return Status.REJECTED, f"header {DEADLINE_HEADER}: not a number of ms since 1970"
    return (Status.EXPIRED, f"batched {late:.0f} ms after its deadline") if late > 0 else None


def _answered_once(part: Part | None, refused: list[Refusal], dead: tuple[Fault, ...]) -> Intake:
    ids = part.columns["request_id"].tolist() if part is not None else []
    refused.sort(key=lambda r: r.row)
    if len({*ids, *(r.request_id for r in refused)}) == len(ids) + len(refused):
        return Intake(part, tuple(refused), dead)
    rows = part.row_N.tolist() if part is not None else []
    asked = sorted(chain(zip(rows, ids, strict=True), ((r.row, r.request_id) for r in refused)), reverse=True)
    first = set({request_id: row for row, request_id in asked}.values())
    again = [Fault(row, "duplicate_request", _REPEATED) for row, _ in reversed(asked) if row not in first]
    if part is not None:
        part = part.rows(np.array([row in first for row in rows], np.bool_))
    kept = tuple(r for r in refused if r.row in first)
    return Intake(part if part is not None and len(part.row_N) else None, kept, (*dead, *again))
