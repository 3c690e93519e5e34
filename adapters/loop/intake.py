"""Taking messages from a consumer, as many as wait, and telling rows from ends and errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from adapters.loop.columns import Place
from adapters.loop.failures import raised_for


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages with rows, and the ends of partitions with their offsets, in the order they came."""

    rows: list[Message]
    ends: list[tuple[Place, int]]


class Intake:
    """Polls for one message, then takes all that wait: twice as fast as asking for many with a time-out.

    Parameters
    ----------
    busy : callable
        Whether a commit is under way that rows must wait for. Only then is it worth to linger.
    """

    def __init__(
        self, consumer: Consumer, identity: str, max_rows: int, linger_s: float, busy: Callable[[], bool]
    ) -> None:
        self._consumer = consumer
        self._identity = identity
        self._max_rows = max_rows
        self._linger_s = linger_s
        self._busy = busy
        self._kept: list[Message] = []

    def take(self, wait_s: float) -> Taken:
        """Return what there is after at most `wait_s`. Rebalances happen in here.

        Raises
        ------
        LoopBroken, Fenced, ConfigurationError
            An error came instead.
        """
        try:
            return self._sorted(self._gather(wait_s))
        except KafkaException as failed:
            raise raised_for(failed.args[0], self._identity) from failed

    def attend(self) -> None:
        """Serve the group without taking rows, while partitions are paused. Rebalances happen in here too."""
        message = self._consumer.poll(0)
        if message is not None:  # an end, or a row that was under way when the pause began
            self._kept.append(message)

    def forget(self) -> None:
        """Drop what came while attending: the partitions have changed hands."""
        self._kept.clear()

    def _gather(self, wait_s: float) -> list[Message]:
        kept, self._kept = self._kept, []
        first = self._consumer.poll(0 if kept else wait_s)
        if first is None:
            return kept
        messages = [*kept, first]
        if self._max_rows > 1:
            messages += self._consumer.consume(self._max_rows - 1, 0)
        until_s = time.monotonic() + self._linger_s
        while len(messages) < self._max_rows and self._busy() and time.monotonic() < until_s:
            messages += self._consumer.consume(self._max_rows - len(messages), 0.001)
        return messages

    def _sorted(self, messages: list[Message]) -> Taken:
        if not any(map(Message.error, messages)):
            return Taken(messages, [])
        rows = [m for m in messages if m.error() is None]
        return Taken(rows, [self._end(m) for m in messages if m.error() is not None])

    def _end(self, message: Message) -> tuple[Place, int]:
        error = message.error()
        assert error is not None, "only messages with errors come here"
        if error.code() == KafkaError._PARTITION_EOF:
            return (message.topic() or "", message.partition() or 0), message.offset() or 0
        raise raised_for(error, self._identity)
