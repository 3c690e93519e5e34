"""What the learner tells, through Kafka: transactions under one id, so that a second learner fences the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from adapters.learner_ports import Announcement
from adapters.loop.client_settings import (
    REQUEST_TIMEOUT_S,
    TRANSACTION_TIMEOUT_MS,
    Identity,
    restore_settings,
    transactional_settings,
)
from adapters.loop.failures import LoopBroken, raised_for
from adapters.loop.producing import produce
from adapters.versions_kafka import announcement_of, bounds_of_versions, read_stretch
from schemas.errors import DependencyError
from schemas.records import Outgoing

_FIRST_SPAN = 16


class KafkaAnnouncer:
    """`Announcer` of one learner. Opening it blocks until Kafka has ended what a predecessor left open.

    Parameters
    ----------
    identity : Identity
        Of this learner, stable over restarts.
    examples : tuple of str and int
        Topic and partition that it learns from.
    versions : str
        The versions topic.
    """

    def __init__(self, identity: Identity, examples: tuple[str, int], versions: str) -> None:
        self._identity, self._examples, self._versions = identity, examples, versions
        self._begun_s = monotonic()
        settings = {**restore_settings(identity, _ignore), "group.id": identity.group}
        self._consumer = Consumer(settings)
        self._producer = Producer(transactional_settings(identity, 0, _ignore))
        with self._errors("opening transactions"):
            self._producer.init_transactions(REQUEST_TIMEOUT_S)

    def send(self, records: Sequence[Outgoing], told: int) -> None:
        """Write records and the mark in one transaction; blocks until it is committed."""
        mark = TopicPartition(*self._examples, told)
        with self._errors("sending"):
            self._begun_s = monotonic()
            self._producer.begin_transaction()
            produce(self._producer, tuple(records))
            self._producer.send_offsets_to_transaction(
                [mark], self._consumer.consumer_group_metadata(), REQUEST_TIMEOUT_S
            )
            self._producer.commit_transaction(REQUEST_TIMEOUT_S)

    def told(self) -> int:
        """Offset before which every dead letter has been sent; 0 at first."""
        with self._errors("reading its offsets"):
            (mark,) = self._consumer.committed([TopicPartition(*self._examples)], REQUEST_TIMEOUT_S)
        return max(0, mark.offset)

    def announced(self, after: int) -> Iterator[Announcement]:
        """Announced versions above `after`, newest stretch of the topic first, one held at a time. Blocks."""
        with self._errors("reading the versions"):
            low, high = bounds_of_versions(self._consumer, self._versions)
            span = _FIRST_SPAN
            while low < high:
                first, lowest = max(low, high - span), after + 1
                for message in read_stretch(self._consumer, self._versions, first, high):
                    found = announcement_of(message)
                    # A thinned record stands among much newer ones: it does not tell how far back this is.
                    lowest = lowest if found.thinned else min(lowest, found.number)
                    if found.number > after:
                        yield found
                if lowest <= after:
                    return
                high, span = first, span * 2

    def close(self) -> None:
        """Leave; may block briefly."""
        self._consumer.close()

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (KafkaException, LoopBroken) as error:
            cause = error if isinstance(error, LoopBroken) else self._cause(error)
            if isinstance(cause, LoopBroken):
                cause = DependencyError(f"Kafka failed while {doing}: {cause}.", "See `anabranch doctor`.")
            raise cause from error

    def _cause(self, error: KafkaException) -> Exception:
        open_s = monotonic() - self._begun_s
        return raised_for(error.args[0], self._identity.instance_id, open_s, TRANSACTION_TIMEOUT_MS / 1000)


def _ignore(_error: KafkaError) -> None:
    """Errors that no call raises are the client's own business: it reconnects by itself."""
