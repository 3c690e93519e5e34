"""Labels that contradict trusted ones are told from honest noise; the holdout survives a restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.protocol import Target
from models.trusted_holdout import Held, TrustedHoldout, TrustedRules

RULES = TrustedRules(frozenset({b"audit"}), 256, 5, (0, 1, 2), (False, False, True), 4, "binary")
Batch = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bytes_]]


def batch(seed: int, rows: int, labeller: bytes, noise: float = 0.1, turned: bool = False) -> Batch:
    """A number that decides, one that does not, a category that turns it round, and a column that must be ignored."""
    random = np.random.default_rng(seed)
    x_BF = random.normal(size=(rows, 4)).astype(np.float32)
    x_BF[:, 1] *= 1000
    x_BF[:, 2] = random.integers(0, 2, rows)
    x_BF[:, 3] = 1e6 * random.normal(size=rows)
    truth_B = (x_BF[:, 0] > 0) ^ (x_BF[:, 2] == 1)
    x_BF[random.random((rows, 4)) < 0.02] = np.nan
    wrong_B = (random.random(rows) < noise) ^ turned
    return x_BF, (truth_B ^ wrong_B).astype(np.float64), np.full(rows, labeller)


def with_trusted(rules: TrustedRules = RULES, rows: int = 256, noise: float = 0.1) -> TrustedHoldout:
    holdout = TrustedHoldout(rules)
    for seed in range(rows // 32):
        holdout.see(*batch(seed, 32, b"audit", noise))
    return holdout


@pytest.mark.parametrize("seed", range(5))
def test_turned_labels_contradict_and_honest_ones_do_as_often_as_the_trusted(seed: int) -> None:
    honest = with_trusted().see(*batch(100 + seed, 500, b"other"))
    turned = with_trusted().see(*batch(100 + seed, 500, b"other", turned=True))
    assert honest.rows == turned.rows > 50
    assert abs(honest.contradicted - honest.expected) < 0.15 * honest.rows
    assert turned.contradicted == honest.rows - honest.contradicted


def test_where_the_world_has_changed_the_trusted_contradict_as_the_others_do() -> None:
    holdout = with_trusted()
    x_BF, y_B, _ = batch(11, 600, b"other", turned=True)
    who_B = np.where(np.arange(600) % 3 == 0, b"audit", b"other")
    held = holdout.see(x_BF, y_B, who_B)
    assert held.own_rows > 30
    assert abs(held.own_contradicted / held.own_rows - held.contradicted / held.rows) < 0.15
    assert held.contradicted > 0.7 * held.rows
    honest = with_trusted().see(*batch(12, 600, b"audit"))
    assert (honest.rows, honest.contradicted) == (0, 0)
    assert honest.own_contradicted < 0.3 * honest.own_rows


def test_where_the_trusted_do_not_agree_nothing_contradicts() -> None:
    coin = with_trusted(replace(RULES, nearest=20), noise=0.5)
    assert coin.see(*batch(9, 500, b"other", turned=True)).rows < 10


def test_few_trusted_labels_and_no_labels_decide_nothing() -> None:
    holdout = TrustedHoldout(RULES)
    holdout.see(*batch(0, 19, b"audit"))
    assert holdout.see(*batch(1, 100, b"other")) == Held()
    assert with_trusted().see(*batch(1, 0, b"other")) == Held()
    empty = np.full((8, 4), np.nan, np.float32)
    assert with_trusted().see(empty, np.ones(8), np.full(8, b"other")).rows <= 8


def test_a_column_that_is_ignored_and_the_others_scale_change_nothing() -> None:
    x_BF, y_B, who_B = batch(7, 200, b"other", turned=True)
    scaled_BF = x_BF.copy()
    scaled_BF[:, 3] = 0
    assert with_trusted().see(scaled_BF, y_B, who_B) == with_trusted().see(x_BF, y_B, who_B)


def test_values_contradict_where_they_are_far_from_what_the_trusted_agree_on() -> None:
    target: Target = "regression"
    rules = replace(RULES, target=target, columns=(0,), is_category=(False,))
    holdout, random = TrustedHoldout(rules), np.random.default_rng(0)
    x_BF = random.normal(size=(200, 4)).astype(np.float32)
    value_B = 10 * np.nan_to_num(x_BF[:, 0]).astype(np.float64)
    holdout.see(x_BF, value_B, np.full(200, b"audit"))
    near = holdout.see(x_BF[:50], value_B[:50] + 1, np.full(50, b"other"))
    far = holdout.see(x_BF[:50], value_B[:50] + 40, np.full(50, b"other"))
    assert near.rows == far.rows > 30
    assert (near.contradicted, far.contradicted) == (0, far.rows)


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=12), stop=st.integers(0, 12), seed=st.integers(0, 99))
def test_restored_it_goes_on_as_if_never_stopped_and_keeps_the_newest(sizes: list[int], stop: int, seed: int) -> None:
    rules = replace(RULES, size=64)
    stream = [batch(seed + i, size, (b"audit", b"other")[i % 2]) for i, size in enumerate(sizes)]
    whole, broken = TrustedHoldout(rules), TrustedHoldout(rules)
    told = [whole.see(*part) for part in stream]
    again = [broken.see(*part) for part in stream[:stop]]
    restored = TrustedHoldout(rules)
    restored.restore(broken.snapshot())
    assert again + [restored.see(*part) for part in stream[stop:]] == told
    kept = whole.snapshot().tensors
    for name, value in restored.snapshot().tensors.items():
        np.testing.assert_array_equal(value, kept[name])
    trusted = [part for part in stream if len(part[2]) and part[2][0] == b"audit"]
    newest = np.concatenate([y_B for _, y_B, _ in trusted] or [np.empty(0)])[-64:]
    np.testing.assert_array_equal(kept["y"], newest)
