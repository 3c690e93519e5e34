"""The learner is told of a drift in its own log, where a reaction asks for it; told again, it reacts once."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.assembly import pipeline_learner
from schemas.commands import Command, DriftNotice
from schemas.contracts import Contracts, contracts_of
from schemas.examples import read_whole_log
from schemas.records import Outgoing, Records
from services.learner.core import step
from services.learner.effects import Reacted
from services.learner.plan import plan_of
from services.learner.state import first_state
from tests.models.drift.pipelines import small_pipeline
from tests.services.learner.rig import example_values
from tests.stream_jobs.drift_watch.test_core import watch
from tests.stream_jobs.drift_watch.traffic import DRIFT, drifts, sketches, small_contracts

EXAMPLES = "small.examples.v1"
RULE: dict[str, Any] = {"drift": {"kinds": ["covariate"]}, "do": {"warm_restart": True}, "cool_down": 0}


def reacting() -> Contracts:
    learner = {"batch": 8, "reactions": [RULE]}
    return contracts_of(small_pipeline(topics={"partitions": 2}, learner=learner, model={"kind": "mlp", "hidden": 4}))


def log_with(contracts: Contracts, sent: list[Outgoing]) -> tuple[Command, ...]:
    values: list[bytes | None] = [value for out in sent if out.topic == EXAMPLES for value in out.values]
    zeros_B, offset_B = np.zeros(len(values), np.int64), np.arange(len(values))
    nothing = [None] * len(values)
    records = Records(EXAMPLES, zeros_B.astype(np.int32), offset_B, zeros_B, nothing, values, [()] * len(values))
    _, commands, faults = read_whole_log(contracts, records)
    assert not faults
    return commands


def test_each_report_is_told_with_what_it_says() -> None:
    contracts = reacting()
    sent, _ = watch(contracts, sketches(contracts, range(8), moved=5), {})
    assert [(out.topic, out.keys, out.partition) for out in sent] == [
        (DRIFT, [b"predictions:500"], 0),
        (EXAMPLES, [b"predictions:500"], 0),
    ]
    (report,), (command,) = drifts(contracts, sent[0].values), log_with(contracts, sent)
    assert isinstance(command.argument, DriftNotice)
    for name, told in command.argument.model_dump().items():
        assert told == report[name].decode(), name
    assert command.reason == "covariate drift opened: size"


def test_nobody_is_told_where_nobody_asks() -> None:
    contracts = small_contracts()
    sent, _ = watch(contracts, sketches(contracts, range(8), moved=5), {})
    assert {out.topic for out in sent} == {DRIFT}


def test_a_watch_that_says_all_of_it_twice_makes_the_learner_react_once() -> None:
    contracts = reacting()
    values = sketches(contracts, range(8), moved=5)
    once, _ = watch(contracts, values, {})
    twice, _ = watch(contracts, values, {})  # as after a kill before its table and place were kept
    assert log_with(contracts, once) == log_with(contracts, twice)
    commands = log_with(contracts, [*once, *twice])
    assert len(commands) == 2
    examples = example_values(contracts, 64)
    zeros_B, offset_B = np.zeros(64, np.int64), 10 + np.arange(64)
    records = Records(EXAMPLES, zeros_B.astype(np.int32), offset_B, zeros_B, [None] * 64, examples, [()] * 64)
    log, _, _ = read_whole_log(contracts, records)
    plan = plan_of(contracts.pipeline)
    _, effects = step(plan, first_state(plan, pipeline_learner(contracts.pipeline)), log, commands)
    told = [effect for effect in effects if isinstance(effect, Reacted)]
    assert [(effect.action, effect.why) for effect in told] == [("warm_restart", "drift predictions:500")]
