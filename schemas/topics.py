"""Every topic: its key, its record, how long it keeps, who writes and who reads. The one home of these facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from schemas.pipeline import Pipeline

Role = Literal[
    "requests",
    "features",
    "predictions",
    "labels",
    "examples",
    "sketches",
    "drift",
    "versions",
    "rollouts",
    "dead-letters",
    "panes",
    "clock-changelog",
    "windows-changelog",
    "join-changelog",
]
FOREVER = -1
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
MAX_MESSAGE_BYTES = 16 << 20
MAX_DEAD_LETTER_BYTES = MAX_MESSAGE_BYTES + (1 << 20)
"""A dead letter holds a whole message and its cause; it must fit wherever the message did."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What is true of one topic in every pipeline.

    `records` names Avro records: ``Request`` and the pipeline's events are generated, the rest stand in ``avro/``.
    `partitions` is ``"pipeline"`` (as the file says) or a number. `internal` topics are nobody else's business.
    """

    role: Role
    key: str
    records: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    purpose: str
    partitions: Literal["pipeline"] | int = "pipeline"
    compacted: bool = False
    forever: bool = False
    internal: bool = False


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec("requests", "entity", ("Request",), ("applications",), ("predictor",), "What to predict."),
    TopicSpec("features", "any", ("<events>", "Progress"), ("applications",), ("feature_windows",), "What happened."),
    TopicSpec(
        "predictions", "request id", ("Prediction",), ("predictor",), ("label_join", "applications"), "The answers."
    ),
    TopicSpec("labels", "request id", ("Label", "Progress"), ("applications",), ("label_join",), "What came true."),
    TopicSpec(
        "examples",
        "request id",
        ("Example", "Command"),
        ("label_join", "drift_watch", "engineers"),
        ("learner", "baselines"),
        "Answers with their labels, and commands: the one log that makes the weights.",
        partitions=1,
        forever=True,
    ),
    TopicSpec(
        "sketches",
        "source",
        ("Sketch",),
        ("predictor", "label_join"),
        ("drift_watch",),
        "Histograms of the traffic.",
        partitions=1,  # a window closes by the watermarks of all source partitions, so they must meet in one place
    ),
    TopicSpec(
        "drift", "drift id", ("Drift",), ("drift_watch", "learner"), ("dashboards",), "What has changed.", partitions=1
    ),
    TopicSpec(
        "versions",
        "version",
        ("Version",),
        ("learner",),
        ("predictor", "dashboards"),
        "Every version and the gate's decision on it; the newest `learner.keep_artefacts` with their artefact.",
        partitions=1,
        compacted=True,
    ),
    TopicSpec("rollouts", "pipeline", (), (), (), "Which version answers whom.", partitions=1, compacted=True),
    TopicSpec(
        "dead-letters",
        "source position",
        ("DeadLetter", "Replayed"),
        ("feature_windows", "label_join", "predictor", "learner", "drift_watch", "engineers"),
        ("engineers",),
        "Events that could not be used, whole, with the cause; and which of them were written again.",
        forever=True,
    ),
    TopicSpec(
        "panes",
        "none",
        ("Pane",),
        ("feature_windows",),
        ("feature_windows",),
        "Partial aggregates on their way to the owner of their entity.",
        internal=True,
    ),
    TopicSpec(
        "clock-changelog",
        "partition",
        (),
        ("feature_windows",),
        ("feature_windows",),
        "How far each partition of the features has come.",
        compacted=True,
        internal=True,
    ),
    TopicSpec(
        "windows-changelog",
        "state key",
        (),
        ("feature_windows",),
        ("feature_windows",),
        "State of the windows.",
        compacted=True,
        internal=True,
    ),
    TopicSpec(
        "join-changelog",
        "state key",
        ("Prediction", "HeldLabel", "FinishedRequests", "JoinPosition"),
        ("label_join",),
        ("label_join",),
        "State of the join.",
        compacted=True,
        internal=True,
    ),
)
# Compaction works on closed segments only, and lets be what a key has above its newest value until it is told to look:
# with the broker's own 1 GiB, a week and one half, a topic of a few models would never shrink. So: segments close when
# they are 64 MiB or an hour old, a third of waste is too much, and none stays longer than six hours.
COMPACTION: Final = {
    "segment.bytes": str(64 << 20),
    "segment.ms": str(3_600_000),
    "min.cleanable.dirty.ratio": "0.3",
    "max.compaction.lag.ms": str(6 * 3_600_000),
    "delete.retention.ms": str(3_600_000),  # tombstones: longer than a restore that reads on its way to the end takes
}
_BY_ROLE = {spec.role: spec for spec in TOPICS}


def topic_name(pipeline: str, role: Role) -> str:
    """Full name of a topic.

    Examples
    --------
    >>> topic_name("flights", "dead-letters")
    'flights.dead-letters.v1'
    """
    return f"{pipeline}.{_BY_ROLE[role].role}.v1"


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic as it must stand on the broker."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


def topic_plans(pipeline: Pipeline) -> tuple[TopicPlan, ...]:
    """All topics of a pipeline as they must stand on the broker."""
    return tuple(_plan(pipeline, spec) for spec in TOPICS)


def _plan(pipeline: Pipeline, spec: TopicSpec) -> TopicPlan:
    partitions = pipeline.topics.partitions if spec.partitions == "pipeline" else spec.partitions
    retention = FOREVER if spec.forever or spec.compacted else pipeline.topics.retention
    config = {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": str(retention),
        "max.message.bytes": str(MAX_DEAD_LETTER_BYTES if spec.role == "dead-letters" else MAX_MESSAGE_BYTES),
        **(COMPACTION if spec.compacted else {} if spec.forever else _retained_in_pieces(retention)),
    }
    return TopicPlan(topic_name(pipeline.pipeline, spec.role), partitions, pipeline.topics.replication, config)


def _retained_in_pieces(retention: int) -> dict[str, str]:
    """Retention removes closed segments only, and the broker's own are a week long: a few minutes would be a week."""
    return {"segment.ms": str(max(MINUTE_MS, min(retention // 4, HOUR_MS)))}
