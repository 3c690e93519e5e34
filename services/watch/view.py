"""What a person sees of a pipeline at one moment: frozen, so that screen, JSON and plot tell the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.evaluation.unlabelled import WholeScore

Point = tuple[float, float]
"""Event time in ms, and a value."""


@dataclass(frozen=True, slots=True)
class DriftLine:
    """A drift event in one line; times are event time in ms."""

    window_start_ms: float
    window_end_ms: float
    severity: str
    test: str
    statistic: float
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Figures of a pipeline.

    `latency_*` are from the request's Kafka timestamp to the answer's, ms. `auc` and `log_loss` are means over whole
    windows of labelled examples (NaN before the first); the histories hold one point a window or version.
    `coverage` is the share of answers that have their label by now, `defaulted` the share of labels that are the
    pipeline's default. `whole` holds each figure over all answers seen, labelled or not, by its name: of the labelled,
    at worst and at best whatever the others' labels are, and if labels are missing at random. `labels_refused` are
    those among the dead letters.
    """

    event_time_ms: float = float("nan")
    answers: int = 0
    answers_per_s: float = 0.0
    statuses: Mapping[str, int] = field(default_factory=dict)
    latency_p50_ms: float = float("nan")
    latency_p99_ms: float = float("nan")
    examples: int = 0
    coverage: float = 0.0
    defaulted: float = 0.0
    label_delay_p50_ms: float = float("nan")
    label_delay_p90_ms: float = float("nan")
    label_delay_p99_ms: float = float("nan")
    whole: Mapping[str, WholeScore] = field(default_factory=dict)
    score_name: str = "roc_auc"
    score: float = float("nan")
    score_last: float = float("nan")
    log_loss: float = float("nan")
    windows: int = 0
    published: int = 0
    refused: int = 0
    swaps: int = 0
    serving: int = 0
    drifts: tuple[DriftLine, ...] = ()
    drift_count: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    labels_refused: int = 0
    score_history: tuple[Point, ...] = ()
    version_history: tuple[Point, ...] = ()
