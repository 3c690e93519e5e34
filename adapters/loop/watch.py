"""Looking after a loop once a second: lag, readiness, a broker that is away, a loop that stands still."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from adapters.context import Context
from adapters.loop.columns import Place
from adapters.loop.failures import LoopBroken
from adapters.loop.progress import STALLED_AFTER_S, Progress
from adapters.loop.reporting import role_of
from schemas.errors import DependencyError

EVERY_S = 0.25
AWAY_AFTER_S = 10.0
PROBE_S = 1.0


class Watch:
    """Keeps `health` true, and ends a loop that cannot go on."""

    def __init__(self, context: Context, identity: str) -> None:
        self._context = context
        self._identity = identity
        self._looked_s = 0.0
        self._away_since_s: float | None = None

    def on_error(self, error: KafkaError) -> None:
        """Note what a client says of its connections."""
        self._context.log.debug("kafka client", error=error.name(), why=error.str())
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._away_since_s is None:
            self._context.log.warning("Kafka is away", why=error.str())
            self._away_since_s = time.monotonic()

    def look(self, consumer: Consumer, progress: Progress, near: int) -> None:
        """Look if it is time to.

        Raises
        ------
        LoopBroken
            Kafka has been away for too long.
        DependencyError
            There are rows, and none came for a long time.
        """
        now_s = time.monotonic()
        if now_s - self._looked_s < EVERY_S:
            return
        self._looked_s = now_s
        if self._away_since_s is not None:
            self._probe(consumer, now_s - self._away_since_s)
        lags = progress.lags(highs(consumer, progress.positions))
        progress.catch_up(lags, near)
        self._tell(lags, progress)
        stalled_s = progress.stalled_s(sum(lags.values()), now_s)
        if stalled_s > STALLED_AFTER_S:
            raise DependencyError(
                f"{self._identity} stands still: {sum(lags.values())} rows wait, none came for {stalled_s:.0f} s.",
                "An open transaction in the input topics, or a broker that hangs, can hide rows; see the broker's log.",
            )

    def _tell(self, lags: dict[Place, int], progress: Progress) -> None:
        by_role: dict[str, int] = {}
        for (topic, _), lag in lags.items():
            by_role[role_of(topic)] = by_role.get(role_of(topic), 0) + lag
        for role, lag in by_role.items():
            self._context.metrics.gauge("lag_rows", lag, role=role)
        ready = bool(progress.positions) and not progress.behind and self._away_since_s is None
        self._context.health.ready(ready, self._why(progress))

    def _why(self, progress: Progress) -> str:
        if self._away_since_s is not None:
            return "Kafka is away"
        if not progress.positions:
            return "no partition is assigned"
        return f"catching up on {len(progress.behind)} partitions" if progress.behind else ""

    def _probe(self, consumer: Consumer, away_s: float) -> None:
        """Ask whether the broker is back: the client only says when it goes."""
        try:
            consumer.list_topics(timeout=PROBE_S)
        except KafkaException as failed:
            if away_s > AWAY_AFTER_S:
                raise LoopBroken(f"no broker answers for {away_s:.0f} s") from failed
        else:
            self._away_since_s = None


def highs(consumer: Consumer, positions: dict[Place, int]) -> dict[Place, int]:
    """High marks as of the last fetch, where they are known; asks nobody."""
    found: dict[Place, int] = {}
    for topic, partition in positions:
        marks = consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
        if marks is not None and marks[1] >= 0:
            found[topic, partition] = marks[1]
    return found
