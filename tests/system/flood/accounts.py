"""What a run with a flood left in the topics: what became of every bad event, and what the good traffic got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from adapters.ports import Records
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.decoded import Columns, Part
from schemas.status import Status
from schemas.topics import Role, topic_name
from tests.system.flood.events import Account
from tests.system.flood.kinds import LATE_ROWS, TWICE

REAL = b"r"
"""What the ids of the good traffic begin with."""
Answer = tuple[bytes, float, float, bool]
"""Vector to the bit, its time, the request's time, and whether it is as good as can be."""
Example = tuple[float, float, bytes]
"""Label, its time, and the vector to the bit."""


@dataclass
class Found:
    """As read from the topics; `latency_ms` is from the request's Kafka timestamp to its answer's."""

    account: Account = field(default_factory=Counter)
    answers: dict[bytes, Answer] = field(default_factory=dict)
    examples: dict[bytes, Example] = field(default_factory=dict)
    latency_ms: list[float] = field(default_factory=list)
    answered_twice: int = 0


def read_found(contracts: Contracts, bootstrap: str) -> Found:
    """Read requests, predictions, examples and dead letters from the beginning to their present end."""
    found = Found()
    asked = {
        id_: int(at)
        for records, part in _parts(contracts, bootstrap, "requests", "Request")
        for id_, at in zip(part.columns["request_id"].tolist(), records.timestamp_B[part.row_N].tolist(), strict=True)
        if id_.startswith(REAL)
    }
    for records, part in _parts(contracts, bootstrap, "predictions", "Prediction"):
        _see_answers(found, part.columns, records.timestamp_B[part.row_N].tolist(), asked)
    for _, part in _parts(contracts, bootstrap, "examples", "Example"):
        _see_examples(found, part.columns)
    for _, part in _parts(contracts, bootstrap, "dead-letters", "DeadLetter"):
        _see_letters(found, contracts, part.columns)
    return found


def _parts(contracts: Contracts, bootstrap: str, role: Role, record: str) -> Iterator[tuple[Records, Part]]:
    with Tail(bootstrap, [topic_name(contracts.pipeline.pipeline, role)]) as tail:
        while not tail.is_at_end:
            for records in tail.read(timeout_s=0.5):
                for part in contracts.decode(records.values, (record,)).parts:
                    yield records, part


def _see_answers(found: Found, c: Columns, at: list[int], asked: dict[bytes, int]) -> None:
    rows = zip(c["request_id"], c["features"], c["features_time"], c["request_time"], c["status"], strict=True)
    for place, (id_, vector, time, request_time, status) in enumerate(rows):
        if not id_.startswith(REAL):
            name = _field(c["reason"][place].decode())
            found.account["requests", f"rejected {name}" if status == Status.REJECTED else "answered"] += 1
            continue
        best = status in (Status.OK, Status.PRIOR)
        found.answered_twice += id_ in found.answers
        found.answers[bytes(id_)] = (np.asarray(vector).tobytes(), float(time), float(request_time), best)
        found.latency_ms.append(float(at[place] - asked[bytes(id_)]))


def _field(reason: str) -> str:
    return reason.removeprefix("header ").partition(":")[0]


def _see_examples(found: Found, c: Columns) -> None:
    for id_, label, time, vector in zip(c["request_id"], c["label"], c["label_time"], c["features"], strict=True):
        if id_.startswith(REAL):
            found.examples[bytes(id_)] = (float(label), float(time), np.asarray(vector).tobytes())
        else:
            found.account["labels", "joined"] += 1


def _see_letters(found: Found, contracts: Contracts, c: Columns) -> None:
    for topic, reason, value in zip(c["topic"].tolist(), c["reason"].tolist(), c["value"], strict=True):
        role, why = topic.decode().split(".")[1], reason.decode()
        if (role, why) == ("panes", "late_event"):
            (pane,) = contracts.decode([value], ("Pane",)).parts
            found.account["features", LATE_ROWS] += int(pane.columns["rows"][0])
        elif why in ("duplicate_request", "duplicate_answer"):
            found.account["requests", TWICE] += 1
            found.account["requests", "answered"] -= why == "duplicate_answer"
        else:
            found.account[role, why] += 1
