"""Forgetting is told from remembering, and the scenarios are what they are called."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.learning.forget import main
from benchmarks.learning.forgetting import forgetting, rows_to
from benchmarks.learning.page_forgetting import forgetting_part, recall_told
from benchmarks.learning.page_twins import twins_part
from benchmarks.learning.scenarios import Phase, Scenario, agrawal_disjoint, and_back, sea_and_back
from benchmarks.learning.streams import Stream
from benchmarks.learning.witness import Witness
from models.gate_court import Regime
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


def back(concepts: tuple[int, ...]) -> Scenario:
    return Scenario("flip", True, tuple(phase(concept) for concept in concepts))


def test_who_keeps_both_rules_has_lost_nothing_and_who_keeps_one_has_lost_the_other() -> None:
    kept, lost = (forgetting(Latest(forgets), back((0, 1, 0)), 32) for forgets in (False, True))
    assert kept["backward_transfer"] == 0
    assert lost["backward_transfer"] == -1
    assert kept["new_concept"] == lost["new_concept"] == 1
    assert kept["new_rows"] == lost["new_rows"] == kept["recovery_rows"] == lost["recovery_rows"] == 32
    assert kept["returned"] == lost["returned"] == 1
    assert "| mlp | 0.0 | -100.0 | 100.0 | 32 | 100.0 |" in forgetting_part({"flip": {"mlp": {"1": lost}}})


def run(old: float, new: float, rows: int | None) -> dict[str, object]:
    return {"after": [{"A": 1.0}, {"A": old}], "new_concept": new, "new_rows": rows}


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ([(0.6, 0.9, 64)], [(0.5, 0.9, 64)], "ahead: +5.0; 64, 64"),
        ([(0.5, 0.9, 64)], [(0.6, 0.9, 64)], "**behind**: -5.0; 64, 64"),
        ([(0.5, 0.9, 64)], [(0.6, 0.9, None)], "| -5.0; 64, never"),
        ([(0.6, 0.8, 64)], [(0.5, 0.9, 64)], "| +0.0; 64, 64"),
        ([(0.5, 0.9, None)], [(0.5, 0.9, 64)], "**behind**: +0.0; never, 64"),
        ([(0.6, 0.9, 64), (0.5, 0.9, 32)], [(0.5, 0.9, 64), (0.6, 0.9, 96)], "| +0.0 (-5.0 to +5.0); 48, 80"),
    ],
)
def test_a_twin_is_as_good_where_neither_is_better_in_every_seed(
    ours: list[tuple[float, float, int | None]], theirs: list[tuple[float, float, int | None]], told: str
) -> None:
    learners = {
        name: {str(seed): run(*figures) for seed, figures in enumerate(runs)}
        for name, runs in (("EWC", ours), ("Avalanche EWC", theirs))
    }
    part = twins_part({"flip": learners})
    assert told in part
    assert part.endswith("behind in 1: EWC on *flip*." if "behind**" in told else "behind in none.")


def test_twins_that_share_no_seed_are_not_compared() -> None:
    assert twins_part({"flip": {"EWC": {"1": run(1, 1, 1)}, "Avalanche EWC": {"2": run(1, 1, 1)}}}) == ""


def test_the_second_concept_is_told_of_when_it_begins() -> None:
    begun: list[int] = []
    forgetting(Latest(True), back((0, 1, 0)), 32, begin=begun.append)
    assert begun == [0, 1, 2]


def test_a_concept_that_comes_back_comes_by_rows_that_judge_no_more() -> None:
    whole = and_back(back((0, 1)), rows=20)
    last = whole.phases[-1]
    assert (last.concept, len(last.learned), len(last.held_out)) == ("A", 20, 30)


def test_a_level_is_reached_when_it_first_is() -> None:
    assert rows_to([(32, 0.5), (64, 0.9), (96, 0.8)], 0.8) == 64
    assert rows_to([(32, 0.5)], 0.8) is None


def test_returns_are_summed_up_over_seeds() -> None:
    runs = {str(seed): {"rows": rows, "learned": 64} for seed, rows in enumerate((96, 192, 224, None))}
    assert recall_told(runs) == "median 192 rows, 96 to 224; 2 of 4 seeds within 200, 1 never"


@pytest.mark.parametrize("name", ["replay, concept balanced", "ensemble over time", "product, reservoir"])
def test_whoever_remembers_comes_to_the_same_twice(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--scenarios", "sea_and_back", "--learners", name, "--seeds", "1", "--rows", "320"]
    assert [main(few), main(few)] == [0, 0]
    once, again = capsys.readouterr().out.splitlines()
    assert once == again


def test_without_avalanche_its_strategies_are_said_to_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--scenarios", "sea_and_back", "--learners", "Avalanche EWC", "--seeds", "1", "--rows", "64"]
    assert main([*few, "--avalanche", str(tmp_path / "python")]) == 5
    assert "is not there" in capsys.readouterr().err


def test_cars_are_apart_in_agrawal_and_contradict_in_sea() -> None:
    low, high, _ = agrawal_disjoint(200, seed=1).phases
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


@dataclass
class Publisher:
    """Has published a version that answers every row alike."""

    answer: float
    published: int = 1
    regime: Regime = field(default_factory=lambda: Regime(1, ()))

    def predict_many(self, x_BF: Float32) -> Float32:
        return np.full((len(x_BF), 1), self.answer, np.float32)


def test_a_version_that_forgets_is_counted_unless_the_present_contradicts_what_it_forgot() -> None:
    held_out = Stream("A", np.zeros((10, 1), np.float32), np.zeros(10), 2)
    one = Publisher(answer=0.1)
    witness = Witness(one, held_out)
    witness.look(32)
    life = ((Regime(1, ()), 0.9), (Regime(2, (1,)), 0.9), (Regime(2, ()), 0.15), (Regime(2, ()), 0.9))
    for regime, answer in life:
        one.regime, one.answer, one.published = regime, answer, one.published + 1
        witness.look(32)
        witness.look(32)
    assert witness.told == {"judged": 2, "forgetting": 1}
