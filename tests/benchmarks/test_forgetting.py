"""Forgetting is told from remembering, and the scenarios are what they are called."""

from __future__ import annotations

import numpy as np

from benchmarks.learning.forgetting import forgetting
from benchmarks.learning.page import forgetting_table
from benchmarks.learning.scenarios import Phase, Scenario, agrawal_disjoint, sea_and_back
from benchmarks.learning.streams import Stream
from models.protocol import Float32, Float64

ROWS = 640


class Latest:
    """Knows whether a concept's labels are the first column or its opposite; of all concepts, or of the latest."""

    def __init__(self, forgets: bool) -> None:
        self._forgets, self._flips = forgets, {0: False, 1: False}
        self._concept = 0

    def predict_many(self, x_BF: Float32) -> Float32:
        concept_B = np.full(len(x_BF), self._concept) if self._forgets else x_BF[:, 1].astype(int)
        flip_B = np.array([self._flips[concept] for concept in concept_B])
        return np.where(flip_B, 1 - x_BF[:, :1].T, x_BF[:, :1].T).T.astype(np.float32)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        self._concept = int(x_BF[-1, 1])
        self._flips[self._concept] = bool(x_BF[-1, 0] != y_B[-1])


def phase(concept: int) -> Phase:
    """The label is the first column, or in concept 1 its opposite; the second column names the concept."""
    bit_T = np.random.default_rng(concept).integers(0, 2, ROWS)
    x_TF = np.stack((bit_T, np.full(ROWS, concept)), axis=1).astype(np.float32)
    stream = Stream("ab"[concept], x_TF, (bit_T ^ concept).astype(np.float64), 2)
    return Phase("AB"[concept], stream, stream.first(50))


def test_who_keeps_both_rules_has_lost_nothing_and_who_keeps_one_has_lost_the_other() -> None:
    scenario = Scenario("flip", True, (phase(0), phase(1)))
    kept, lost = (forgetting(Latest(forgets), scenario, 32) for forgets in (False, True))
    assert kept["backward_transfer"] == 0
    assert lost["backward_transfer"] == -1
    assert kept["new_concept"] == lost["new_concept"] == 1
    assert kept["recovery_rows"] == lost["recovery_rows"] == 32
    assert "| flip | mlp | 100.0 → 0.0 | 100.0 | 32 |" in forgetting_table({"flip": {"mlp": lost}})


def test_a_concept_that_returns_is_measured_against_its_old_level() -> None:
    found = forgetting(Latest(True), Scenario("back", False, (phase(0), phase(1), phase(0))), 32)
    assert [shares["A"] for shares in found["after"]] == [1, 0, 1]
    assert found["recovery_rows"] == 32


def test_cars_are_apart_in_agrawal_and_contradict_in_sea() -> None:
    low, high = agrawal_disjoint(200, seed=1).phases
    car = 4
    for part, least, most in ((low, 1, 10), (high, 11, 20)):
        for stream in (part.learned, part.held_out):
            assert stream.x_TF[:, car].min() >= least
            assert stream.x_TF[:, car].max() <= most
    for part, threshold in zip(sea_and_back(200, seed=1).phases, (7, 9.5, 7), strict=True):
        total_T = part.learned.x_TF[:, 0] + part.learned.x_TF[:, 1]
        assert len({*np.unique((total_T <= threshold) == part.learned.y_T)}) == 1


def test_what_is_held_out_is_never_learned() -> None:
    for part in sea_and_back(300, seed=2).phases:
        learned = {row.tobytes() for row in part.learned.x_TF}
        assert not any(row.tobytes() in learned for row in part.held_out.x_TF)
