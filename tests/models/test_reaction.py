"""The policy of reactions: one drift one reaction, cool-downs are kept, and counts fall where the log says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reaction import BatchSignal, DriftSignal, RuleState, decide
from schemas.pipeline_reaction import ReactionRule


def rule(cool_down: int = 0, **words: Any) -> ReactionRule:
    return ReactionRule.model_validate({"do": {"warm_restart": True}, "cool_down": cool_down, **words})


def drift(id_: str = "a", **words: str) -> DriftSignal:
    told = {"kind": "concept", "pattern": "unknown", "severity": "act", "state": "opened", **words}
    return DriftSignal(id_, **told)


def fresh(count: int = 1) -> tuple[RuleState, ...]:
    return (RuleState(),) * count


def fired(one: ReactionRule, signal: DriftSignal) -> bool:
    return bool(decide([one], [RuleState()], signal, 0)[1])


@pytest.mark.parametrize(
    ("words", "report", "expected"),
    [
        ({}, {}, True),
        ({"kinds": ["prior"]}, {}, False),
        ({"kinds": ["prior", "concept"]}, {}, True),
        ({}, {"severity": "watch"}, False),
        ({"severity": "watch"}, {"severity": "watch"}, True),
        ({}, {"state": "closed"}, False),
        ({"patterns": ["abrupt"]}, {"state": "closed", "pattern": "abrupt"}, True),
        ({"patterns": ["abrupt"]}, {"pattern": "unknown"}, False),
        ({"patterns": ["recurring"]}, {"pattern": "recurring"}, True),
    ],
)
def test_a_rule_heeds_the_drifts_that_it_names(words: dict[str, Any], report: dict[str, str], expected: bool) -> None:
    assert fired(rule(drift=words), drift(**report)) == expected


@given(
    reports=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 50)), max_size=30), cool_down=st.integers(0, 99)
)
def test_a_drift_counts_once_however_often_it_is_told_and_no_rule_acts_while_it_cools_down(
    reports: list[tuple[str, int]], cool_down: int
) -> None:
    rules, states, examples, last, seen = (rule(cool_down, drift={}),), fresh(), 0, None, set[str]()
    for id_, gap in reports:
        examples += gap
        states, due = decide(rules, states, drift(id_), examples)
        expected = id_ not in seen and (last is None or examples - last >= cool_down)
        assert bool(due) == expected
        seen.add(id_)
        last = examples if expected else last
        assert RuleState.from_json(states[0].as_json()) == states[0]


def test_what_comes_while_learning_is_frozen_is_not_made_up_for() -> None:
    states, due = decide([rule(drift={})], [RuleState()], drift(), 10, frozen=True)
    assert not due
    assert not decide([rule(drift={})], states, drift(), 11)[1]


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=40), every=st.integers(1, 60))
def test_counts_and_times_are_of_the_log_however_it_is_cut(sizes: list[int], every: int) -> None:
    rules = (rule(examples=every), rule(time=f"{every}s"))
    states, examples, count = fresh(2), 0, [0, 0]
    for size in sizes:
        before, examples = examples, examples + size
        times = (1000.0 * before, 1000.0 * examples)
        states, due = decide(rules, states, BatchSignal((before, examples), times), examples)
        for place, one in enumerate(rules):
            assert (one in due) == (examples // every > before // every and (place == 0 or before > 0))
            count[place] += one in due
    assert count[0] <= examples // every


def test_a_regime_is_heeded_where_it_was_asked_for() -> None:
    begun = BatchSignal((0, 8), (0.0, 1.0), regime=True)
    assert decide([rule(regime=True), rule(examples=1000)], [RuleState()] * 2, begun, 8)[1] == (rule(regime=True),)


def losses(level_N: list[float], rows: int = 16) -> list[BatchSignal]:
    return [BatchSignal((0, 0), (0.0, 0.0), False, rows, rows * own, rows * 0.2) for own in level_N]


def test_a_loss_that_rises_is_heeded_once_its_window_is_full_and_then_it_is_what_is_usual() -> None:
    one = rule(worse={"by": 0.1, "window": 32})
    states, when = fresh(), list[int]()
    for place, signal in enumerate(losses([0.2] * 10 + [0.5] * 20)):
        states, due = decide([one], states, signal, 16 * place)
        when += [place] * len(due)
    # Windows end with every second batch; eight windows on, a loss of 0.5 is what it used to be.
    assert when == [11, 13, 15, 17, 19, 21]


def test_a_loss_above_the_champions_is_heeded_as_long_as_there_is_one() -> None:
    one = rule(worse={"by": 0.1, "window": 32, "than": "champion"})
    states, when = fresh(), list[int]()
    for place, signal in enumerate([*losses([0.2] * 4 + [0.4] * 2), BatchSignal((0, 0), (0.0, 0.0), False, 16, 9.0)]):
        states, due = decide([one], states, signal, 16 * place)
        when += [place] * len(due)
    assert when == [5]
    assert states[0].trailing.rows == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 40))
def test_the_level_is_the_mean_of_the_last_eight_whole_windows(level_N: list[float], window: int) -> None:
    one, states = rule(worse={"by": 0.5, "window": window}), fresh()
    for signal in losses(level_N, rows=1):
        states, _ = decide([one], states, signal, 0)
    means = np.array(level_N)[: len(level_N) // window * window].reshape(-1, window).mean(1)
    np.testing.assert_allclose(states[0].trailing.before, means[-8:], atol=1e-12)
    assert states[0].trailing.rows == len(level_N) % window
