"""Rates of labellers are counted in event time, whatever the order, and in bounded memory."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.label_rates import NAMES, LabelRates, most_frequent

LABELS = st.lists(st.tuples(st.integers(0, 15_999), st.sampled_from("abcde")), min_size=1, max_size=60)
Given = list[tuple[int, str]]


def counted(labels: Given, cut: int) -> LabelRates:
    rates = LabelRates()
    for stretch in (labels[:cut], labels[cut:]):
        rates, _ = rates.after(1000, np.array([float(time) for time, _ in stretch]), [name for _, name in stretch])
    return rates


@given(LABELS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_counts_are_by_labeller_and_span_whatever_the_order_and_cuts(labels: Given, cut: int, random: object) -> None:
    true: dict[int, Counter[str]] = {}
    for time, name in labels:
        true.setdefault(time // 1000, Counter())[name] += 1
    shuffled = sorted(labels, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert counted(labels, cut).spans == counted(shuffled, len(labels)).spans == true
    kept = counted(labels, cut)
    assert LabelRates.from_json(json.loads(json.dumps(kept.as_json()))) == kept


@given(LABELS, LABELS)
def test_the_busiest_is_one_of_those_who_gave_these_labels(before: Given, now: Given) -> None:
    times, names = np.array([float(time) for time, _ in now]), [name for _, name in now]
    rates, (count, name) = counted(before, 0).after(1000, times, names)
    given_now = {(time // 1000, name) for time, name in now}
    assert count == max(rates.spans[span][who] for span, who in given_now)
    assert name in names


def test_memory_is_bounded_and_no_labels_are_nobodys() -> None:
    rates = LabelRates()
    for start in range(0, 5000, 100):
        times = np.linspace(start, start + 99, 100) * 1000
        rates, _ = rates.after(1000, times, [f"n{i}" for i in range(100)])
        rates, _ = rates.after(10**9, times, [f"n{i}" for i in range(100)])
    assert len(rates.spans) <= 16
    assert max(len(counts) for counts in rates.spans.values()) <= NAMES
    assert LabelRates().after(1000, np.empty(0), []) == (LabelRates(), (0, ""))


@given(st.lists(st.sampled_from("abcdefgh"), max_size=200), st.integers(1, 5))
def test_no_count_is_too_high_and_none_much_too_low(sent: list[str], names: int) -> None:
    counts: dict[str, int] = {}
    for start in range(0, len(sent), 7):
        counts = most_frequent(counts, Counter(sent[start : start + 7]), names)
        assert len(counts) <= names
    for name, true in Counter(sent).items():
        assert true - len(sent) / (names + 1) <= counts.get(name, 0) <= true
