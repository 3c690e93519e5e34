"""Poor examples are safe: one class alone, columns that say nothing, codes never seen, labels that are no numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from models.snapshot import decode_model
from schemas.contracts import Columns, Contracts
from schemas.examples import Examples, read_log
from schemas.records import Records
from services.learner.core import step
from services.learner.effects import Candidate, Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state, first_state
from tests.services.learner.rig import example_values, small_contracts

make_deterministic()
ROWS = 264
KINDS = ("tabular_resnet", "contest", "river_logistic_regression")
ALL_AT_ONCE = """
gate: {policy: better, alpha: 0.3, concepts: {window: 64, sample: 32}}
freeze: {window: 64, observed: 0.5, trusted: {labellers: [audit], holdout: 32, nearest: 3}}
"""
"""With whatever looks at vectors and labels: the gate and its bank, and what is held against trusted labels."""
TROUBLES = ("one class", "constant features", "nothing but missing", "codes never seen", "one row over and over")


def rows_of(contracts: Contracts, values: list[bytes]) -> Records:
    zeros_B = np.zeros(len(values), np.int64)
    none = [None] * len(values)
    return Records("e", zeros_B.astype(np.int32), np.arange(len(values)), zeros_B, none, values, [()] * len(values))


def log_of(contracts: Contracts) -> Examples:
    log = read_log(contracts, rows_of(contracts, example_values(contracts, ROWS)))[0]
    return replace(log, labeller_B=np.where(np.arange(ROWS) % 4, b"shop", b"audit"))


def troubled(log: Examples, trouble: str) -> Examples:
    x_BF, y_B = log.features_BF.copy(), log.label_B.copy()
    if trouble == "one class":
        y_B[:] = 1
    elif trouble == "constant features":
        x_BF[:] = 3
    elif trouble == "nothing but missing":
        x_BF[:] = np.nan
    elif trouble == "codes never seen":
        x_BF[:, 0] = np.where(np.arange(len(log)) < len(log) // 2, 1, 6)
    else:
        x_BF[:], y_B[:] = x_BF[0], y_B[0]
    return replace(log, features_BF=x_BF, label_B=y_B)


def learned(contracts: Contracts, log: Examples) -> tuple[State, list[Effect]]:
    plan = plan_of(contracts.pipeline)
    state, effects = step(plan, first_state(plan, pipeline_learner(contracts.pipeline)), log)
    return state, [*effects]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_on_and_every_version_answers(kind: str, trouble: str) -> None:
    contracts = small_contracts(kind, gate=ALL_AT_ONCE)
    log, plan = log_of(contracts), plan_of(contracts.pipeline)
    state, effects = learned(contracts, troubled(log, trouble))
    versions = [effect for effect in effects if isinstance(effect, Candidate)]
    assert state.place.examples == ROWS
    assert [v.number for v in versions] == list(range(1, ROWS // 32 + 1))
    assert versions[0].decision.admitted, "it is finite, and there is nobody to beat"
    for version in versions:
        json.loads(version.scores, parse_constant=pytest.fail)  # `NaN` is no JSON
        json.loads(version.decision.as_json(), parse_constant=pytest.fail)
        assert np.isfinite(decode_model(version.blob).predict_many(log.features_BF)).all()
    kept = encode_state(plan, state)
    again = decode_state(plan, pipeline_learner(contracts.pipeline), kept)
    assert encode_state(plan, again) == kept


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(bad=st.sets(st.integers(0, ROWS - 1), min_size=1, max_size=12), value=st.sampled_from([np.nan, np.inf, 7.0]))
def test_labels_that_are_none_are_dead_letters_and_the_rest_is_learned(kind: str, bad: set[int], value: float) -> None:
    contracts = small_contracts(kind, gate=ALL_AT_ONCE)
    values, codec = example_values(contracts, ROWS), contracts.codec("Example")
    part, _ = codec.decode(values)
    columns: Columns = part.columns
    label_B = columns["label"].copy()
    label_B[sorted(bad)] = value
    found, faults = read_log(contracts, rows_of(contracts, codec.encode({**columns, "label": label_B})))
    assert [(fault.row, fault.reason) for fault in faults] == [(row, "bad_label") for row in sorted(bad)]
    whole, _ = read_log(contracts, rows_of(contracts, values))
    good = np.setdiff1d(np.arange(ROWS), sorted(bad))
    plan = plan_of(contracts.pipeline)
    assert encode_state(plan, learned(contracts, found)[0]) == encode_state(plan, learned(contracts, whole[good])[0])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_learn_changes_nothing(kind: str) -> None:
    contracts = small_contracts(kind, gate=ALL_AT_ONCE)
    log, plan = log_of(contracts), plan_of(contracts.pipeline)
    state, _ = learned(contracts, log)
    before = encode_state(plan, state)
    after, effects = step(plan, state, log[:0])
    assert (encode_state(plan, after), effects) == (before, ())
