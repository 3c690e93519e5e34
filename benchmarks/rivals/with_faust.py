"""Faust: an agent that answers one request after another."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import faust

from benchmarks.rivals.work import Task, task_of


def _app(task: Task) -> faust.App:
    app = faust.App(
        task.target,
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        datadir=tempfile.mkdtemp(prefix="anabranch-faust-"),
        web_enabled=False,
        topic_disable_leader=True,
        producer_linger_ms=5,
    )
    source = app.topic(task.source, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    target = app.topic(task.target, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def agent(requests: Any) -> None:
        async for value in requests:
            ((key, answer),) = task.answer([value])
            await target.send(key=key, value=answer, partition=0)

    app.agent(source)(agent)
    return app


if __name__ == "__main__":
    found = _app(task_of(__doc__))
    sys.argv = [sys.argv[0]]
    faust.Worker(found, loglevel="WARNING").execute_from_commandline()
