"""How far a replay may run, so that at any speed it serves what real time would have served (design, I9).

Three bounds, all in event time. A request waits for the pane that it reads. A feature event waits until the requests
that still need old panes are answered. And a request waits for the model that, in real time, would long have learned
the labels before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pipeline allows: all in ms of event time, `cadence` in labels.

    `reach_ms` is how far back the feature store's snapshots go.
    """

    pane_ms: int
    reach_ms: int
    model_lag_ms: float
    cadence: int


def limits_of(pipeline: Pipeline) -> Limits:
    """Limits of a pipeline. One pane is kept in hand for the one that is open."""
    windows = pipeline.windows
    lag = pipeline.replay.max_model_lag if pipeline.replay else math.inf
    return Limits(windows.pane, max(1, windows.snapshots - 2) * windows.pane, lag, pipeline.learner.cadence)


def features_until(limits: Limits, oldest_needed_ms: float) -> float:
    """Newest feature event that may be sent, when a request of `oldest_needed_ms` is still to be answered.

    Examples
    --------
    >>> features_until(Limits(10, 40, 100.0, 2), 1000.0)
    1040.0
    """
    return oldest_needed_ms + limits.reach_ms


def requests_until(limits: Limits, watermark_ms: float) -> float:
    """Bound (exclusive) on requests whose pane is closed once the store has come to `watermark_ms`.

    Examples
    --------
    >>> requests_until(Limits(10, 40, 100.0, 2), 1000.0)
    1010.0
    """
    return watermark_ms + limits.pane_ms


def model_until(limits: Limits, label_times_ms: Sequence[float], learned: int) -> float:
    """Newest request that may be sent, when the served model has learned `learned` of the labels sent.

    One cadence of labels may always be missing from a model; the label after those must not be older than the lag.

    Examples
    --------
    >>> limits = Limits(10, 40, 100.0, cadence=2)
    >>> model_until(limits, [1.0, 2.0, 3.0], learned=0), model_until(limits, [1.0, 2.0, 3.0], learned=2)
    (103.0, inf)
    """
    first_missing = learned + limits.cadence
    return label_times_ms[first_missing] + limits.model_lag_ms if first_missing < len(label_times_ms) else math.inf
