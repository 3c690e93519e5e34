"""Reactions are part of the fold: what they do depends on the log alone, and is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.snapshot import encode_model
from schemas.commands import Command
from services.learner.core import checkpoint_of
from services.learner.effects import Reacted
from services.learner.plan import plan_of
from services.learner.state import decode_state, encode_state
from tests.services.learner.reacting import COMMANDS, ROWS, asked, lived, lived_on, notice, reacting, reactions
from tests.services.learner.rig import BETTER
from tests.services.learner.test_gate import beginning, candidates, log_of


@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=5).map(sorted), stop=st.integers(0, ROWS))
def test_neither_cuts_nor_restarts_change_what_is_done(cuts: list[int], stop: int) -> None:
    contracts = reacting()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    whole, effects = lived(contracts, log, COMMANDS)
    other, same_effects = lived(contracts, log, COMMANDS, cuts)
    assert same_effects == effects
    assert encode_state(plan, other) == encode_state(plan, whole)

    first = int(log.offset_B[stop]) if stop < len(log) else 2 * ROWS
    broken, before = lived(contracts, log[:stop], [c for c in COMMANDS if c.offset < first])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    rest = log[np.flatnonzero(log.offset_B >= checkpoint.offset)]
    state, after = lived_on(contracts, state, rest, [c for c in COMMANDS if c.offset >= checkpoint.offset], [], log)
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


def test_each_is_done_where_the_log_says() -> None:
    contracts = reacting()
    _, effects = lived(contracts, log_of(contracts, ROWS), COMMANDS)
    done = reactions(effects)
    assert [at for at, action in done if action == "reset_head"] == [96]
    assert [at for at, action in done if action == "raise_rate"] == [96]
    # By the count after 152 and 304, and by hand; while one is on trial no rule begins another.
    assert [at for at, action in done if action == "retrain"] == [152, 256]
    assert len([at for at, action in done if action == "warm_restart"]) >= 3
    assert {effect.trouble for effect in effects if isinstance(effect, Reacted) and effect.examples in (208, 304)} == {
        "another challenger is still on trial"
    }


def test_told_again_it_is_done_once() -> None:
    contracts = reacting()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    again = [*COMMANDS, notice(120, "concept", "concept:90"), asked(300, retrain={}), asked(301, reset_head=True)]
    once, effects = lived(contracts, log, COMMANDS)
    twice, same_effects = lived(contracts, log, sorted(again, key=lambda command: command.offset))
    assert same_effects == effects
    assert encode_state(plan, twice) == encode_state(plan, once)


@pytest.mark.parametrize(
    ("gate", "do", "why"),
    [
        ("", {"retrain": {"how": "incremental"}}, "there is no champion yet"),
        (BETTER, {"recall": {}}, "there is no such banked version yet"),
        ("", {"retrain": {"between": [5000, 6000]}}, "the range holds no minibatch of 8"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_changes(gate: str, do: dict[str, Any], why: str) -> None:
    contracts = reacting("keep_versions: 4", gate=gate)
    log = log_of(contracts, 96)
    state, effects = lived(contracts, log, [asked(40, **do)])
    (trouble,) = [effect.trouble for effect in effects if isinstance(effect, Reacted)]
    assert why in trouble
    plain, same = lived(contracts, log)
    assert candidates(effects) == candidates(same)
    assert encode_model(state.learner.served()) == encode_model(plain.learner.served())


@pytest.mark.parametrize(("do", "left"), [({"reset_head": True}, 0), ({"warm_restart": True}, 100_000)])
def test_what_a_head_that_began_again_becomes_follows_no_proof(do: dict[str, Any], left: int) -> None:
    gate = BETTER.replace("alpha: 0.3", "alpha: 0.3, follow: 100_000")
    contracts = reacting("keep_versions: 4", gate=gate)
    log = log_of(contracts, ROWS)
    court = lived(contracts, log)[0].court
    assert court is not None
    assert court.record is not None
    assert court.record.follows > 0, "something was proved"
    court = lived(contracts, log, [asked(ROWS - 1, **do)])[0].court
    assert court is not None
    assert court.record is not None
    assert (court.record.follows > 0) == (left > 0)


def test_nothing_is_done_by_rule_while_learning_is_frozen() -> None:
    contracts = reacting()
    log = log_of(contracts, ROWS)
    _, effects = lived(contracts, log, [Command(1, "freeze", "mending"), *COMMANDS[:2], asked(250, reset_head=True)])
    assert reactions(effects) == [(256, "reset_head")], "what people ask for is done"
