"""The gate is part of the fold: what it decides depends on the log alone, is kept, and comes out again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from models.snapshot import decode_model
from schemas.contracts import Contracts
from schemas.examples import Examples, read_log
from schemas.records import Records
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate, Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state, first_state
from tests.services.learner.rig import BETTER, example_values, small_contracts

make_deterministic()
KINDS = ("tabular_resnet", "river_logistic_regression")
ROWS = 520
FOLLOWING = BETTER.replace("alpha: 0.3", "alpha: 0.3, follow: 256")


def log_of(contracts: Contracts, rows: int = ROWS) -> Examples:
    values = example_values(contracts, rows)
    zeros_B = np.zeros(rows, np.int64)
    records = Records("e", zeros_B.astype(np.int32), 2 * np.arange(rows), zeros_B, [None] * rows, values, [()] * rows)
    return read_log(contracts, records)[0]


def beginning(contracts: Contracts) -> State:
    return first_state(plan_of(contracts.pipeline), pipeline_learner(contracts.pipeline))


def learned(contracts: Contracts, log: Examples, cuts: Sequence[int] = ()) -> tuple[State, list[Effect]]:
    plan, state, effects = plan_of(contracts.pipeline), beginning(contracts), list[Effect]()
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        state, due = step(plan, state, log[start:end])
        effects += due
    return state, effects


def candidates(effects: list[Effect]) -> list[Candidate]:
    return [effect for effect in effects if isinstance(effect, Candidate)]


@pytest.mark.parametrize(("kind", "gate"), [(KINDS[0], BETTER), (KINDS[1], BETTER), (KINDS[0], FOLLOWING)])
@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=6).map(sorted), stop=st.integers(0, ROWS))
def test_neither_cuts_nor_restarts_change_what_it_decides(kind: str, gate: str, cuts: list[int], stop: int) -> None:
    contracts = small_contracts(kind, gate=gate)
    log, plan = log_of(contracts), plan_of(contracts.pipeline)
    whole, effects = learned(contracts, log)
    other, same_effects = learned(contracts, log, cuts)
    assert same_effects == effects
    assert encode_state(plan, other) == encode_state(plan, whole)

    broken, before = learned(contracts, log[:stop])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    state, after = step(plan, state, log[np.flatnonzero(log.offset_B >= checkpoint.offset)])
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


def test_versions_follow_one_that_was_proved() -> None:
    """Without another proof, which a network that learned eight minibatches more could not give."""
    proved = [c for c in candidates(learned(*following(BETTER))[1]) if c.decision.admitted]
    versions = [c for c in candidates(learned(*following(FOLLOWING))[1]) if c.decision.admitted]
    followers = [c for c in versions[1:] if c.decision.scores["log_e"] < c.decision.scores["log_e_needed"]]
    assert len(versions) > len(proved)
    assert followers
    assert all(c.decision.scores["follows"] > 0 and c.decision.scores["gain"] > 0 for c in followers)
    assert followers[0].number > versions[1].number, "the first one against a champion is proved"


def following(gate: str) -> tuple[Contracts, Examples]:
    contracts = small_contracts(gate=gate)
    return contracts, log_of(contracts)


def test_refused_candidates_use_numbers_and_offsets_go_on() -> None:
    contracts = small_contracts(gate=BETTER)
    state, effects = learned(contracts, log_of(contracts))
    versions = candidates(effects)
    assert [v.number for v in versions] == list(range(1, ROWS // 32 + 1))
    assert {v.decision.admitted for v in versions} == {True, False}
    parent, first = 0, 0
    for version in versions:
        assert (version.parent, version.first_offset) == (parent, first)
        if version.decision.admitted:
            parent, first = version.number, version.last_offset + 2
    assert state.place.parent == parent
    assert state.place.next_offset == 2 * ROWS - 1


def test_the_evidence_is_the_champions_loss_less_the_learners_before_learning() -> None:
    contracts = small_contracts(gate=BETTER)
    log = log_of(contracts)
    versions = candidates(learned(contracts, log)[1])
    admitted = [v for v in versions if v.decision.admitted][:2]
    champion, successor = admitted
    bare = beginning(contracts).learner
    d_B: list[float] = []
    for start in range(0, successor.examples, 8):
        batch = log[start : start + 8]
        if start >= champion.examples:
            theirs_B = decode_model(champion.blob).predict_many(batch.features_BF)[:, 0] - batch.label_B
            own_B = bare.predict_many(batch.features_BF)[:, 0] - batch.label_B
            d_B += (np.square(theirs_B) - np.square(own_B)).tolist()
        bare.learn_many(batch.features_BF, batch.label_B)
    scores = json.loads(successor.decision.as_json())["scores"]
    assert scores["duel_examples"] == len(d_B)
    assert scores["gain"] == pytest.approx(np.mean(d_B), abs=1e-6)


def test_where_there_is_nothing_to_learn_the_first_champion_stays() -> None:
    contracts = small_contracts("river_logistic_regression", gate="gate: {policy: better, alpha: 0.01}\n")
    log = log_of(contracts)
    coins_B = np.random.default_rng(0).integers(0, 2, len(log)).astype(np.float64)
    _, effects = learned(contracts, replace(log, label_B=coins_B))
    assert [v.number for v in candidates(effects) if v.decision.admitted] == [1]


def test_what_finite_decides_and_keeps_is_as_it_was_before_there_was_another_policy() -> None:
    plan = plan_of(small_contracts().pipeline)
    assert plan.gate.model_dump_json() == '{"policy":"finite"}'
    state, _ = learned(small_contracts(), log_of(small_contracts(), 40))
    assert state.court is None
    assert b"court" not in encode_state(plan, state)
