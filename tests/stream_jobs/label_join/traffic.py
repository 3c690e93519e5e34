"""Answers and labels of a small pipeline, and what came of them, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline import Pipeline
from schemas.status import Status
from schemas.topics import topic_plans
from stream_jobs.label_join.job import LabelJoin

PREDICTIONS, LABELS, EXAMPLES = "small.predictions.v1", "small.labels.v1", "small.examples.v1"
SKETCHES, DEAD_LETTERS, CHANGELOG = "small.sketches.v1", "small.dead-letters.v1", "small.join-changelog.v1"


@dataclass(frozen=True, slots=True)
class Answer:
    id: str
    time: float
    status: Status = Status.OK


@dataclass(frozen=True, slots=True)
class Label:
    id: str
    time: float
    value: float = 1.0
    labeller: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    time: float


Event = Answer | Label | Progress


def small_contracts(partitions: int = 1, **join: Any) -> Contracts:
    return contracts_of(
        Pipeline.model_validate(
            {
                "pipeline": "small",
                "topics": {"partitions": partitions},
                "request": {
                    "entity": "who",
                    "fields": {"who": {"type": "category"}, "size": {"type": "number", "range": [0, 8]}},
                },
                "target": {"type": "binary"},
                "join": {"wait": 100, "early": 10, "remember": 100_000, **join},
            }
        )
    )


def broker_of(contracts: Contracts) -> MemoryBroker:
    return MemoryBroker({plan.name: plan.partitions for plan in topic_plans(contracts.pipeline)})


def send(
    contracts: Contracts,
    broker: MemoryBroker,
    answers: Sequence[Answer] = (),
    labels: Sequence[Label | Progress] = (),
    partition: int = 0,
) -> MemoryBroker:
    """Send answers and labels, which are not joined yet."""
    broker.send(PREDICTIONS, encode_answers(contracts, answers), partition=partition)
    broker.send(LABELS, encode_labels(contracts, labels), partition=partition)
    return broker


def joined(contracts: Contracts, *turns: Sequence[Event]) -> MemoryBroker:
    """Run the join to the end after each turn's events have been sent."""
    broker = broker_of(contracts)
    for events in turns:
        answers = [event for event in events if isinstance(event, Answer)]
        send(contracts, broker, answers, [event for event in events if not isinstance(event, Answer)])
        run_job_in_memory(LabelJoin(contracts), broker)
        assert balanced(books(contracts, broker))
    return broker


def vectors(answers: Sequence[Answer], seed: int = 7) -> np.ndarray:
    return np.random.default_rng([seed, len(answers)]).normal(size=(len(answers), 2)).astype(np.float32)


def encode_answers(contracts: Contracts, answers: Sequence[Answer], x_B2: np.ndarray | None = None) -> list[bytes]:
    count = len(answers)
    if not count:
        return []
    output = np.empty(count, object)
    output[:] = [np.array([0.5] if a.status <= Status.PRIOR else [], np.float32) for a in answers]
    return contracts.codec("Prediction").encode(
        {
            "request_time": np.array([a.time for a in answers]),
            **{
                name: np.zeros(count)
                for name in ("answered_at", "features_time", "queue_ms", "features_ms", "model_ms")
            },
            "digest": np.array([bytes([i % 255 + 1] * 32) for i in range(count)], "V32"),
            "output": output,
            "features": vectors(answers) if x_B2 is None else x_B2,
            "version": np.arange(count),
            "status": np.array([a.status for a in answers], np.uint8),
            "request_id": np.array([a.id.encode() for a in answers]),
            "entity": np.full(count, b"e"),
            "reason": np.full(count, b""),
        }
    )


def encode_labels(contracts: Contracts, labels: Sequence[Label | Progress]) -> list[bytes]:
    return [_label(contracts, label) for label in labels]


def _label(contracts: Contracts, label: Label | Progress) -> bytes:
    if isinstance(label, Progress):
        return contracts.codec("Progress").encode({"event_time": np.array([label.time])})[0]
    return contracts.codec("Label").encode(
        {
            "label_time": np.array([label.time]),
            "value": np.array([label.value]),
            "request_id": np.array([label.id.encode()]),
            "labeller": np.array([label.labeller.encode()]),
        }
    )[0]


def examples(contracts: Contracts, broker: MemoryBroker) -> list[dict[str, Any]]:
    """Examples, row by row."""
    return rows(contracts, "Example", [stored.value for stored in broker.records(EXAMPLES)])


def letters(contracts: Contracts, broker: MemoryBroker) -> list[dict[str, Any]]:
    """Dead letters, row by row."""
    return rows(contracts, "DeadLetter", [stored.value for stored in broker.records(DEAD_LETTERS)])


def reasons(contracts: Contracts, broker: MemoryBroker) -> list[str]:
    """Why each dead letter is one."""
    return [letter["reason"].decode() for letter in letters(contracts, broker)]


def books(contracts: Contracts, broker: MemoryBroker, partition: int = 0) -> dict[str, int]:
    """What became of all rows, with those still held, from the changelog alone."""
    latest = broker.latest(CHANGELOG, partition)
    position = rows(contracts, "JoinPosition", [latest[b"position"]])[0]
    for kind in ("answer", "label"):
        position[f"{kind}s_held"] = sum(key.startswith(kind.encode() + b"/") for key in latest)
    return {
        name: int(count)
        for name, count in position.items()
        if name.startswith(("labels_", "answers_")) and not name.endswith("_time")
    }


def balanced(counts: dict[str, int]) -> bool:
    """Rows in = all other outcomes."""
    sums = {
        kind: sum(n for name, n in counts.items() if name.startswith(kind) and name != f"{kind}_in")
        for kind in ("labels", "answers")
    }
    return all(sums[kind] == counts[f"{kind}_in"] for kind in sums)


def rows(contracts: Contracts, record: str, values: Sequence[bytes | None]) -> list[dict[str, Any]]:
    if not values:
        return []
    part, faults = contracts.codec(record).decode(values)
    assert faults == ()
    return [{name: column[row] for name, column in part.columns.items()} for row in range(len(values))]
