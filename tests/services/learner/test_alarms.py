"""A rule that heeds a detector on the learner's errors acts when the answers turn, wherever the log is cut."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.examples import Examples
from schemas.pipeline_file import parse_pipeline
from services.learner.core import checkpoint_of
from services.learner.effects import Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state
from tests.services.learner.reacting import lived, lived_on, reacting, reactions
from tests.services.learner.rig import SMALL
from tests.services.learner.test_gate import beginning, log_of

ROWS, TURN = 640, 400
RULES = """keep_versions: 4, reactions: [
  {alarm: error_rate, do: {warm_restart: true}, cool_down: 0},
  {alarm: adwin, do: {raise_rate: {times: 2, over: 64}}, cool_down: 0}]"""


@cache
def contracts() -> Contracts:
    return reacting(RULES, gate="")


@cache
def log() -> Examples:
    """Labels follow from the price, without noise, and then the other way round."""
    found = log_of(contracts(), ROWS)
    truth_B = np.nan_to_num(found.features_BF[:, 1]) > 0
    return replace(found, label_B=(truth_B ^ (np.arange(ROWS) >= TURN)).astype(np.float64))


@cache
def whole() -> tuple[State, list[Effect]]:
    return lived(contracts(), log())


def test_each_detector_is_heeded_after_the_turn_and_not_before() -> None:
    done = reactions(whole()[1])
    assert {action for _, action in done} == {"warm_restart", "raise_rate"}
    assert TURN < min(at for at, _ in done) < TURN + 100


@settings(max_examples=3, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=4).map(sorted), stop=st.integers(0, ROWS))
def test_neither_cuts_nor_restarts_change_what_is_done(cuts: list[int], stop: int) -> None:
    plan, (state, effects) = plan_of(contracts().pipeline), whole()
    other, same = lived(contracts(), log(), cuts=cuts)
    assert (encode_state(plan, other), same) == (encode_state(plan, state), effects)
    broken, before = lived(contracts(), log()[:stop])
    kept = checkpoint_of(plan, broken)
    again = decode_state(plan, beginning(contracts()).learner, kept.payload)
    rest = log()[np.flatnonzero(log().offset_B >= kept.offset)]
    again, after = lived_on(contracts(), again, rest, [], [], log())
    assert (encode_state(plan, again), [*before, *after]) == (encode_state(plan, state), effects)


def test_a_detector_of_right_and_wrong_is_refused_for_a_regression() -> None:
    text = SMALL.replace("MODEL", "mlp").replace("{type: binary}", "{type: regression, range: [0, 1]}")
    for alarm, refused in (("ddm", True), ("adwin", False)):
        rules = f"keep_versions: 4, reactions: [{{alarm: {alarm}, do: {{warm_restart: true}}}}]"
        file = text.replace("keep_versions: 4", rules)
        if refused:
            with pytest.raises(ConfigurationError, match="take adwin"):
                parse_pipeline(file, "x.yaml")
        else:
            parse_pipeline(file, "x.yaml")
