"""While the feed is sick nothing is learned; where it froze and thawed is decided by the log alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.snapshot import encode_model
from schemas.commands import Command
from schemas.contracts import Contracts
from schemas.examples import Examples
from services.learner.core import checkpoint_of, step
from services.learner.effects import Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state
from tests.services.learner.rig import small_contracts
from tests.services.learner.test_gate import beginning, candidates, learned, log_of

STARVING = "freeze: {window: 32, observed: 0.5}\n"
ROWS, SICK = 320, slice(96, 192)
BY_HAND = (Command(2 * 100 - 1, "freeze", "mending"), Command(2 * 160 - 1, "thaw", "mended"))
"""Offsets of the log's examples are even."""


def without_labels(log: Examples) -> Examples:
    """A stretch in which only defaults come."""
    observed_B = log.observed_B.copy()
    observed_B[SICK] = False
    return replace(log, observed_B=observed_B)


def weights(state: State) -> str:
    return encode_model(state.learner.answering)[1]


def guarded(gate: str = STARVING) -> tuple[Contracts, Examples]:
    contracts = small_contracts(gate=gate)
    return contracts, without_labels(log_of(contracts, ROWS))


def test_it_freezes_after_a_window_of_defaults_and_thaws_after_a_window_of_labels() -> None:
    contracts, log = guarded()
    plan, state = plan_of(contracts.pipeline), beginning(contracts)
    frozen, before = [], ""
    for start in range(0, ROWS, 8):
        before = weights(state)
        was_frozen = state.guard is not None and state.guard.frozen
        state, _ = step(plan, state, log[start : start + 8])
        assert (weights(state) == before) == was_frozen
        frozen += [start] * was_frozen
    assert frozen == list(range(128, 224, 8))
    assert state.guard is not None
    assert (state.guard.seen, state.guard.left_out) == (ROWS, 96)


def test_candidates_are_refused_meanwhile_with_the_reason() -> None:
    contracts, log = guarded()
    versions = candidates(learned(contracts, log)[1])
    assert [v.examples for v in versions if not v.decision.admitted] == [128, 160, 192]
    assert "frozen: labels are missing: 0 % came" in versions[3].decision.reasons[0]
    assert [v.number for v in versions] == list(range(1, 11))


@pytest.mark.parametrize("stop", [100, 150, 200, 250])
def test_a_freeze_survives_a_restart(stop: int) -> None:
    contracts, log = guarded(STARVING + "gate: {policy: better}\n")
    plan = plan_of(contracts.pipeline)
    whole, effects = learned(contracts, log)
    broken, before = learned(contracts, log[:stop])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    state, after = step(plan, state, log[np.flatnonzero(log.offset_B >= checkpoint.offset)])
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


def test_a_spent_budget_freezes_for_a_window() -> None:
    contracts, log = guarded("freeze: {window: 32, moved: 0.000001}\n")
    state, _ = learned(contracts, log)
    assert state.guard is not None
    # One batch of eight is learned, then a window left out, again and again.
    assert state.guard.left_out == ROWS // 40 * 32


@settings(max_examples=5, deadline=None)
@given(scale=st.floats(1.0, 1e6))
def test_what_inputs_are_like_spends_no_budget(scale: float) -> None:
    wide = small_contracts(gate="freeze: {window: 32, moved: 100}\n")
    log = log_of(wide, ROWS)
    number = wide.layout.buckets.index(0)
    features_BF = log.features_BF.copy()
    features_BF[:, number] *= np.float32(scale)
    state, _ = learned(wide, replace(log, features_BF=features_BF))
    assert state.guard is not None
    assert state.guard.left_out == 0


def commanded(contracts: Contracts, log: Examples, cuts: Sequence[int]) -> tuple[State, list[Effect]]:
    """Frozen by hand inside a minibatch, thawed between two of them; read in stretches."""
    plan, state, effects = plan_of(contracts.pipeline), beginning(contracts), list[Effect]()
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        last = int(log.offset_B[end - 1]) if end else -1
        first = int(log.offset_B[start - 1]) if start else -1
        state, due = step(plan, state, log[start:end], tuple(c for c in BY_HAND if first < c.offset <= last))
        effects += due
    return state, effects


@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=6).map(sorted))
def test_commands_hold_from_their_place_in_the_log_however_it_is_read(cuts: list[int]) -> None:
    contracts = small_contracts()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    whole, effects = commanded(contracts, log, [])
    other, same_effects = commanded(contracts, log, cuts)
    assert same_effects == effects
    assert encode_state(plan, other) == encode_state(plan, whole)
    digests = [version.digest for version in candidates(effects)]
    # The freeze came while examples 96 to 103 were gathered, the thaw after the candidate of example 160.
    assert len(set(digests[:3])) == 3
    assert digests[3] == digests[4]
    assert len(set(digests[4:])) == len(digests) - 4
    refused = [v for v in candidates(effects) if not v.decision.admitted]
    assert [v.examples for v in refused] == [128, 160]
    assert refused[0].decision.reasons == ("learning is frozen: by hand: mending",)


@pytest.mark.parametrize("stop", [99, 104, 130, 159, 161])
def test_a_freeze_by_hand_survives_a_restart(stop: int) -> None:
    contracts = small_contracts()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    whole, effects = commanded(contracts, log, [])
    state, before = beginning(contracts), list[Effect]()
    seen = tuple(command for command in BY_HAND if command.offset < int(log.offset_B[stop]))
    state, due = step(plan, state, log[:stop], seen)
    before += due
    checkpoint = checkpoint_of(plan, state)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    again = tuple(command for command in BY_HAND if command.offset >= checkpoint.offset)
    state, after = step(plan, state, log[np.flatnonzero(log.offset_B >= checkpoint.offset)], again)
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


def test_a_thaw_ends_what_froze_by_itself_until_there_is_a_new_cause() -> None:
    contracts, log = guarded()
    plan = plan_of(contracts.pipeline)
    thaw = Command(2 * 144 - 1, "thaw", "let it be")
    state, effects = step(plan, beginning(contracts), log, (thaw,))
    assert state.guard is not None
    # Frozen at 128, thawed at 144, frozen again after a window of its own at 176, and thawed after one half of labels.
    assert state.guard.left_out == 16 + 32
    assert [v.examples for v in candidates([*effects]) if not v.decision.admitted] == [128, 192]


def test_nothing_changes_while_there_is_no_cause() -> None:
    plain, careful = small_contracts(), small_contracts(gate=STARVING)
    log = log_of(plain, 96)
    assert weights(learned(plain, log)[0]) == weights(learned(careful, log)[0])
    assert plan_of(plain.pipeline).fingerprint != plan_of(careful.pipeline).fingerprint
