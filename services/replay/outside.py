"""What the replay sees of the loop that it feeds: answers, versions, and how far the features have come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.source import SourceEvent
from schemas.topics import topic_name
from services.replay.schedule import Frontier

MOST_UNANSWERED = 4096
PATIENCE_S = 60.0
_LATENCIES_KEPT = 20_000


@dataclass(slots=True)
class Tally:
    """What went out and what came back so far; `latencies_ms` are those of the newest answers."""

    features: int = 0
    requests: int = 0
    labels: int = 0
    answers: int = 0
    repeated: int = 0
    learned: int = 0
    latencies_ms: list[float] = field(default_factory=list)


class Outside:
    """Follows predictions and versions, and pairs each answer with its request.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    bootstrap : str
        Kafka servers.
    watermark : callable
        End of the last pane closed in the feature store, ms; -inf if none.
    patience_s : float
        How long a request may wait for its answer.
    """

    def __init__(
        self, contracts: Contracts, bootstrap: str, watermark: Callable[[], float], patience_s: float = PATIENCE_S
    ) -> None:
        name = contracts.pipeline.pipeline
        self._contracts = contracts
        self._watermark, self._patience_s = watermark, patience_s
        self._predictions = topic_name(name, "predictions")
        self._tail = Tail(bootstrap, [self._predictions, topic_name(name, "versions")], start="end")
        self._unanswered: dict[bytes, tuple[float, float]] = {}
        self.tally = Tally()

    def sent(self, events: Sequence[SourceEvent]) -> None:
        """Take note of events that have just gone out."""
        now = time.monotonic()
        for event in events:
            if event.kind == "request":
                self._unanswered[event.id.encode()] = (float(event.time_ms), now)
        requests = sum(e.kind == "request" for e in events)
        labels = sum(e.kind == "label" for e in events)
        self.tally.requests += requests
        self.tally.labels += labels
        self.tally.features += len(events) - requests - labels

    def look(self, timeout_s: float, clock_ms: float) -> Frontier:
        """Read what has come back; blocks up to `timeout_s` if nothing has.

        Raises
        ------
        DataError
            A request has waited for its answer longer than anyone should.
        """
        for records in self._tail.read(timeout_s=timeout_s):
            decoded = self._contracts.decode(records.values, ("Prediction", "Version"))
            for part in decoded.parts:
                if part.name == "Prediction":
                    self._answered(part.columns["request_id"])
                else:
                    self.tally.learned = max(self.tally.learned, int(part.columns["examples"].max(initial=0)))
        oldest_ms, since = next(iter(self._unanswered.values()), (math.inf, math.inf))
        if time.monotonic() - since > self._patience_s:
            stuck = next(iter(self._unanswered)).decode()
            raise DataError(
                f"Request {stuck} has no answer after {self._patience_s:.0f} s.", "Look at the predictor's log."
            )
        room = MOST_UNANSWERED - len(self._unanswered)
        return Frontier(self._watermark(), oldest_ms, self.tally.learned, clock_ms, room)

    @property
    def unanswered(self) -> int:
        """Requests that wait for an answer."""
        return len(self._unanswered)

    def close(self) -> None:
        """Stop following."""
        self._tail.close()

    def _answered(self, id_B: NDArray[np.bytes_]) -> None:
        now = time.monotonic()
        for request_id in id_B.tolist():
            asked = self._unanswered.pop(request_id, None)
            if asked is None:
                self.tally.repeated += 1
                continue
            self.tally.answers += 1
            self.tally.latencies_ms.append((now - asked[1]) * 1000)
        del self.tally.latencies_ms[:-_LATENCIES_KEPT]
