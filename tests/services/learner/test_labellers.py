"""A labeller that sends too much, or contradicts the trusted, freezes learning; so says the log, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.snapshot import encode_model
from schemas.contracts import Contracts
from schemas.examples import Examples
from services.learner.core import checkpoint_of, step
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state
from tests.services.learner.rig import small_contracts
from tests.services.learner.test_gate import beginning, candidates, learned, log_of

ROWS, SICK = 480, slice(192, 288)
RULES = {
    "share": "freeze: {window: 32, share: 0.8}\n",
    "flood": "freeze: {window: 32, flood: {labels: 40, per: 1m}}\n",
    "trusted": "freeze: {window: 48, trusted: {labellers: [audit], holdout: 64, nearest: 3, contradicted: 0.1}}\n",
}
WHY = {
    "share": "cron gives too many of the labels: 3",
    "flood": "cron floods: ",
    "trusted": "labels contradict trusted ones: ",
}


def sick_log(contracts: Contracts, rule: str) -> Examples:
    """A label a second, by three labellers in turn; from example 192 to 287 one gives all, or all but one lie."""
    log = log_of(contracts, ROWS)
    names = np.array([b"audit", b"cron", b"desk"])
    labeller_B, label_B = names[np.arange(ROWS) % 3], (np.nan_to_num(log.features_BF[:, 1]) > 0).astype(np.float64)
    if rule == "trusted":
        lies_B = (labeller_B != b"audit") & np.isin(np.arange(ROWS), np.arange(ROWS)[SICK])
        label_B[lies_B] = 1 - label_B[lies_B]
    else:
        labeller_B[SICK] = b"cron"
    x_BF = np.zeros_like(log.features_BF)
    x_BF[:, 1] = log.features_BF[:, 1]
    return replace(log, labeller_B=labeller_B, label_B=label_B, features_BF=x_BF, label_time_B=log.request_time_B)


def frozen_at(contracts: Contracts, log: Examples) -> list[int]:
    """At which examples a minibatch was left out."""
    plan, state, found = plan_of(contracts.pipeline), beginning(contracts), list[int]()
    for start in range(0, ROWS, 8):
        before = encode_model(state.learner.answering)[1]
        state, _ = step(plan, state, log[start : start + 8])
        found += [start] if encode_model(state.learner.answering)[1] == before else []
    return found


@pytest.mark.parametrize("rule", RULES)
def test_learning_stands_still_while_the_cause_lasts_and_goes_on_after(rule: str) -> None:
    contracts = small_contracts(gate=RULES[rule])
    log = sick_log(contracts, rule)
    left_out = frozen_at(contracts, log)
    assert left_out == list(range(left_out[0], left_out[-1] + 1, 8))
    assert SICK.start < left_out[0] <= SICK.start + 96
    assert SICK.stop <= left_out[-1] + 8 <= SICK.stop + 96
    why = [reason for v in candidates(learned(contracts, log)[1]) for reason in v.decision.reasons]
    assert why
    assert all(reason.startswith(f"learning is frozen: {WHY[rule]}") for reason in why)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("stop", [200, 250, 300])
def test_it_survives_a_restart_to_the_bit(rule: str, stop: int) -> None:
    contracts = small_contracts(gate=RULES[rule])
    plan, log = plan_of(contracts.pipeline), sick_log(contracts, rule)
    whole, effects = learned(contracts, log, cuts=[3, 77, 400])
    broken, before = learned(contracts, log[:stop])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    state, after = step(plan, state, log[np.flatnonzero(log.offset_B >= checkpoint.offset)])
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


@pytest.mark.parametrize("rule", RULES)
def test_honest_labels_are_learned_as_if_there_were_no_rule(rule: str) -> None:
    plain, careful = small_contracts(), small_contracts(gate=RULES[rule])
    log = sick_log(plain, rule)[: SICK.start]

    def weights(state: State) -> str:
        return encode_model(state.learner.answering)[1]

    assert weights(learned(plain, log)[0]) == weights(learned(careful, log)[0])


def test_defaults_at_timeout_are_nobodys() -> None:
    contracts = small_contracts(gate=RULES["share"])
    log = replace(log_of(contracts, ROWS), observed_B=np.arange(ROWS) % 2 == 0)
    names = np.where(log.observed_B, np.array([b"audit", b"desk"])[np.arange(ROWS) // 2 % 2], b"")
    assert frozen_at(contracts, replace(log, labeller_B=names)) == []
