"""Which events of a stream may go out now: pure, so that every pace gives the same order."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.source import SourceEvent
from services.replay.pacing import Limits, features_until, model_until, requests_until

CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Frontier:
    """What the outside says, as far as it is known.

    `watermark_ms` is how far the feature store has come, `oldest_unanswered_ms` the time of the oldest request
    without an answer (inf: all answered), `learned` the labels in the newest published version, and `clock_ms` how far
    the replay's own speed lets it go.
    """

    watermark_ms: float = -math.inf
    oldest_unanswered_ms: float = math.inf
    learned: int = 0
    clock_ms: float = math.inf
    room: int = CHUNK


class Schedule:
    """Two cursors over one stream: features run ahead; requests and labels follow as the world allows.

    Parameters
    ----------
    events : iterable of SourceEvent
        In event time.
    limits : Limits
        Of the pipeline.
    """

    def __init__(self, events: Iterable[SourceEvent], limits: Limits) -> None:
        self._events: Iterator[SourceEvent] = iter(events)
        self._limits = limits
        self._next: SourceEvent | None = next(self._events, None)
        self._held: deque[SourceEvent] = deque()
        self._held_requests: deque[int] = deque()
        self._label_times: list[float] = []
        self.now_ms = float(self._next.time_ms) if self._next else -math.inf
        self.start_ms = self._newest_ms = self.now_ms

    @property
    def is_done(self) -> bool:
        """Whether every event has gone out."""
        return self._next is None and not self._held

    def promise_ms(self, frontier: Frontier) -> float:
        """No feature event older than this will follow; at the end, what closes the pane of the last request.

        Over a quiet stretch the next event may be far away: the promise goes no further than events may, or panes that
        an unanswered request still needs would be let go.
        """
        following = float(self._next.time_ms) if self._next else self._newest_ms + self._limits.pane_ms
        return min(following, self._features_bound(frontier))

    def take_features(self, frontier: Frontier) -> list[SourceEvent]:
        """Feature events that may go out; what they overtake is held for `take_requests`."""
        out: list[SourceEvent] = []
        while self._next is not None and len(out) < CHUNK and self._next.time_ms <= self._features_bound(frontier):
            event = self._next
            self._newest_ms = float(event.time_ms)
            if event.kind == "feature":
                out.append(event)
            else:
                self._hold(event)
            self._next = next(self._events, None)
        return out

    def take_requests(self, frontier: Frontier) -> list[SourceEvent]:
        """Requests and labels that may go out, in order."""
        out: list[SourceEvent] = []
        while self._held and len(out) < frontier.room and self._held[0].time_ms < self._bound(self._held[0], frontier):
            event = self._held.popleft()
            self.now_ms = float(event.time_ms)
            if event.kind == "label":
                self._label_times.append(self.now_ms)
            else:
                self._held_requests.popleft()
            out.append(event)
        return out

    def _hold(self, event: SourceEvent) -> None:
        self._held.append(event)
        if event.kind == "request":
            self._held_requests.append(event.time_ms)

    def _features_bound(self, frontier: Frontier) -> float:
        held = self._held_requests[0] if self._held_requests else math.inf
        return min(features_until(self._limits, min(held, frontier.oldest_unanswered_ms)), frontier.clock_ms)

    def _bound(self, event: SourceEvent, frontier: Frontier) -> float:
        if event.kind == "label":
            return frontier.clock_ms
        return min(
            requests_until(self._limits, frontier.watermark_ms),
            model_until(self._limits, self._label_times, frontier.learned),
            frontier.clock_ms,
        )
