"""Every metric: name, kind, labels and what it means. The one home of these facts.

A process calls a metric by its short name, ``rows_total``; exported, it is ``anabranch_<process>_rows_total``.
Label values come from closed sets only, so that the number of series is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

LOOPS = ("feature_windows", "label_join", "predictor", "learner", "baselines")
PROCESSES = (*LOOPS, "drift_watch")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric of one or more processes.

    The name ends in its unit: ``_total`` (counters), ``_seconds``, ``_rows``, ``_bytes``, ``_ratio``, or in the
    things counted. `buckets` are the upper bounds of a histogram, rising, without infinity.
    """

    name: str
    kind: Kind
    help: str
    processes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_time = partial(MetricSpec, kind="histogram", buckets=SECONDS)
_size = partial(MetricSpec, kind="histogram", buckets=ROWS)

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec("rows_total", "counter", "Records consumed and committed.", LOOPS, ("role",)),
    MetricSpec("written_rows_total", "counter", "Records written and committed.", LOOPS, ("role",)),
    MetricSpec("batches_total", "counter", "Batches processed, ticks not counted.", LOOPS),
    _size("batch_rows", help="Records in a batch.", processes=LOOPS),
    _time("process_seconds", help="Time the job spent on a batch.", processes=LOOPS),
    _size("transaction_rows", help="Records consumed in a transaction.", processes=LOOPS),
    _time("transaction_seconds", help="From the first record written to the commit.", processes=LOOPS),
    _time("restore_seconds", help="Time to restore a partition's state.", processes=LOOPS),
    MetricSpec("lag_rows", "gauge", "Records not yet consumed in the assigned partitions.", LOOPS, ("role",)),
    MetricSpec("assigned_partitions", "gauge", "Partitions that a loop of it owns.", LOOPS, ("loop",)),
    MetricSpec("pauses_total", "counter", "Times consuming was paused because commits fell behind.", LOOPS),
    MetricSpec("rebuilds_total", "counter", "Times the loop was built anew after a failure.", LOOPS),
    MetricSpec("left_behind_total", "counter", "Kafka clients left behind, for they did not close in time.", LOOPS),
    MetricSpec("dead_letters_total", "counter", "Events that could not be used.", PROCESSES, ("reason",)),
    MetricSpec("labels_total", "counter", "Labels read, by what became of them.", ("label_join",), ("outcome",)),
    MetricSpec("answers_total", "counter", "Answers read, by what became of them.", ("label_join",), ("outcome",)),
    MetricSpec("coverage_ratio", "gauge", "Share of the answers read that have their label by now.", ("label_join",)),
    MetricSpec(
        "whole_score",
        "gauge",
        "Over all answers read: of the labelled, worst and best whatever the others' labels, and if missing at random.",
        ("label_join",),
        ("score", "bound"),
    ),
    MetricSpec("sketches_total", "counter", "Sketches read.", ("drift_watch",)),
    MetricSpec(
        "late_rows_total", "counter", "Rows of sketches whose window had closed.", ("drift_watch",), ("source",)
    ),
    MetricSpec("closed_windows_total", "counter", "Windows closed by the watermark.", ("drift_watch",), ("source",)),
    MetricSpec("drifts_total", "counter", "Drifts reported.", ("drift_watch", "learner"), ("source", "severity")),
    MetricSpec("predictions_total", "counter", "Answers written and committed.", ("predictor",), ("status",)),
    _time("answer_seconds", help="From a request's Kafka timestamp to its answer.", processes=("predictor",)),
    _time("features_seconds", help="Time to make the vectors of a batch.", processes=("predictor",)),
    _time("model_seconds", help="Time a batch spent in the model.", processes=("predictor",)),
    MetricSpec("stale_ratio", "gauge", "Share of the last batch whose windows were late.", ("predictor",)),
    MetricSpec("degraded_ratio", "gauge", "1 while a store is away or has lost its models, else 0.", ("predictor",)),
    MetricSpec("swaps_total", "counter", "Versions swapped in.", ("predictor",)),
    MetricSpec("refused_models_total", "counter", "Attempts to load a version that failed.", ("predictor",)),
    MetricSpec("model_version_number", "gauge", "Version that serves; 0: the prior.", ("predictor",)),
    MetricSpec("learned_rows", "gauge", "Examples learned since the beginning of the log.", ("learner",)),
    MetricSpec("versions_total", "counter", "Candidates, by what the gate said.", ("learner",), ("outcome",)),
    MetricSpec("version_number", "gauge", "Number of the newest candidate.", ("learner",)),
    MetricSpec("waiting_versions", "gauge", "Versions that wait for the model store.", ("learner",)),
    MetricSpec(
        "restored_versions_total", "counter", "Times the model store had lost the current version.", ("learner",)
    ),
    MetricSpec("frozen_ratio", "gauge", "1 while learning stands still, by itself or by hand; else 0.", ("learner",)),
    MetricSpec("reactions_total", "counter", "What was done to the learner.", ("learner",), ("action",)),
    MetricSpec("looked_at_steps_total", "counter", "Steps whose gradient was looked at, one in 128.", ("learner",)),
    MetricSpec("gradient_norm", "gauge", "Of a layer, at the step looked at last.", ("learner",), ("layer",)),
    MetricSpec(
        "vanishing_gradients_total",
        "counter",
        "Steps looked at in which a layer's gradient was 10,000 times smaller than the largest layer's.",
        ("learner",),
        ("layer",),
    ),
    MetricSpec(
        "exploding_gradients_total",
        "counter",
        "Steps looked at in which a layer's gradient was 10,000 times larger than the median layer's, or not finite.",
        ("learner",),
        ("layer",),
    ),
    MetricSpec(
        "dead_units_ratio", "gauge", "Share of a layer's units that the last look found dead.", ("learner",), ("layer",)
    ),
    MetricSpec("checkpoint_age_seconds", "gauge", "Time since the last checkpoint.", ("learner",)),
    MetricSpec(
        "label_delay_seconds", "gauge", "From request to label, in event time.", ("learner", "baselines"), ("quantile",)
    ),
    MetricSpec("label_coverage_ratio", "gauge", "Share of labels that came, not defaults.", ("learner", "baselines")),
    MetricSpec("prequential_score", "gauge", "Mean over score windows.", ("learner", "baselines"), ("scorer", "score")),
    MetricSpec("waiting_rows", "gauge", "Examples whose turn in event time has not come.", ("baselines",)),
    MetricSpec(
        "late_panes_total",
        "counter",
        "Panes of entities that were closed before their events came.",
        ("feature_windows",),
    ),
    MetricSpec(
        "written_entities_total", "counter", "Entities whose snapshots were written to the store.", ("feature_windows",)
    ),
    MetricSpec(
        "store_losses_total",
        "counter",
        "Times a partition's values were found missing in the feature store.",
        ("feature_windows",),
    ),
    MetricSpec(
        "rewritten_entities_total",
        "counter",
        "Entities whose snapshots were written again because the store had lost its data.",
        ("feature_windows",),
    ),
    MetricSpec("ready_ratio", "gauge", "1 while /readyz says yes, else 0.", PROCESSES),
)
_BY_NAME = {m.name: m for m in METRICS}


