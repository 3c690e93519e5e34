"""A Faust worker over a topic that is written in transactions, whose markers leave gaps between the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from adapters.context import Context
from adapters.faust_worker import run_table_worker
from adapters.kafka_client import client_settings
from adapters.local_stack import StackAddresses
from adapters.ports import Outgoing, Records
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts, contracts_of
from schemas.errors import DependencyError
from tests.kafka_topics import await_true
from tests.models.drift.pipelines import small_pipeline
from tests.process_thread import context_of, running

NAME = "gaps"
TOPIC, GROUP = f"{NAME}.sketches.v1", f"{NAME}.noting"


@dataclass(frozen=True)
class Nothing:
    records: tuple[Outgoing, ...] = ()
    writes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)


class Noting:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []

    def __call__(self, records: Records, table: Mapping[bytes, bytes], now_ms: float) -> Nothing:
        self.values += records.values
        return Nothing()

    def run(self, context: Context) -> None:
        run_table_worker(context, GROUP, TOPIC, "table", self)


def write(bootstrap: str, first: int, size: int) -> int:
    """A record a transaction, each after one that is given up; returns the offset after the last record."""
    producer = Producer({**client_settings(bootstrap), "transactional.id": f"{NAME}-test"})
    producer.init_transactions(30)
    offsets: list[int] = []
    for n in range(first, first + size):
        for kept in (False, True):
            producer.begin_transaction()
            producer.produce(
                TOPIC, b"%d" % n, b"k", 0, on_delivery=lambda _, message: offsets.append(message.offset() or 0)
            )
            producer.flush(30)
            producer.commit_transaction(30) if kept else producer.abort_transaction(30)
    return offsets[-1] + 1


def committed(bootstrap: str) -> int:
    consumer = Consumer({**client_settings(bootstrap), "group.id": GROUP})
    try:
        return consumer.committed([TopicPartition(TOPIC, 0)], 10)[0].offset
    except KafkaException:
        return -1  # a broker that does not know its groups yet is asked again
    finally:
        consumer.close()


@contextmanager
def noting(contracts: Contracts, stack: StackAddresses, home: Path) -> Iterator[Noting]:
    found = Noting()
    with running(found.run, context_of(contracts, stack, home, "drift_watch")):
        yield found


def test_offsets_follow_what_is_done_across_the_gaps_and_nothing_is_done_again(
    stack: StackAddresses, tmp_path: Path
) -> None:
    contracts = contracts_of(small_pipeline(pipeline=NAME, topics={"partitions": 1}))
    apply_topics(contracts.pipeline, stack.bootstrap)
    for first in (0, 40):
        end = write(stack.bootstrap, first, 40)
        with noting(contracts, stack, tmp_path) as found:
            await_true(lambda end=end: committed(stack.bootstrap) >= end, 30)  # type: ignore[misc]
        assert found.values == [b"%d" % n for n in range(first, first + 40)]


def test_whom_the_group_refuses_says_so_and_ends(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise KafkaError("no room")

    monkeypatch.setattr(GroupCoordinator, "ensure_active_group", refuse)
    contracts = contracts_of(small_pipeline(pipeline="refused", topics={"partitions": 1}))
    apply_topics(contracts.pipeline, stack.bootstrap)
    context = context_of(contracts, stack, tmp_path, "drift_watch")
    topic = "refused.sketches.v1"
    with running(
        lambda context: run_table_worker(context, "refused.noting", topic, "table", Noting()), context, may_fail=True
    ) as failures:
        await_true(context.stop.is_set, 30)
    (failure,) = failures
    assert isinstance(failure, DependencyError)
    assert "no room" in str(failure)
