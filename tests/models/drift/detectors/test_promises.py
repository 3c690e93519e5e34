"""What the two detectors of our own promise: few false alarms, short delays, onsets near the truth."""

from __future__ import annotations

import numpy as np
import pytest

from models.drift.detectors.error_rate import ErrorRateDetector
from models.drift.detectors.rank import RankDetector

SEEDS = range(20)
CHANGE = 1000


def test_over_the_rates_held_possible_false_alarms_are_as_rare_as_promised() -> None:
    """At one in a thousand, at most three streams in ten have an alarm within 300 events; they have far fewer."""
    random = np.random.default_rng(0)
    rates = 1 / (1 + np.exp(-random.uniform(-6, 4, 200)))
    streams = [(random.random(300) < rate).astype(float) for rate in rates]
    assert sum(bool(ErrorRateDetector(events_per_alarm=1000).add_many(errors_B)) for errors_B in streams) <= 60


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.6])
def test_a_steady_rate_gives_no_alarm_at_all(rate: float) -> None:
    random = np.random.default_rng(0)
    assert ErrorRateDetector().add_many((random.random(10_000) < rate).astype(float)) == ()


@pytest.mark.parametrize("draw", ["normal", "standard_cauchy", "exponential"])
def test_steady_values_of_any_distribution_too(draw: str) -> None:
    random = np.random.default_rng(0)
    assert len(RankDetector(events_per_alarm=1000).add_many(getattr(random, draw)(size=30_000))) <= 30


def test_a_rise_from_a_fifth_to_two_fifths_is_found_within_a_hundred_events() -> None:
    delays, missed_by = [], []
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        errors_B = random.random(CHANGE + 500) < np.repeat([0.2, 0.4], [CHANGE, 500])
        alarm = next(a for a in ErrorRateDetector().add_many(errors_B.astype(float)) if a.index >= CHANGE)
        delays.append(alarm.index - CHANGE + 1)
        missed_by.append(abs(alarm.onset - CHANGE))
    assert np.median(delays) <= 100
    assert np.median(missed_by) <= 30


@pytest.mark.parametrize("seed", SEEDS)
def test_a_doubled_spread_is_always_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    values_B = np.concatenate([random.normal(0, 1, CHANGE), random.normal(0, 2, 500)])
    assert any(alarm.index >= CHANGE for alarm in RankDetector().add_many(values_B))


@pytest.mark.parametrize("change", [lambda x: x + 1, lambda x: x - 1, lambda x: x / 2, lambda x: x * 2])
def test_a_change_of_level_or_spread_to_either_side_is_found(change: object) -> None:
    random = np.random.default_rng(0)
    values_B = random.normal(size=CHANGE + 300)
    values_B[CHANGE:] = change(values_B[CHANGE:])  # type: ignore[operator]
    assert CHANGE <= RankDetector().add_many(values_B)[0].index < CHANGE + 150


def test_ranks_do_not_know_the_scale() -> None:
    values_B = np.random.default_rng(0).normal(size=800)
    values_B[500:] += 2
    plain, stretched = RankDetector().add_many(values_B), RankDetector().add_many(np.exp(3 * values_B))
    assert plain == stretched
    assert plain


def test_a_slow_gain_does_not_hide_a_later_loss() -> None:
    """The rate falls from 0.4 to 0.1 as a model learns; then it is 0.25 again."""
    random = np.random.default_rng(0)
    rate_B = np.concatenate([np.linspace(0.4, 0.1, 20_000), np.full(5_000, 0.1), np.full(1_000, 0.25)])
    alarms = ErrorRateDetector().add_many((random.random(len(rate_B)) < rate_B).astype(float))
    assert [25_000 <= alarm.index < 25_300 for alarm in alarms] == [True]


@pytest.mark.parametrize("settings", [{"events_per_alarm": 1}, {"odds": (0.9,), "weights": (1.0,)}, {"memory": 3}])
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be above 1"):
        ErrorRateDetector(**settings)  # type: ignore[arg-type]


def test_so_are_those_of_ranks() -> None:
    with pytest.raises(ValueError, match="above 1"):
        RankDetector(memory=1)