def metrics_of(process: str) -> dict[str, MetricSpec]:
    """Metrics of one process by their short names; of a job that is not ours, those that every loop has.

    Examples
    --------
    >>> metrics_of("drift_watch")["ready_ratio"].kind
    'gauge'
    >>> "rows_total" in metrics_of("my_own_job")
    True
    """
    known = process if process in PROCESSES else None
    return {m.name: m for m in METRICS if known in m.processes or (known is None and set(LOOPS) <= set(m.processes))}


def exported_name(process: str, name: str) -> str:
    """Name as Prometheus sees it.

    Examples
    --------
    >>> exported_name("label_join", "rows_total")
    'anabranch_label_join_rows_total'
    """
    return f"anabranch_{process}_{_BY_NAME[name].name}"


def labelled(key: str) -> tuple[str, dict[str, str]]:
    """Take apart a key of `Outputs.counts`: the metric's short name, then its label values, between colons.

    Raises
    ------
    KeyError
        There is no such metric.
    ValueError
        Too few or too many label values.

    Examples
    --------
    >>> labelled("dead_letters_total:bad_time")
    ('dead_letters_total', {'reason': 'bad_time'})
    """
    name, *values = key.split(":")
    return name, dict(zip(_BY_NAME[name].labels, values, strict=True))
