"""Where a loop's works are written: in transactions, or at least once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin._metadata import GroupMetadata

from adapters.loop.client_settings import (
    REQUEST_TIMEOUT_S,
    TRANSACTION_TIMEOUT_MS,
    Identity,
    idempotent_settings,
    transactional_settings,
)
from adapters.loop.columns import Place
from adapters.loop.failures import raised_for
from adapters.loop.producing import flush, places, produce
from adapters.loop.work import Work
from adapters.ports import Outgoing

OnError = Callable[[KafkaError], None]
TRANSACTION_TIMEOUT_S = TRANSACTION_TIMEOUT_MS / 1000


class Sink(Protocol):
    """Three steps for each work: write, flush, commit.

    The next work may be written between flush and commit, not before: two records of one key would else come to lie in
    the changelog in the wrong order. All block, within bounds, and raise `LoopBroken`, `Fenced` or
    `ConfigurationError`; after that only `abandon` is allowed.
    """

    at_once: bool
    """Whether a work may be written while older ones are not flushed: all records go through one producer, in order."""

    def write(self, work: Work) -> None:
        """Begin, and queue the records."""
        ...

    def add(self, records: tuple[Outgoing, ...]) -> None:
        """Queue further records of the newest work."""
        ...

    def flush(self, work: Work) -> None:
        """Wait until all records of the newest work are in the log. All older works are committed by then."""
        ...

    def commit(self, work: Work) -> None:
        """Make the oldest work and its offsets final."""
        ...

    def settle(self, wait: bool) -> None:
        """Called on the consumer's own thread now and then, and at the end with `wait`."""
        ...

    def abandon(self) -> None:
        """Throw away what is not committed."""
        ...


@dataclass(slots=True)
class _Open:
    producer: Producer
    since_s: float


class TransactionalSink:
    """Two transactional producers, taken in turn, so that one writes while the last commit of the other settles.

    Parameters
    ----------
    identity : Identity
        Both producers are initialised at once: this fences any predecessor, and what it left open is aborted, or
        completed if its commit had been decided. Blocks.
    membership : callable
        The group metadata under which the rows were consumed. Kafka refuses the offsets of a member that has lost its
        partitions (KIP-447), and with them the transaction.
    """

    at_once = False

    def __init__(self, identity: Identity, membership: Callable[[], GroupMetadata], on_error: OnError) -> None:
        self._identity = identity
        self._membership = membership
        self._producers = deque(Producer(transactional_settings(identity, which, on_error)) for which in (0, 1))
        self._open: deque[_Open] = deque()
        with self._mapped():
            for producer in self._producers:
                producer.init_transactions(REQUEST_TIMEOUT_S)

    def write(self, work: Work) -> None:
        """Begin on the producer whose turn it is."""
        producer = self._producers[0]
        self._producers.rotate()
        self._open.append(_Open(producer, time.monotonic()))
        with self._mapped():
            producer.begin_transaction()
            produce(producer, work.records)

    def add(self, records: tuple[Outgoing, ...]) -> None:
        """Queue further records of the newest transaction."""
        with self._mapped():
            produce(self._open[-1].producer, records)

    def flush(self, work: Work) -> None:
        """Send the offsets while the records are on their way, then wait for these; a refusal shows at the commit."""
        newest = self._open[-1].producer
        with self._mapped():
            newest.send_offsets_to_transaction(places(work.offsets), self._membership(), REQUEST_TIMEOUT_S)
            flush(newest)

    def commit(self, work: Work) -> None:
        """Commit. A call that times out has an unknown outcome and breaks the loop."""
        with self._mapped():
            self._open[0].producer.commit_transaction(REQUEST_TIMEOUT_S)
        self._open.popleft()

    def settle(self, wait: bool) -> None:
        """Nothing is left to do: the transaction held the offsets."""

    def abandon(self) -> None:
        """Abort what is open, if Kafka can be asked; else the successor's `init_transactions` does."""
        for producer in self._producers:
            producer.purge()
        for opened in self._open:
            with suppress(KafkaException):
                opened.producer.abort_transaction(2.0)
        for producer in self._producers:
            with suppress(KafkaException):  # a fenced producer complains once more
                producer.close()  # the callbacks make cycles, which would keep its threads and connections

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as failed:
            open_s = time.monotonic() - self._open[0].since_s if self._open else 0.0
            error: KafkaError = failed.args[0]
            raise raised_for(error, self._identity.instance_id, open_s, TRANSACTION_TIMEOUT_S) from failed


class PlainSink:
    """One idempotent producer: flush, then commit the offsets. After a crash the last works are written again.

    The offsets are committed on the consumer's own thread, for the client is not to be shared: a commit from another
    one while the consumer polls does not return.
    """

    at_once = True

    def __init__(self, identity: Identity, consumer: Consumer, on_error: OnError) -> None:
        self._identity = identity
        self._consumer = consumer
        self._refused: list[KafkaError] = []
        self._flushed: deque[Mapping[Place, int]] = deque(maxlen=1)
        self._producer = Producer({**idempotent_settings(identity, on_error), "on_delivery": self._on_delivery})

    def write(self, work: Work) -> None:
        """Queue the records."""
        self.add(work.records)

    def add(self, records: tuple[Outgoing, ...]) -> None:
        """Queue records; may be called on two threads."""
        try:
            produce(self._producer, records)
        except KafkaException as failed:
            raise raised_for(failed.args[0], self._identity.instance_id) from failed

    def flush(self, work: Work) -> None:
        """Wait for the acknowledgements."""
        flush(self._producer)
        if self._refused:
            raise raised_for(self._refused[0], self._identity.instance_id)

    def commit(self, work: Work) -> None:
        """Leave the offsets to `settle`."""
        self._flushed.append(work.offsets)

    def settle(self, wait: bool) -> None:
        """Commit the offsets of what has been flushed."""
        if not self._flushed:
            return
        offsets = places(self._flushed.pop())
        try:
            if wait:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as failed:
            raise raised_for(failed.args[0], self._identity.instance_id) from failed

    def abandon(self) -> None:
        """Drop what is still queued."""
        self._producer.purge()
        with suppress(KafkaException):
            self._producer.close()

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refused.append(error)
