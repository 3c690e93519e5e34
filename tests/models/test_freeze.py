"""Learning freezes for each cause, says which, and goes on when it is gone."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.freeze import Guard, Limits
from models.freeze_facts import Facts
from models.label_rates import LabelRates

LIMITS = Limits(window=100, observed=0.5, producer=0.8, flood=500, contradicted=0.2, moved=10.0)
WELL = Facts(rows=10, observed=10, producers={"a": 5, "b": 5}, trusted=5, contradicted=0, moved=0.5)
SICK = {
    "missing": Facts(rows=10, observed=4, moved=0.5),
    "a gives too many": Facts(rows=10, observed=10, producers={"a": 9, "b": 1}),
    "a floods": Facts(rows=10, observed=10, busiest=(501, "a")),
    "contradict": Facts(rows=10, observed=10, trusted=5, contradicted=5, expected=0.5),
    "not finite": Facts(rows=10, observed=10, finite=False),
    "moved by": Facts(rows=10, observed=10, moved=11.0),
}
ANY_FACTS = st.sampled_from([WELL, *SICK.values()])


def through(guard: Guard, *facts: Facts) -> Guard:
    for one in facts:
        guard = guard.after(LIMITS, one)
    return guard


@pytest.mark.parametrize("cause", SICK)
def test_each_cause_freezes_with_its_reason_within_a_window_and_thaws_a_window_after_it_is_gone(cause: str) -> None:
    well = through(Guard(), *[WELL] * 30)
    assert not well.frozen
    sick = well
    while not sick.frozen:
        sick = sick.after(LIMITS, SICK[cause])
        assert sick.seen - well.seen <= LIMITS.window
    assert [cause in reason for reason in sick.reasons] == [True]
    assert sick.since == sick.seen
    assert through(sick, *[WELL] * 9).frozen
    thawed = through(sick, *[WELL] * 10)
    assert not thawed.frozen
    assert (thawed.since, thawed.left_out) == (-1, 100)


@pytest.mark.parametrize("cause", ["not finite", "moved by", "a floods"])
def test_what_cannot_wait_freezes_at_once(cause: str) -> None:
    assert through(Guard(), WELL, SICK[cause]).frozen


@pytest.mark.parametrize("cause", ["missing", "a gives too many", "a floods", "contradict", "not finite"])
def test_it_stays_frozen_while_the_cause_lasts(cause: str) -> None:
    guard = through(Guard(), *[SICK[cause]] * 10)
    since = guard.since
    for _ in range(50):
        guard = guard.after(LIMITS, SICK[cause])
        assert guard.frozen
        assert guard.since == since


def test_few_labels_and_what_chance_may_bring_decide_nothing() -> None:
    few = Facts(rows=100, observed=19, producers={"a": 19}, trusted=19, contradicted=19)
    limits = Limits(window=100, producer=0.5, contradicted=0.2)
    assert not Guard().after(limits, few).frozen
    # Of 50, 10 may contradict by the limit and 11 more by chance, beyond the 5 that are usual.
    for contradicted, froze in ((25, False), (26, True)):
        facts = Facts(rows=100, observed=50, trusted=50, contradicted=contradicted, expected=5)
        assert Guard().after(limits, facts).frozen == froze


def test_what_contradicts_no_more_than_the_trusted_do_now_is_a_change_of_the_world() -> None:
    limits = Limits(window=500, contradicted=0.2)
    lies = Facts(rows=500, observed=400, trusted=300, contradicted=150, expected=15)
    assert Guard().after(limits, lies).frozen, "nobody who is trusted has labelled: there is nothing to compare with"
    for own, own_contradicted, froze in ((40, 2, True), (40, 20, False), (40, 16, False), (40, 12, True), (9, 5, True)):
        seen = replace(lies, own=own, own_contradicted=own_contradicted)
        assert Guard().after(limits, seen).frozen == froze, (own, own_contradicted)
    all_new = replace(lies, contradicted=300, own=40, own_contradicted=40)
    assert not Guard().after(limits, all_new).frozen


@given(st.integers(20, 400), st.integers(10, 100), st.floats(0, 1), st.floats(0, 1))
def test_the_trusted_of_the_window_can_only_speak_for_the_others(
    rows: int, own: int, share: float, own_share: float
) -> None:
    limits = Limits(window=500, contradicted=0.1)
    alone = Facts(rows=500, observed=500, trusted=rows, contradicted=round(share * rows))
    beside = replace(alone, own=own, own_contradicted=round(own_share * own))
    frozen, frozen_beside = (Guard().after(limits, facts).frozen for facts in (alone, beside))
    assert frozen or not frozen_beside
    if round(own_share * own) == 0 and share > 0.5:
        assert frozen_beside == frozen, "honest ones who contradict nobody excuse nobody"


def test_a_thaw_by_hand_begins_a_new_count_of_rates() -> None:
    rates, _ = LabelRates().after(1000, np.zeros(600), ["a"] * 600)
    flooded = replace(Guard(), rates=rates).after(LIMITS, SICK["a floods"])
    assert flooded.rates == rates
    assert flooded.thawed() == Guard(seen=10)


def test_names_are_told_in_bounds() -> None:
    limits = Limits(window=10, flood=1)
    (long,) = Guard().after(limits, Facts(rows=1, busiest=(2, "w" * 255))).reasons
    assert long.startswith("w" * 64 + " floods")
    assert Guard().after(limits, Facts(rows=1, busiest=(2, ""))).reasons[0].startswith("(no labeller) floods")


@given(st.lists(ANY_FACTS, max_size=40), st.integers(0, 40))
def test_kept_as_json_it_goes_on_as_if_never_stopped(facts: list[Facts], cut: int) -> None:
    broken = through(Guard(), *facts[:cut])
    kept = Guard.from_json(json.loads(json.dumps(broken.as_json())))
    assert kept == broken
    assert through(kept, *facts[cut:]) == through(Guard(), *facts)


@given(st.lists(ANY_FACTS, max_size=40))
def test_counts_add_up(facts: list[Facts]) -> None:
    guard, left_out = Guard(), 0
    for one in facts:
        left_out += one.rows if guard.frozen else 0
        guard = guard.after(LIMITS, one)
        assert guard.window.rows < LIMITS.window
    assert (guard.seen, guard.left_out) == (10 * len(facts), left_out)


def test_the_defaults_bear_everything_but_what_is_not_finite() -> None:
    limits = Limits(window=10)
    for cause, facts in SICK.items():
        guard = Guard()
        for _ in range(20):
            guard = guard.after(limits, facts)
        assert guard.frozen == (cause == "not finite")
    assert Guard().after(limits, Facts(rows=1, observed=1, moved=math.nan)).frozen


def test_what_was_kept_before_there_were_labellers_is_still_read() -> None:
    guard = through(Guard(), WELL)
    told = guard.as_json()
    del told["rates"]
    for name in ("busiest", "expected"):
        del told["window"][name]
    assert Guard.from_json(told) == guard
