"""Figures of a running pipeline, gathered from what stands in its topics. Pure: time is passed in."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.records import Records
from schemas.status import Status
from schemas.topics import topic_name
from services.watch.cohort import Cohort
from services.watch.scores import Scores
from services.watch.view import DriftLine, Point, View

RATE_WINDOW_S = 5.0
_SAMPLES = 20_000
_DRIFTS_KEPT = 500
_OBSERVED = 0
RECORDS = ("Prediction", "Example", "Version", "Drift", "DeadLetter")


class Figures:
    """Takes records of predictions, examples, versions, drift and dead letters, in any mix; gives a `View`.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    """

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._answers: deque[tuple[float, int]] = deque()
        self._statuses: Counter[str] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=_SAMPLES)
        self._delays_ms: deque[float] = deque(maxlen=_SAMPLES)
        self._scores = Scores(contracts.layout, contracts.pipeline.learner.score_window)
        self._event_time_ms = float("nan")
        self._examples = self._defaults = 0
        self._cohort = Cohort(contracts.pipeline)
        self._served: list[int] = []
        self._published: dict[int, Point] = {}
        self._refused: set[int] = set()
        self._drifts: dict[bytes, DriftLine] = {}
        self._drift_count = 0
        self._dead_letters: Counter[str] = Counter()
        self._labels_refused = 0
        self._labels_topic = topic_name(contracts.pipeline.pipeline, "labels").encode()

    def see(self, records: Records, now_s: float) -> None:
        """Take in records of one topic."""
        take: Mapping[str, Callable[[Columns, Records, NDArray[np.int64], float], None]] = {
            "Prediction": self._see_predictions,
            "Example": self._see_examples,
            "Version": self._see_versions,
            "Drift": self._see_drifts,
            "DeadLetter": self._see_dead_letters,
        }
        for part in self._contracts.decode(records.values, (*RECORDS, "Command")).parts:
            if part.name in take:
                take[part.name](part.columns, records, part.row_N, now_s)

    def view(self, now_s: float) -> View:
        """Look at the figures as they are now."""
        answers = sum(self._statuses.values())
        p50, p99 = _quantiles(self._latencies_ms, (0.5, 0.99))
        delays_ms = _quantiles(self._delays_ms, (0.5, 0.9, 0.99))
        return View(
            event_time_ms=self._event_time_ms,
            answers=answers,
            answers_per_s=self._rate(now_s),
            statuses=dict(self._statuses),
            latency_p50_ms=p50,
            latency_p99_ms=p99,
            examples=self._examples,
            coverage=self._examples / answers if answers else 0.0,
            defaulted=self._defaults / self._examples if self._examples else 0.0,
            label_delay_p50_ms=delays_ms[0],
            label_delay_p90_ms=delays_ms[1],
            label_delay_p99_ms=delays_ms[2],
            whole=self._cohort.scores(),
            score_name=self._scores.name,
            score=self._scores.mean,
            score_last=self._scores.last,
            log_loss=self._scores.log_loss,
            windows=len(self._scores.history),
            published=len(self._published),
            refused=len(self._refused),
            swaps=max(0, len(self._served) - 1),
            serving=self._served[-1] if self._served else 0,
            drifts=tuple(self._drifts.values()),
            drift_count=self._drift_count,
            dead_letters=dict(self._dead_letters),
            labels_refused=self._labels_refused,
            score_history=tuple(self._scores.history),
            version_history=tuple(point for _, point in sorted(self._published.items())),
        )

    def _rate(self, now_s: float) -> float:
        while self._answers and self._answers[0][0] < now_s - RATE_WINDOW_S:
            self._answers.popleft()
        return sum(count for _, count in self._answers) / RATE_WINDOW_S

    def _see_predictions(self, columns: Columns, records: Records, row_N: NDArray[np.int64], now_s: float) -> None:
        self._statuses.update(Status(code).name.lower() for code in columns["status"].tolist())
        self._answers.append((now_s, len(row_N)))
        asked_B = columns["answered_at"] - columns["queue_ms"] - columns["features_ms"] - columns["model_ms"]
        self._latencies_ms.extend((records.timestamp_B[row_N] - asked_B).tolist())
        self._cohort.answered(columns, records.partition_B[row_N], records.offset_B[row_N])
        self._event_time_ms = float(np.nanmax([self._event_time_ms, *columns["request_time"].tolist()]))
        for version in np.unique(columns["version"]).tolist():
            if not self._served or version > self._served[-1]:
                self._served.append(version)

    def _see_examples(self, columns: Columns, _records: Records, row_N: NDArray[np.int64], _now_s: float) -> None:
        self._examples += len(row_N)
        came_N = columns["origin"] == _OBSERVED
        self._defaults += len(row_N) - int(came_N.sum())
        self._delays_ms.extend((columns["label_time"] - columns["request_time"])[came_N].tolist())
        self._cohort.labelled(columns)
        self._scores.add(columns["label_time"], columns["label"], columns["output"])

    def _see_versions(self, columns: Columns, _records: Records, _row_N: NDArray[np.int64], _now_s: float) -> None:
        # Keyed by number: a version that gives up its artefact stands here for a second time, among much newer ones.
        rows = zip(*(columns[c].tolist() for c in ("trained_through", "number", "published")), strict=True)
        for time_ms, number, published in rows:
            if published:
                self._published[number] = (time_ms, float(number))
            else:
                self._refused.add(number)

    def _see_drifts(self, columns: Columns, _records: Records, row_N: NDArray[np.int64], _now_s: float) -> None:
        for i in range(len(row_N)):
            key = bytes(columns["id"][i])
            self._drift_count += key not in self._drifts
            self._drifts[key] = DriftLine(
                float(columns["since"][i] or columns["window_start"][i]),
                float(columns["until"][i] or columns["window_end"][i]),
                columns["severity"][i].decode(),
                columns["test"][i].decode(),
                float(columns["statistic"][i]),
                tuple(name if isinstance(name, str) else name.decode() for name in columns["columns"][i]),
            )
        while len(self._drifts) > _DRIFTS_KEPT:
            del self._drifts[next(iter(self._drifts))]

    def _see_dead_letters(self, columns: Columns, _records: Records, _row_N: NDArray[np.int64], _now_s: float) -> None:
        self._dead_letters.update(reason.decode() for reason in columns["reason"].tolist())
        self._labels_refused += int((columns["topic"] == self._labels_topic).sum())


def _quantiles(samples: deque[float], at: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.quantile(samples, at).tolist()) if samples else (float("nan"),) * len(at)
