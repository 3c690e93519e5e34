"""A pipeline, as its YAML file says it. Everything else (topics, schemas, keys, widths) follows from it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.durations import Duration
from schemas.pipeline_drift import Drift
from schemas.pipeline_gate import FiniteGate, Freeze, Gate
from schemas.pipeline_learning import Learner, Model
from schemas.section import Section, later

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Aggregate = Literal["count", "sum", "mean", "min", "max", "decayed_mean", "decayed_count", "last", "age"]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if not bounds[0] < bounds[1]:
        raise ValueError("the lower bound must be below the upper one")
    return bounds


Range = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False)], Annotated[float, Field(allow_inf_nan=False)]],
    AfterValidator(_ordered),
]


class NumberField(Section):
    """A number on the wire as a float; a value outside `range` makes the event unusable."""

    type: Literal["number"]
    range: Range
    missing: Literal["allow", "reject"] = "allow"


class CategoryField(Section):
    """Text on the wire; hashed into `buckets` codes for the model."""

    type: Literal["category"]
    buckets: Annotated[int, Field(ge=2, le=1 << 20)] = 1024
    missing: Literal["allow", "reject"] = "allow"


FieldSpec = Annotated[NumberField | CategoryField, Field(discriminator="type")]


class Request(Section):
    """What an application knows when it asks. `entity` names the field that keys the requests topic."""

    entity: Identifier
    fields: dict[Identifier, FieldSpec] = Field(min_length=1)


class Event(Section):
    """One kind of feature event."""

    fields: dict[Identifier, FieldSpec] = Field(min_length=1)


class WindowGroup(Section):
    """Aggregates of one value of one event, for one key, over several spans.

    `key` maps request fields to event fields; a list stands for equal names. `decayed_*` take each span as
    their half-life; `last` and `age` look no further back than the span.
    """

    event: Identifier
    key: dict[Identifier, Identifier] | list[Identifier] = Field(min_length=1)
    value: Identifier
    aggregates: list[Aggregate] = Field(min_length=1)
    over: list[Duration] = Field(min_length=1)

    @property
    def key_pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of (request field, event field), in the order written."""
        return tuple(self.key.items()) if isinstance(self.key, dict) else tuple((k, k) for k in self.key)


class Windows(Section):
    """Online windows over the feature events, in event time.

    A window is read as of the last pane closed at or before the request's time. `snapshots` panes are kept per
    entity, so a request may be that far behind the newest event; `wait` is how long it may wait for the watermark.
    An event more than `max_jump` ahead of its partition is refused, lest a wrong clock close the panes of all others.
    """

    pane: Duration = 900_000
    lateness: Duration = 0
    snapshots: Annotated[int, Field(ge=1, le=4096)] = 4
    wait: Duration = 200
    idle_after: Duration = 5_000
    max_jump: Duration = 7 * 86_400_000
    groups: tuple[WindowGroup, ...] = ()


class Target(Section):
    """What is predicted. `classes` for multiclass, `range` for regression; binary needs neither."""

    type: Literal["binary", "multiclass", "regression"]
    classes: Annotated[int, Field(ge=2, le=10_000)] | None = None
    range: Range | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.type == "multiclass") != (self.classes is not None):
            raise ValueError("`classes` belongs to a multiclass target, and only to it")
        if (self.type == "regression") != (self.range is not None):
            raise ValueError("`range` belongs to a regression target, and only to it")
        return self

    @property
    def outputs(self) -> int:
        """How many numbers an answer holds."""
        return self.classes or 1


class Join(Section):
    """When a label belongs to an answer: less than `wait` after or `early` before the request, in event time.

    `settle` is how long further labels may still arrive before a policy other than `earliest` decides;
    `remember` is how long past `wait` a finished id is known, so that a late label is told from an orphan.
    """

    wait: Duration
    early: Duration = 0
    settle: Duration = 0
    remember: Duration = 86_400_000
    on_timeout: Literal["drop", "default"] = "drop"
    default: float | None = None
    conflict: Literal["earliest", "latest", "majority"] = "earliest"

    @model_validator(mode="after")
    def _default_given(self) -> Self:
        if (self.on_timeout == "default") != (self.default is not None):
            raise ValueError("`default` is the label given on timeout: set both `on_timeout: default` and `default`")
        return self


class Serving(Section):
    """How requests are batched and answered."""

    delivery: Literal["exactly_once", "at_least_once"] = "exactly_once"
    max_batch: Annotated[int, Field(ge=1, le=65_536)] = 4096
    linger: Duration = 5
    prior: list[Annotated[float, Field(allow_inf_nan=False)]] | None = None
    model_poll: Duration = 100


class Topics(Section):
    """Size of the pipeline's topics."""

    partitions: Annotated[int, Field(ge=1, le=4096)] = 1
    retention: Duration = 7 * 86_400_000
    replication: Annotated[int, Field(ge=1, le=9)] = 1


class Replay(Section):
    """Where `anabranch demo` takes this pipeline's events: ``module:function``, a `schemas.source.Source`."""

    source: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    max_model_lag: Duration = 12 * 3_600_000


class Objectives(Section):
    """Service-level objectives: `anabranch watch` holds the traffic against them.

    `latency_p99` is from a request's Kafka timestamp to its answer's; `coverage` the share of answers that get a label.
    """

    latency_p99: Duration = 250
    coverage: Annotated[float, Field(gt=0, le=1)] = 0.9


class Pipeline(Section):
    """One pipeline file."""

    pipeline: Name
    description: str = ""
    topics: Topics = Topics()
    request: Request
    events: dict[Identifier, Event] = Field(default_factory=dict)
    windows: Windows = Windows()
    target: Target
    join: Join
    model: Model = Model()
    learner: Learner = Learner()
    gate: Gate = FiniteGate()
    freeze: Freeze | None = later(None)
    drift: Drift = Drift()
    serving: Serving = Serving()
    objectives: Objectives = Objectives()
    replay: Replay | None = None

    @model_validator(mode="after")
    def _references(self) -> Self:
        from schemas.pipeline_rules import check_references

        check_references(self)
        return self
