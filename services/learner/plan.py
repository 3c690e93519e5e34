"""What a pipeline file says about learning."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final

from models.assembly import pipeline_learner
from models.concepts.settings import BankSettings
from models.freeze import Limits
from models.gate_loss import BoundedLoss
from models.protocol import ServableLearner
from models.trusted_holdout import TrustedRules
from schemas.error_detectors import Alarm
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.pipeline_gate import BetterGate, Freeze, Gate
from schemas.pipeline_reaction import ReactionRule

IDLE_KEYS: Final = frozenset({"checkpoint", "keep_versions", "keep_artefacts", "baselines"})
"""Keys of `learner` that may change without changing the weights."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts are of examples in the log.

    `fingerprint` stands for all that a state depends on: a checkpoint of another one does not fit. `bank` is there if
    the gate compares candidates with a champion, `limits` if learning may freeze, `trusted` if some labellers are.
    `alarms` are detectors on the learner's errors. `resets_head`: with another regime the network's head begins again.
    """

    batch: int
    cadence: int
    checkpoint: int
    score_window: int
    gate: Gate
    bank: BankSettings | None
    limits: Limits | None
    trusted: TrustedRules | None
    layout: Layout
    fingerprint: str
    loss: BoundedLoss
    rules: tuple[ReactionRule, ...]
    alarms: tuple[Alarm, ...]
    resets_head: bool
    new_learner: Callable[[], ServableLearner] = field(compare=False)


def plan_of(pipeline: Pipeline) -> Plan:
    """Read the plan from a pipeline file."""
    learner, layout = pipeline.learner, layout_of(pipeline)
    rules = learner.model_dump_json(exclude=set(IDLE_KEYS))
    sections = (pipeline.model, pipeline.gate, *([pipeline.freeze] if pipeline.freeze else []))
    parts = (rules, *(section.model_dump_json() for section in sections), repr(layout))
    fingerprint = sha256("\n".join(parts).encode()).hexdigest()
    return Plan(
        learner.batch,
        learner.cadence,
        learner.checkpoint,
        learner.score_window,
        pipeline.gate,
        bank_of(pipeline, layout),
        limits_of(pipeline.freeze),
        trusted_of(pipeline, layout),
        layout,
        fingerprint,
        loss_of(pipeline),
        learner.reactions,
        alarms_of(pipeline),
        pipeline.model.optimiser.reaction.reset_head,
        partial(pipeline_learner, pipeline),
    )


def loss_of(pipeline: Pipeline) -> BoundedLoss:
    """What is lost on an example, 0 to 1."""
    low, high = pipeline.target.range or (0.0, 1.0)
    return BoundedLoss(pipeline.target.type, high - low)


def alarms_of(pipeline: Pipeline) -> tuple[Alarm, ...]:
    """Detectors whose alarms are told of, or heeded by a reaction, each once."""
    heeded = [rule.alarm for rule in pipeline.learner.reactions if rule.alarm is not None]
    return tuple(sorted({*pipeline.drift.errors, *heeded}))


def bank_of(pipeline: Pipeline, layout: Layout) -> BankSettings | None:
    """What the gate needs to compare: a bounded loss, and the columns by which regimes are told apart."""
    gate = pipeline.gate
    if not isinstance(gate, BetterGate):
        return None
    columns = tuple(place for place, name in enumerate(layout.names) if name not in pipeline.model.ignore)
    return BankSettings(
        rules=gate.concepts,
        loss=loss_of(pipeline),
        buckets=tuple(layout.buckets[column] for column in columns),
        ranges=tuple(layout.ranges[column] for column in columns),
        columns=columns,
        width=layout.width,
        seed=pipeline.learner.seed,
    )


def limits_of(freeze: Freeze | None) -> Limits | None:
    """What the feed of labels and the steps must keep to."""
    if freeze is None:
        return None
    trusted, flood = freeze.trusted, freeze.flood
    return Limits(
        freeze.window,
        observed=freeze.observed,
        producer=1.0 if freeze.share is None else freeze.share,
        flood=math.inf if flood is None else flood.labels,
        per_ms=3_600_000 if flood is None else flood.per,
        contradicted=1.0 if trusted is None else trusted.contradicted,
        moved=math.inf if freeze.moved is None else freeze.moved,
    )


def trusted_of(pipeline: Pipeline, layout: Layout) -> TrustedRules | None:
    """Whose labels the others are held against, and by which columns."""
    trusted = pipeline.freeze.trusted if pipeline.freeze else None
    if trusted is None:
        return None
    columns = tuple(place for place, name in enumerate(layout.names) if name not in pipeline.model.ignore)
    return TrustedRules(
        labellers=frozenset(name.encode() for name in trusted.labellers),
        size=trusted.holdout,
        nearest=trusted.nearest,
        columns=columns,
        is_category=tuple(layout.buckets[column] > 0 for column in columns),
        width=layout.width,
        target=layout.target,
    )
