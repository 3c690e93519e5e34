"""Regimes are told apart, remembered and known again; the compatible are held, the contradicted are not."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.concepts.change import Change
from models.concepts.concept import Concept
from models.concepts.sample import Sample
from models.concepts.signature import BINS
from models.gate_duel import Champion
from models.gate_interval import RunningMean
from models.snapshot import encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.pipeline_gate import Concepts
from tests.models.concepts.streams import BATCH, RULES, WINDOW, Life, Regime, banked, new_bank

LONG = 2048
SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regime_that_stays_is_one(seed: int) -> None:
    life = Life().live(("here", 5 * LONG), seed=seed)
    assert life.regimes == [1]
    assert not life.bank.closed


def test_what_few_rows_have_shown_is_not_held_against_those_that_come() -> None:
    """A version that guesses loses 0 or 1: where the mean of 256 rows lies, the next thousands seldom do."""
    sample, contradicted = Sample.empty(1, 1, (0, 1)), 0
    for seed in range(100):
        loss_T = np.random.default_rng(seed).integers(0, 2, 4_256).astype(np.float64)
        level = RunningMean().after(loss_T[:256])
        regime = Concept(1, 0, 0, np.zeros((1, BINS), np.int64), sample, level=level)
        for start in range(256, len(loss_T), BATCH):
            regime = regime.heard(loss_T[start : start + BATCH], RULES.margin, RULES.run)
        contradicted += regime.contradicted
    assert contradicted <= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_other_answers_to_the_same_inputs_are_another_regime_which_contradicts_the_first(seed: int) -> None:
    life = Life().live(("here", LONG), ("here turned", LONG), seed=seed)
    assert life.regimes[:2] == [1, 2]
    assert 1 in life.bank.contradicted
    assert life.bank.excess(lambda x_BF: np.full((len(x_BF), 1), 0.5, np.float32)) == {}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("then", ["there", "there turned"])
def test_other_inputs_are_a_compatible_regime_whatever_their_answers(seed: int, then: Regime) -> None:
    life = Life().live(("here", LONG), (then, LONG), seed=seed)
    assert life.regimes[:2] == [1, 2]
    assert not life.bank.contradicted
    (first,) = (concept for concept in life.bank.closed if concept.number == 1)
    assert first.best is not None
    know_nothing = life.bank.excess(lambda x_BF: np.full((len(x_BF), 1), 0.5, np.float32))
    assert know_nothing[1] > 0.05
    assert life.bank.excess(first.best.model.predict_many)[1] == 0.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("between", ["here turned", "there turned"])
def test_the_version_of_a_regime_that_returns_wins_its_trial_in_a_few_hundred_examples(
    seed: int, between: Regime
) -> None:
    life = Life().live(("here", LONG), (between, LONG), seed=seed)
    assert life.bank.winner() is None
    before = life.seen
    won: list[tuple[int, int]] = []

    def each() -> None:
        if (winner := life.bank.winner()) is not None:
            won.append((winner.number, life.seen - before))

    life.live(("here", 512), seed=seed + 1, publish=False, each=each)
    assert {number for number, _ in won} == {1}
    assert won[0][1] <= 200
    life.bank.recalled(1)
    assert life.bank.open is not None
    assert life.bank.open.number == 1
    assert banked(life.bank)
    assert life.bank.winner() is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regime_that_returns_is_known_again_even_if_its_version_is_not_recalled(seed: int) -> None:
    life = Life().live(("here", LONG), ("there turned", LONG), ("here", LONG), seed=seed)
    assert life.regimes[0] == life.regimes[-1] == 1
    assert banked(life.bank) == [2]


def successor(life: Life) -> Champion:
    """What the learner has become."""
    return Champion.read(life.number + 1, encode_model(life.learner.served())[0])


def test_what_proves_itself_against_the_best_of_the_regime_leads_it() -> None:
    life = Life().live(("here", LONG), publish=False)
    life.champion = successor(life)
    life.live(("here", 4 * WINDOW), publish=False)
    led, newer = life.bank.open, successor(life)
    assert led is not None
    assert led.best is not None
    life.bank.succeeded(led.best, newer, 2 * WINDOW)
    assert life.bank.open is not None
    assert (life.bank.open.best, life.bank.open.level) == (newer, led.level)
    assert life.bank.open.differs.log_sum == led.differs.log_sum, "what speaks for a change is kept"


@pytest.mark.parametrize(("reason", "rows"), [("the regime was not there yet", 3 * LONG), ("another best", 16)])
def test_a_proof_of_something_else_changes_nothing(reason: str, rows: int) -> None:
    life = Life().live(("there", LONG), ("here", LONG))
    led = life.bank.open
    assert led is not None
    assert led.best is not None
    former = life.bank.closed[0].best if reason == "another best" else led.best
    assert former is not None
    life.bank.succeeded(former, successor(life), rows)
    assert life.bank.open is led


def test_in_doubt_whether_the_regime_has_ended_nobody_succeeds() -> None:
    life = Life().live(("here", LONG))
    life.live(("here turned", BATCH), publish=False)
    led = life.bank.open
    assert life.regimes == [1], "not noticed yet"
    assert led is not None
    assert led.best is not None
    life.bank.succeeded(led.best, successor(life), WINDOW)
    assert life.bank.open is led


def test_while_a_change_is_half_shown_nobody_succeeds() -> None:
    """By the last few rows, which the others of their window hide."""
    life = Life().live(("here", LONG))
    assert life.bank.open is not None
    half = replace(life.bank.open, differs=Change().after(np.full(12, 0.6)))
    assert half.differs.exceeds(WINDOW)
    assert not half.differs.exceeds(RULES.run)
    assert half.best is not None
    life.bank.open = half
    life.bank.succeeded(half.best, successor(life), BATCH)
    assert life.bank.open is half


def test_where_the_learner_is_as_good_nothing_is_recalled() -> None:
    life = Life().live(("here", LONG), ("there", LONG), ("here", LONG))
    assert life.bank.winner() is None


@settings(max_examples=4, deadline=None)
@given(cut=st.integers(0, 5 * LONG // (2 * BATCH)), seed=st.integers(0, 3))
def test_restored_anywhere_it_goes_on_as_if_never_stopped(cut: int, seed: int) -> None:
    order: tuple[tuple[Regime, int], ...] = (("here", LONG), ("here turned", LONG), ("there", LONG // 2))
    whole, broken = Life(), Life()
    batches = [0]

    def each() -> None:
        if batches[0] == cut:
            kept = decode_snapshot(encode_snapshot(broken.bank.snapshot()))
            broken.bank = new_bank()
            broken.bank.restore(kept)
        batches[0] += 1

    whole.live(*order, seed=seed)
    broken.live(*order, seed=seed, each=each)
    assert encode_snapshot(whole.bank.snapshot()) == encode_snapshot(broken.bank.snapshot())
    assert whole.regimes == broken.regimes


@settings(max_examples=5, deadline=None)
@given(
    order=st.lists(st.sampled_from(["here", "here turned", "there", "there turned"]), min_size=5, max_size=8),
    size=st.integers(1, 3),
)
def test_whatever_comes_it_is_bounded_and_numbers_are_used_once(order: list[Regime], size: int) -> None:
    life = Life(bank=new_bank(Concepts(size=size, sample=32, window=WINDOW)))
    numbers: list[int] = []

    def each() -> None:
        assert len(life.bank.closed) <= size
        assert len(life.bank.window) < WINDOW + BATCH
        assert all(len(concept.sample.y_M) <= 32 for concept in life.bank.closed)
        numbers.append(life.bank.numbers)

    life.live(*((regime, 640) for regime in order), each=each)
    assert numbers == sorted(numbers)
    assert banked(life.bank) == sorted(set(banked(life.bank)))


def test_a_snapshot_is_not_changed_by_what_comes_after() -> None:
    life = Life().live(("here", LONG), ("there", LONG))
    kept = life.bank.snapshot()
    before = encode_snapshot(copy.deepcopy(kept))
    life.live(("here turned", LONG))
    assert encode_snapshot(kept) == before


@pytest.mark.parametrize("value", [np.nan, 0.0, 3e38])
def test_constant_or_missing_columns_are_one_regime(value: float) -> None:
    life = Life()
    y_B = np.random.default_rng(0).integers(0, 2, 8 * WINDOW).astype(np.float64)
    for start in range(0, len(y_B), BATCH):
        life.batch(np.full((BATCH, 3), value if np.isnan(value) else 0, np.float32), y_B[start : start + BATCH])
    assert life.regimes == [1]


def test_the_rules_are_those_of_the_pipeline_file() -> None:
    assert RULES.margin == Concepts().margin
