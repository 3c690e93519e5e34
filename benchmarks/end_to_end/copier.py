"""A bare copy that runs until it is told to stop: ``python -m benchmarks.end_to_end.copier BOOTSTRAP FROM TO``."""

from __future__ import annotations

import argparse
import signal
import threading
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition

BATCH = 4096
WAIT_S = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--transactions", action="store_true")
    arguments = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run = _in_transactions if arguments.transactions else _plainly
    run(arguments.bootstrap, arguments.source, arguments.target, stop)


def _plainly(bootstrap: str, source: str, target: str, stop: threading.Event) -> None:
    """Send on what there is; offsets are committed by the client now and then."""
    consumer = _consumer(bootstrap, source, auto_commit=True)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    while not stop.is_set():
        for message in _take(consumer):
            producer.produce(target, message.value(), message.key(), 0)
        producer.poll(0)
    producer.flush(10)
    consumer.close()


def _in_transactions(bootstrap: str, source: str, target: str, stop: threading.Event) -> None:
    """Send on what there is in one transaction with the offsets, then look again."""
    consumer = _consumer(bootstrap, source, auto_commit=False)
    settings = {"transactional.id": str(uuid4()), "retry.backoff.ms": 1, "linger.ms": 0}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    producer.init_transactions(30)
    while not stop.is_set():
        messages = _take(consumer)
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, message.value(), message.key(), 0)
        next_offset = TopicPartition(source, 0, (messages[-1].offset() or 0) + 1)
        producer.send_offsets_to_transaction([next_offset], consumer.consumer_group_metadata(), 30)
        producer.commit_transaction(30)
    consumer.close()


def _consumer(bootstrap: str, source: str, auto_commit: bool) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": str(uuid4()),
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": auto_commit,
            "fetch.queue.backoff.ms": 1,
        }
    )
    consumer.assign([TopicPartition(source, 0, 0)])
    return consumer


def _take(consumer: Consumer) -> list[Message]:
    first = consumer.poll(WAIT_S)
    return [] if first is None else [first, *consumer.consume(BATCH - 1, 0)]


if __name__ == "__main__":
    main()
