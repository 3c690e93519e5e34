"""The weights are a function of a prefix of the log, however it is cut and wherever learning is broken off."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from models.protocol import ServableLearner
from models.snapshot import encode_model
from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.examples import Examples, read_log
from schemas.records import Records
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate, Checkpoint, Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state, first_state
from tests.services.learner.rig import example_values, small_contracts

make_deterministic()
KINDS = ("tabular_resnet", "contest", "river_logistic_regression")
ROWS = 150


def new_learner(contracts: Contracts) -> ServableLearner:
    return pipeline_learner(contracts.pipeline)


def log_of(contracts: Contracts, rows: int = ROWS) -> Examples:
    values = example_values(contracts, rows)
    zeros_B = np.zeros(rows, np.int64)
    records = Records("e", zeros_B.astype(np.int32), 2 * np.arange(rows), zeros_B, [None] * rows, values, [()] * rows)
    examples, faults = read_log(contracts, records)
    assert not faults
    return examples


def learned(contracts: Contracts, log: Examples, cuts: list[int]) -> tuple[State, list[Effect]]:
    plan, effects = plan_of(contracts.pipeline), list[Effect]()
    state = first_state(plan, new_learner(contracts))
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        state, due = step(plan, state, log[start:end])
        effects += due
    return state, effects


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=8).map(sorted))
def test_cutting_the_log_otherwise_changes_nothing(kind: str, cuts: list[int]) -> None:
    contracts = small_contracts(kind)
    log, plan = log_of(contracts), plan_of(contracts.pipeline)
    whole, effects = learned(contracts, log, [])
    other, same_effects = learned(contracts, log, cuts)
    assert effects == same_effects
    assert encode_state(plan, whole) == encode_state(plan, other)
    assert len(whole.waiting) == len(other.waiting) == ROWS % plan.batch


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(stop=st.integers(0, ROWS), again=st.integers(0, ROWS))
def test_going_on_from_a_checkpoint_is_as_never_having_stopped(kind: str, stop: int, again: int) -> None:
    contracts = small_contracts(kind)
    log, plan = log_of(contracts), plan_of(contracts.pipeline)
    whole, effects = learned(contracts, log, [])
    broken, before = learned(contracts, log[:stop], [])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, new_learner(contracts), checkpoint.payload)
    rest = log[np.flatnonzero(log.offset_B >= checkpoint.offset)]
    between = min(again, len(rest))
    state, first = step(plan, state, rest[:between])
    state, second = step(plan, state, rest[between:])
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *first, *second] == effects


@pytest.mark.parametrize("kind", KINDS)
def test_it_equals_the_same_learner_run_by_hand(kind: str) -> None:
    contracts = small_contracts(kind)
    log, rules = log_of(contracts), contracts.pipeline.learner
    _, effects = learned(contracts, log, [])
    versions = [effect for effect in effects if isinstance(effect, Candidate)]
    bare, digests = new_learner(contracts), []
    for start in range(0, len(log) - rules.batch + 1, rules.batch):
        bare.learn_many(log.features_BF[start : start + rules.batch], log.label_B[start : start + rules.batch])
        if (start + rules.batch) % rules.cadence == 0:
            digests.append(encode_model(bare.served(), contracts.layout.names)[1])
    assert [version.digest for version in versions] == digests
    assert len(digests) == ROWS // rules.cadence


def test_versions_say_where_they_came_from() -> None:
    contracts = small_contracts()
    log = log_of(contracts)
    _, effects = learned(contracts, log, [])
    versions = [effect for effect in effects if isinstance(effect, Candidate)]
    assert [(v.number, v.parent, v.examples) for v in versions] == [(i, i - 1, 32 * i) for i in range(1, 5)]
    assert [(v.first_offset, v.last_offset) for v in versions] == [(64 * i, 64 * i + 62) for i in range(4)]
    assert versions[-1].trained_through == log.label_time_B[:128].max()
    assert [effect.offset for effect in effects if isinstance(effect, Checkpoint)] == [
        2 * 48 - 1,
        2 * 96 - 1,
        2 * 144 - 1,
    ]


def test_scores_are_of_answers_given_before_learning() -> None:
    contracts = small_contracts()
    log = log_of(contracts)
    _, effects = learned(contracts, log, [])
    last = [effect for effect in effects if isinstance(effect, Candidate)][-1]
    scores = json.loads(last.scores)
    assert scores["served"]["windows"] == scores["learner"]["windows"] == 128 // 40
    assert scores["learner"]["mean"]["roc_auc"] > 0.55 > abs(scores["served"]["mean"]["roc_auc"] - 0.5)
    assert 20 < scores["label_delay_seconds"]["p50"] < 80
    assert scores["label_coverage"] == 1.0


def test_a_learner_that_has_gone_to_nan_is_refused_and_its_number_is_used() -> None:
    contracts = small_contracts()
    plan, log = plan_of(contracts.pipeline), log_of(contracts)
    state, _ = step(plan, first_state(plan, new_learner(contracts)), log[:40])
    whole = state.learner.snapshot()
    broken = {name: np.full_like(t, np.nan) if "head.bias" in name else t for name, t in whole.tensors.items()}
    state.learner.restore(type(whole)(broken, whole.manifest))
    _, effects = step(plan, state, log[40:])
    versions = [effect for effect in effects if isinstance(effect, Candidate)]
    assert [(v.number, v.parent, v.decision.admitted) for v in versions] == [(n, 1, False) for n in (2, 3, 4)]
    assert "head.bias: 1 of 1 weights are not finite" in versions[0].decision.reasons
    assert {v.first_offset for v in versions} == {64}


def test_another_pipeline_file_does_not_take_the_checkpoint() -> None:
    contracts, other = small_contracts(), small_contracts("river_logistic_regression")
    plan = plan_of(contracts.pipeline)
    payload = checkpoint_of(plan, first_state(plan, new_learner(contracts))).payload
    with pytest.raises(ConfigurationError, match="pipeline file"):
        decode_state(plan_of(other.pipeline), new_learner(other), payload)
