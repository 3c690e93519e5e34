"""Publishing a source's events as an application would, at the pace that `schedule` allows."""

from __future__ import annotations

import importlib
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from adapters.publisher import Publisher
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.source import Source, SourceEvent
from schemas.topics import Role, topic_name
from services.replay.events import encode_events, progress_message
from services.replay.outside import PATIENCE_S, Outside, Tally
from services.replay.pacing import limits_of
from services.replay.schedule import Frontier, Schedule

IDLE_WAIT_S = 0.005


def load_source(reference: str) -> Source:
    """Import the function that a pipeline names as ``module:function``.

    Raises
    ------
    ConfigurationError
        There is no such module or function.
    """
    module, _, name = reference.partition(":")
    try:
        source: Source = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"replay.source {reference!r} cannot be loaded: {error}.", "Name module:function."
        ) from error
    return source


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a replay needs: Kafka, the feature store's watermark, a wish to stop, and the clock that paces it."""

    bootstrap: str
    watermark: Callable[[], float]
    stop: threading.Event
    steady_s: Callable[[], float] = time.monotonic
    patience_s: float = PATIENCE_S
    """How long a request may wait for its answer."""


class Replay:
    """One run over a stream. `run` blocks until every request is answered; `tally` can be read meanwhile.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    events : iterable of SourceEvent
        In event time.
    around : Surroundings
        Of this run.
    speed : float
        Most event time per wall time; inf: as fast as the loop follows.
    """

    def __init__(
        self, contracts: Contracts, events: Iterable[SourceEvent], around: Surroundings, speed: float = math.inf
    ) -> None:
        self._contracts = contracts
        self._around = around
        self._speed = speed
        self._publisher = Publisher(around.bootstrap)
        self._outside = Outside(contracts, around.bootstrap, around.watermark, around.patience_s)
        self._schedule = Schedule(events, limits_of(contracts.pipeline))
        self._partitions = {role: self._count(role) for role in ("features", "labels")}
        self._promised: dict[str, float] = {}
        self._started = around.steady_s()

    @property
    def tally(self) -> Tally:
        """Figures so far."""
        return self._outside.tally

    @property
    def now_ms(self) -> float:
        """Event time of the newest request or label sent."""
        return self._schedule.now_ms

    def run(self) -> None:
        """Publish everything, then promise that nothing older follows.

        Raises
        ------
        DataError
            A request stayed without an answer.
        DependencyError
            Kafka or Redis went away.
        """
        frontier = Frontier(clock_ms=self._clock_ms())  # the first features too go out at the pace asked for
        while not (self._schedule.is_done and self._outside.unanswered == 0) and not self._around.stop.is_set():
            moved = self._send(frontier)
            frontier = self._outside.look(0.0 if moved else IDLE_WAIT_S, self._clock_ms())
        self._finish()

    def _send(self, frontier: Frontier) -> bool:
        features = self._schedule.take_features(frontier)
        self._publish(features)
        self._promise("features", self._schedule.promise_ms(frontier))
        followers = self._schedule.take_requests(frontier)
        self._publish(followers)
        if followers:
            self._promise("labels", self._schedule.now_ms)
        self._publisher.poll()
        return bool(features or followers)

    def _publish(self, events: list[SourceEvent]) -> None:
        if events:
            self._outside.sent(events)
            for message in encode_events(self._contracts, events):
                self._publisher.send(message.topic, message.key, message.value)

    def _promise(self, role: Role, time_ms: float) -> None:
        """Send a `Progress` whenever another pane has been passed."""
        pane = self._contracts.pipeline.windows.pane
        if math.isfinite(time_ms) and time_ms // pane > self._promised.get(role, -math.inf):
            self._promised[role] = time_ms // pane
            message = progress_message(self._contracts, role, time_ms)
            self._publisher.broadcast(message.topic, message.value, range(self._partitions[role]))

    def _finish(self) -> None:
        # Answers still without a label are let go: nothing more will come for them.
        end_ms = self._schedule.now_ms + self._contracts.pipeline.join.wait
        if math.isfinite(end_ms) and self._schedule.is_done:
            self._promise("labels", end_ms + self._contracts.pipeline.windows.pane)
        self._publisher.flush()
        self._publisher.close()
        self._outside.close()

    def _clock_ms(self) -> float:
        if math.isinf(self._speed):
            return math.inf
        return self._schedule.start_ms + (self._around.steady_s() - self._started) * 1000 * self._speed

    def _count(self, role: Role) -> int:
        with Tail(self._around.bootstrap, [topic_name(self._contracts.pipeline.pipeline, role)], start="end") as tail:
            return len(tail.partitions)
