"""Patterns of drift, told from streams that were made to have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.detectors.pattern import pattern_of
from models.drift.statistics.kolmogorov_smirnov import ks_statistic

ROWS, WINDOWS, SEEDS = 300, 60, 40
SURE = 1.63 * np.sqrt(2 / ROWS)  # of the Kolmogorov–Smirnov statistic at 1 %
Share = Callable[[np.random.Generator], np.ndarray]
PLACE = np.arange(ROWS * WINDOWS)


def between(random: np.random.Generator, first: int, last: int) -> int:
    """A place, from window `first` to window `last`, seldom where a window begins."""
    return int(random.integers(first * ROWS, last * ROWS))


def abrupt(random: np.random.Generator) -> np.ndarray:
    return (between(random, 15, 35) <= PLACE).astype(float)


def blip(random: np.random.Generator) -> np.ndarray:
    start = between(random, 15, 35)
    return ((start <= PLACE) & (start + between(random, 1, 2) > PLACE)).astype(float)


def recurring(random: np.random.Generator) -> np.ndarray:
    start, stay, again = between(random, 10, 15), between(random, 8, 12), between(random, 8, 12)
    back = start + stay
    return ((start <= PLACE) & ((back > PLACE) | (back + again + between(random, 0, 20) <= PLACE))).astype(float)


def ramp(random: np.random.Generator) -> np.ndarray:
    start, width = between(random, 12, 20), between(random, 12, 24)
    return np.clip((PLACE - start) / width, 0, 1)


def gradual_by_rows(random: np.random.Generator) -> np.ndarray:
    return (random.random(len(PLACE)) < ramp(random)).astype(float)


def gradual_by_spells(random: np.random.Generator) -> np.ndarray:
    spell = int(random.integers(150, 600))
    spells = random.random(len(PLACE) // spell + 1).repeat(spell)[: len(PLACE)]
    return (spells < ramp(random)).astype(float)


MADE: dict[str, tuple[str, Share]] = {
    "abrupt": ("abrupt", abrupt),
    "blip": ("blip", blip),
    "recurring": ("recurring", recurring),
    "gradual by rows": ("gradual", gradual_by_rows),
    "gradual by spells": ("gradual", gradual_by_spells),
    "incremental": ("incremental", ramp),
}


def distances(seed: int, share: Share) -> tuple[np.ndarray, np.ndarray]:
    """From the first windows and from the last of a normal stream whose mean moves by the share."""
    random = np.random.default_rng(seed)
    move = random.choice([-1, 1]) * random.uniform(1.5, 3.0)
    window_TW = np.sort((random.normal(size=len(PLACE)) + move * share(random)).reshape(WINDOWS, ROWS), axis=1)
    ends = [np.sort(window_TW[part].ravel()) for part in (slice(0, 8), slice(-4, None))]
    first_T, last_T = (np.array([ks_statistic(end, window_W) for window_W in window_TW]) for end in ends)
    return first_T, last_T


@pytest.mark.parametrize("made", MADE)
def test_most_are_named_rightly(made: str) -> None:
    name, share = MADE[made]
    told = [pattern_of(first_T, SURE, last_T) for first_T, last_T in (distances(s, share) for s in range(SEEDS))]
    assert np.mean([pattern == name for pattern in told]) >= 0.85, told


def test_all_that_needs_no_second_distance_is_named_rightly_without() -> None:
    for made, (name, share) in MADE.items():
        if made != "gradual by rows":
            told = [pattern_of(distances(seed, share)[0], SURE) for seed in range(SEEDS)]
            assert np.mean([pattern == name for pattern in told]) >= 0.85, (made, told)


def test_a_calm_stream_has_none() -> None:
    assert {pattern_of(distances(seed, lambda _: 0.0 * PLACE)[0], 2 * SURE) for seed in range(5)} == {"none"}


@given(arrays(np.float64, (2, 24), elements=st.floats(0, 1, width=16)), st.integers(0, 24), st.floats(0, 1))
def test_any_history_has_one_pattern_and_its_scale_does_not_matter(
    both_2T: np.ndarray, windows: int, threshold: float
) -> None:
    distance_T, back_T = both_2T[:, :windows]
    pattern = pattern_of(distance_T, threshold, back_T)
    assert (pattern == "none") == (distance_T <= threshold).all()
    assert pattern_of(4 * distance_T, 4 * threshold, 4 * back_T) == pattern


def test_an_empty_history_has_none() -> None:
    assert pattern_of(np.empty(0), 0.1) == "none"
