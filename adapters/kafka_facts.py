"""Asking a Kafka cluster how it is, and how far consumer groups have come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from adapters.kafka_client import client_settings
from adapters.server_facts import GroupFacts, KafkaFacts
from schemas.errors import DependencyError

TIMEOUT_S: Final = 5.0
_GONE_IN_4: Final = "inter.broker.protocol.version"
"""A setting that every broker before 4.0 has and none since: the client library has no call for the version."""
Place = tuple[str, int]
T = TypeVar("T")


class KafkaInquiry:
    """Questions to a cluster. Each method blocks for some seconds at most; `DependencyError` if nobody answers.

    Parameters
    ----------
    bootstrap : str
        ``host:port[,host:port]``.

    References
    ----------
    "Upgrading to 4.0" in the Apache Kafka documentation, for the settings that it removed.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        timeout_ms = int(TIMEOUT_S * 1000)
        self._admin: Any = AdminClient({**client_settings(bootstrap), "socket.timeout.ms": timeout_ms})

    def cluster(self) -> KafkaFacts:
        """Look who answers."""
        brokers = self._ask(lambda: self._admin.list_topics(timeout=TIMEOUT_S).brokers)
        return KafkaFacts(tuple(f"{b.host}:{b.port}" for b in brokers.values()), self._is_before_4(next(iter(brokers))))

    def groups(self, prefix: str) -> tuple[GroupFacts, ...]:
        """Look how far the groups have come whose names begin with `prefix`."""
        listed = self._ask(lambda: self._admin.list_consumer_groups(request_timeout=TIMEOUT_S).result(TIMEOUT_S))
        names = sorted(g.group_id for g in listed.valid if g.group_id.startswith(prefix))
        return tuple(self._group(name) for name in names)

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """Return the offset after the last committed record of each partition."""
        latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, partition): latest for topic, partition in places}
        if not wanted:
            return {}
        level = IsolationLevel.READ_COMMITTED
        asked = self._ask(lambda: self._admin.list_offsets(wanted, isolation_level=level, request_timeout=TIMEOUT_S))
        offsets = {place: self._ask(partial(future.result, TIMEOUT_S)) for place, future in asked.items()}
        return {(place.topic, place.partition): found.offset for place, found in offsets.items()}

    def _group(self, name: str) -> GroupFacts:
        described = self._ask(
            lambda: self._admin.describe_consumer_groups([name], request_timeout=TIMEOUT_S)[name].result(TIMEOUT_S)
        )
        request = [ConsumerGroupTopicPartitions(name)]
        answer = self._ask(
            lambda: self._admin.list_consumer_group_offsets(request, request_timeout=TIMEOUT_S)[name].result(TIMEOUT_S)
        )
        positions = {(p.topic, p.partition): max(0, p.offset) for p in answer.topic_partitions}
        return GroupFacts(name, len(described.members), positions)

    def _is_before_4(self, broker: int) -> bool | None:
        resource = ConfigResource(ResourceType.BROKER, str(broker))
        try:
            settings = self._admin.describe_configs([resource], request_timeout=TIMEOUT_S)[resource].result(TIMEOUT_S)
        except (KafkaException, TimeoutError):
            return None
        return _GONE_IN_4 in settings if settings else None

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except (KafkaException, TimeoutError) as error:
            why = error.args[0].str() if isinstance(error, KafkaException) else f"nothing within {TIMEOUT_S:g} s"
            raise DependencyError(
                f"Kafka at {self._bootstrap} does not answer: {why}.",
                "Start it with `anabranch up`, or give the right --bootstrap.",
            ) from error
