"""Schedules stay between their floor and 1 and have the shapes that their names promise."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schedules import rate_factor
from schemas.pipeline_optimiser import Schedule

KINDS = get_args(Schedule.model_fields["kind"].annotation)
PERIOD = 100


def course(ages: range = range(3 * PERIOD), **words: Any) -> list[float]:
    schedule = Schedule.model_validate({"period": PERIOD, "floor": 0.1, **words})
    return [rate_factor(schedule, age) for age in ages]


@given(
    kind=st.sampled_from(KINDS),
    age=st.integers(0, 10**12),
    warm_up=st.integers(0, 1000),
    floor=st.floats(0, 1),
    factor=st.floats(0.01, 1),
)
def test_a_factor_is_never_above_one_nor_below_its_floor(
    kind: str, age: int, warm_up: int, floor: float, factor: float
) -> None:
    words = {"kind": kind, "warm_up": warm_up, "floor": floor, "factor": factor}
    found = rate_factor(Schedule.model_validate(words), age)
    assert 0 < found <= 1 + 1e-12 or (floor == 0 and found == 0)
    assert age < warm_up or found >= floor - 1e-12


def test_a_constant_rate_is_constant() -> None:
    assert set(course(kind="constant")) == {1.0}


@pytest.mark.parametrize("kind", ["step", "exponential", "cosine"])
def test_it_falls_and_begins_again_only_if_told(kind: str) -> None:
    falling = course(kind=kind)
    assert falling[0] == 1
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < falling[0]
    if kind != "step":  # which does not fall within a period
        again = course(kind=kind, restart="period")
        assert again == falling[:PERIOD] * 3


def test_one_cycle_rises_to_one_and_falls() -> None:
    found = course(kind="one_cycle")
    top = found.index(max(found))
    assert found[top] == pytest.approx(1)
    assert found[0] == found[-1] == pytest.approx(0.1)
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_a_warm_up_rises_in_a_line_and_is_not_repeated() -> None:
    found = course(kind="cosine", warm_up=9, restart="period")
    assert found[:10] == [pytest.approx(i / 10) for i in range(1, 11)]
    assert found[9 + PERIOD] == 1


def test_each_step_divides() -> None:
    assert course(kind="step", factor=0.5, floor=0.0, ages=range(0, 300, 100)) == [1, 0.5, 0.25]
