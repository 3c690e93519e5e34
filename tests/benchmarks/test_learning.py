"""The ground on which learners are compared is level: nobody sees a label early, and the figures are what they say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.learning.__main__ import main
from benchmarks.learning.contestants import CONTESTANTS, contestant
from benchmarks.learning.figures import figures, guesses, kappa_temporal, last_known, windowed_auc
from benchmarks.learning.generators import GENERATED
from benchmarks.learning.page import page
from benchmarks.learning.prequential import play
from benchmarks.learning.streams import Stream, real_stream
from models.determinism import make_deterministic
from models.protocol import Float32, Float64


class Witness:
    """Answers with how many labels it has been given; each row's first column is its number."""

    def __init__(self) -> None:
        self.rows: list[float] = []

    def predict_many(self, x_BF: Float32) -> Float32:
        return np.full((len(x_BF), 1), len(self.rows), np.float32)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        self.rows += x_BF[:, 0].tolist()


def numbered(rows: int) -> Stream:
    return Stream("numbered", np.arange(rows, dtype=np.float32)[:, None], (np.arange(rows) % 2).astype(np.float64), 2)


@given(st.integers(1, 60), st.integers(0, 70), st.integers(1, 20))
@settings(deadline=None)
def test_no_label_is_known_early_nor_later_than_its_delay_and_batch(rows: int, delay: int, batch: int) -> None:
    witness = Witness()
    known_T = play(witness, numbered(rows), delay, batch).output_TK[:, 0]
    row_T = np.arange(rows)
    assert (known_T <= np.maximum(row_T - delay, 0)).all()
    assert (known_T > row_T - delay - batch).all()
    assert witness.rows == list(range(max(rows - delay, 0)))


@given(st.integers(1, 50), st.integers(0, 60))
def test_whoever_repeats_the_last_label_is_told_as_such(rows: int, delay: int) -> None:
    random = np.random.default_rng(rows)
    stream = Stream("random", np.zeros((rows, 1), np.float32), random.integers(0, 3, rows).astype(np.float64), 3)
    played = play(contestant("last_label", stream, delay, 1), stream, delay, 1)
    assert np.array_equal(guesses(played.output_TK), last_known(stream.y_T, delay))
    kappa = figures(played.output_TK, stream.y_T, delay)["kappa_temporal"]
    assert kappa == 0 or np.isnan(kappa)


def test_kappa_is_one_for_who_is_always_right_and_negative_for_who_is_worse_than_the_last_label() -> None:
    assert kappa_temporal(1.0, 0.8) == 1
    assert kappa_temporal(0.7, 0.8) < 0


def test_auc_is_of_windows_and_not_pooled() -> None:
    # Within each window the order is right; the scores of the second lie below all of the first.
    y_T = np.tile([0.0, 1.0], 100)
    score_T = np.where(y_T == 1, 0.9, 0.8) - np.repeat([0.0, 0.7], 100)
    output_TK = score_T.astype(np.float32)[:, None]
    assert windowed_auc(output_TK, y_T, 100) == 1
    assert windowed_auc(output_TK, y_T, 200) < 1


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_stream_is_its_seed_alone(name: str) -> None:
    first, again, other = (GENERATED[name](60, seed) for seed in (1, 1, 2))
    assert first.name == name
    assert len(first) == 60
    assert np.array_equal(first.x_TF, again.x_TF)
    assert np.array_equal(first.y_T, again.y_T)
    assert not np.array_equal(first.x_TF, other.x_TF)
    assert set(first.y_T) <= {0.0, 1.0}


def test_a_recurring_stream_goes_and_comes_back() -> None:
    stream = GENERATED["stagger_recurring"](600, 3)
    # STAGGER's first function: small and red.
    first_T = (stream.x_TF[:, 0] == 0) & (stream.x_TF[:, 1] == 0)
    agrees_T = first_T == stream.y_T
    assert agrees_T[:200].all()
    assert agrees_T[400:].all()
    assert agrees_T[200:400].mean() < 0.9


def test_classes_are_numbered_from_nought(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "insects_gradual_balanced.csv.gz", "wt", encoding="utf-8") as file:
        file.write("a,label\n0.5,2\n0.25,4\n1,2\n")
    stream = real_stream("insects", tmp_path)
    assert stream.y_T.tolist() == [0, 1, 0]
    assert stream.x_TF.tolist() == [[0.5], [0.25], [1]]


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_contestant_plays_to_the_same_answers_twice(name: str) -> None:
    make_deterministic()
    stream = GENERATED["sea_abrupt"](120, 1)
    played = [play(contestant(name, stream, 10, 1), stream, 10, 4).output_TK for _ in range(2)]
    assert np.array_equal(played[0], played[1])
    assert ((played[0] >= 0) & (played[0] <= 1)).all()


def test_results_are_kept_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = [*("--streams", "sea_abrupt"), *("--delays", "0,5"), *("--out", str(tmp_path)), "--json"]
    file = tmp_path / "benchmarks" / "results" / "learning.json"
    assert main([*few, "--learners", "last_label", "--rows", "200"]) == 0
    assert not file.exists(), "a quick look is no result"
    assert main([*few, "--learners", "last_label"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])["sea_abrupt"]["runs"]
    assert set(told) == {"last_label, delay 0, batch 1", "last_label, delay 5, batch 1"}
    assert main([*few, "--learners", "logistic_regression"]) == 0
    result = json.loads(file.read_text(encoding="utf-8"))
    assert len(result["streams"]["sea_abrupt"]["runs"]) == 4
    told_page = tmp_path / "docs" / "learning-benchmark.md"
    assert told_page.read_text(encoding="utf-8") == page(result)
    assert told_page.with_suffix(".png").stat().st_size > 0


def test_a_stream_that_is_not_there_is_said_and_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*("--streams", "elec2"), *("--data", str(tmp_path)), *("--out", str(tmp_path))]
    assert main(asked) == 5
    assert "elec2 is not measured" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--streams", "elec3"], ["--learners", "x"], ["--delays", "-1"], ["--batches", "0"]])
def test_a_mistake_is_told_before_anything_is_run(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err
