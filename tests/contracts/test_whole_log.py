"""What every `WholeLog` does, over a broker in memory and over Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from adapters.local_stack import StackAddresses
from adapters.memory_broker import MemoryBroker
from adapters.whole_log import Span, Spans, WholeLog
from adapters.whole_log_kafka import KafkaWholeLog
from adapters.whole_log_memory import MemoryWholeLog
from tests.kafka_topics import create_topics

ROWS = [(p, b"k%d" % i, b"v%d" % i) for i, p in enumerate([0, 0, 1, 0, 1, 0])]
Made = tuple[WholeLog, str, str]


def in_memory(_: StackAddresses) -> Made:
    broker, topic = MemoryBroker(), "t"
    broker.create(topic, 2)
    for partition, key, value in ROWS:
        broker.send(topic, [value], [key], partition)
    broker.commit("g", [], {(topic, 0): 3})
    return MemoryWholeLog(broker, 2), topic, "g"


def in_kafka(stack: StackAddresses) -> Made:
    topic, group = f"whole-{uuid4()}", f"group-{uuid4()}"
    create_topics(stack.bootstrap, [topic], 2)
    producer = Producer({"bootstrap.servers": stack.bootstrap, "enable.idempotence": True})
    for partition, key, value in ROWS:
        producer.produce(topic, value, key, partition)
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": stack.bootstrap, "group.id": group, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert consumer.poll(30) is not None
    consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    consumer.close()
    return KafkaWholeLog(stack.bootstrap), topic, group


@pytest.fixture(params=[in_memory, in_kafka], ids=["memory", "kafka"])
def made(request: pytest.FixtureRequest, stack: StackAddresses) -> Iterator[Made]:
    make: Callable[[StackAddresses], Made] = request.param
    found = make(stack)
    with closing(found[0]):
        yield found


def rows(log: WholeLog, topic: str, spans: Spans) -> list[tuple[int, int, bytes | None, bytes | None]]:
    return [
        row
        for found in log.read(topic, spans, with_keys=True)
        for row in zip(found.partition_B.tolist(), found.offset_B.tolist(), found.keys, found.values, strict=True)
    ]


def test_it_knows_where_partitions_begin_and_end(made: Made) -> None:
    log, topic, group = made
    assert log.spans(topic) == {0: Span(0, 4), 1: Span(0, 2)}
    assert log.committed(group, topic) == {0: 3}
    assert log.committed("nobody", topic) == {}


def test_it_reads_all_rows_in_the_order_of_their_partitions(made: Made) -> None:
    log, topic, _ = made
    for _ in range(2):
        found = sorted(rows(log, topic, log.spans(topic)), key=lambda row: row[:2])
        assert [(p, k, v) for p, _, k, v in found] == sorted(ROWS, key=lambda row: row[0])
        assert [offset for _, offset, *_ in found] == [0, 1, 2, 3, 0, 1]


def test_it_stays_within_what_is_asked_for(made: Made) -> None:
    log, topic, _ = made
    assert [(p, o) for p, o, *_ in rows(log, topic, {0: Span(1, 3)})] == [(0, 1), (0, 2)]
    assert rows(log, topic, {0: Span(2, 2), 1: Span(2, 2)}) == []
    (found,) = log.read(topic, {1: Span(1, 2)})
    assert (len(found.keys), found.values, found.offset_B.tolist()) == (0, [b"v4"], [1])


def test_what_is_not_committed_is_waited_for_and_what_is_aborted_is_not_seen(stack: StackAddresses) -> None:
    topic = f"whole-{uuid4()}"
    create_topics(stack.bootstrap, [topic], 1)
    producer = Producer({"bootstrap.servers": stack.bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    for value, end in ((b"yes", producer.commit_transaction), (b"no", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value, None, 0)
        producer.flush(30)
        end(30)
    producer.begin_transaction()
    producer.produce(topic, b"late", None, 0)
    producer.flush(30)
    with closing(KafkaWholeLog(stack.bootstrap)) as log:
        spans = log.spans(topic)
        assert spans[0].end == 5, "two rows, two markers, and the row that is open"
        read = log.read(topic, spans)
        assert next(read).values == [b"yes"]
        producer.commit_transaction(30)
        assert [value for found in read for value in found.values] == [b"late"]
