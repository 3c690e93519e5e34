"""Quix Streams: ``rows`` by its natural interface, a function for each; else through a batching sink."""

from __future__ import annotations

import sys
from typing import Any

from confluent_kafka import Producer
from quixstreams import Application  # type: ignore[import-not-found]
from quixstreams.sinks import BatchingSink, SinkBatch  # type: ignore[import-not-found]

from benchmarks.rivals.work import BATCH, ROWS, Task, task_of


class _Answers(BatchingSink):  # type: ignore[misc]
    """Answers what a checkpoint has gathered, and waits until it is sent."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        settings = {"bootstrap.servers": task.bootstrap, "linger.ms": 1, "queue.buffering.max.messages": 1_000_000}
        self._producer = Producer(settings)

    def write(self, batch: SinkBatch) -> None:
        for key, value in self._task.answer([item.value for item in batch]):
            self._producer.produce(self._task.target, value, key, 0)
        self._producer.flush(30)


def _run(task: Task) -> None:
    app = Application(
        broker_address=task.bootstrap,
        consumer_group=f"{task.target}.group",
        auto_offset_reset="earliest",
        commit_every=BATCH,
        loglevel="WARNING",
        use_changelog_topics=False,
    )
    source = app.topic(task.source, value_deserializer="bytes", key_deserializer="bytes")
    target = app.topic(task.target, value_serializer="bytes", key_serializer="bytes")
    rows = app.dataframe(source)
    if ROWS in sys.argv:
        rows.apply(_one(task), metadata=True).to_topic(target)
    else:
        rows.sink(_Answers(task))
    app.run()


def _one(task: Task) -> Any:
    def answer(value: bytes, _key: Any, _timestamp: int, _headers: Any) -> bytes:
        return task.answer([value])[0][1]

    return answer


if __name__ == "__main__":
    _run(task_of(__doc__))
