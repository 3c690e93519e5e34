"""All are scored on the same examples in the same order, on what could be known at the request."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.context import Context
from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from adapters.metrics_memory import MemoryMetrics
from models.determinism import make_deterministic
from models.evaluation.metrics import figures
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples, read_log
from schemas.pipeline_file import parse_pipeline
from schemas.records import Records
from services.baselines.core import Contest
from services.baselines.main import Following, report_file
from services.watch.board import read_board
from services.watch.summary import scores_table
from tests.services.learner.rig import SMALL, World, example_values

make_deterministic()
ROWS = 200
LEARNER = """learner:
  batch: 8
  score_window: 40
  replay: {size: 64, mix: 4}
  baselines:
    same: {}
    without_windows: {windows: false}
    river_logistic_regression: {model: {kind: river_logistic_regression}}
    river_hoeffding_adaptive_tree: {model: {kind: river_hoeffding_adaptive_tree}}
"""


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    head = SMALL.replace("MODEL", "tabular_resnet").replace("wait: 1h", "wait: 1m").split("learner:\n")[0]
    return contracts_of(parse_pipeline(head + LEARNER, "small.yaml"))


def log_of(contracts: Contracts) -> Examples:
    values = example_values(contracts, ROWS)
    zeros_B = np.zeros(ROWS, np.int64)
    keys, headers = [None] * ROWS, [()] * ROWS
    records = Records("e", zeros_B.astype(np.int32), np.arange(ROWS), zeros_B, keys, values, headers)
    examples, faults = read_log(contracts, records)
    assert not faults
    return examples


def run_through(contest: Contest, log: Examples, cuts: list[int]) -> None:
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        for _ in contest.add(log[start:end]):
            pass
    for _ in contest.finish():
        pass


@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=6).map(sorted))
def test_figures_do_not_depend_on_how_the_log_came(contracts: Contracts, cuts: list[int]) -> None:
    log = log_of(contracts)
    whole, other = Contest(contracts.pipeline), Contest(contracts.pipeline)
    run_through(whole, log, [])
    run_through(other, log, cuts)
    assert whole.figures() == other.figures()


def test_served_answers_are_scored_on_the_same_windows(contracts: Contracts) -> None:
    log, contest = log_of(contracts), Contest(contracts.pipeline)
    run_through(contest, log, [50, 120])
    found = contest.figures()
    assert (found["examples"], found["scored"], found["windows"], contest.waiting) == (ROWS, ROWS, 5, 0)
    assert set(found["scorers"]) == {"served", *contracts.pipeline.learner.baselines}
    parts = [slice(start, start + 40) for start in range(0, ROWS, 40)]
    expected = [figures("binary", log.output_BK[part], log.label_B[part]) for part in parts]
    assert found["scorers"]["served"]["recent"] == expected
    assert found["scorers"]["served"]["mean"]["roc_auc"] == pytest.approx(np.mean([w["roc_auc"] for w in expected]))
    assert all(len(side["recent"]) == 5 for side in found["scorers"].values())
    assert found["scorers"]["same"]["mean"]["roc_auc"] > 0.55


def test_figures_tell_how_much_is_labelled_and_how_late(contracts: Contracts) -> None:
    log, contest = log_of(contracts), Contest(contracts.pipeline)
    assert (contest.figures()["label_coverage"], contest.figures()["label_delay_seconds"]["p50"]) == (None, None)
    came_B = np.arange(ROWS) % 4 > 0
    run_through(contest, replace(log, observed_B=came_B), [77])
    told = contest.figures()
    assert told["label_coverage"] == 0.75
    delay_s_B = (log.label_time_B - log.request_time_B)[came_B] / 1000
    for quantile, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        assert told["label_delay_seconds"][quantile] == pytest.approx(np.quantile(delay_s_B, share), rel=0.1)


def test_while_examples_are_held_back_all_stand_at_the_same_window(contracts: Contracts) -> None:
    log, contest = log_of(contracts), Contest(contracts.pipeline)
    for _ in contest.add(log):
        pass
    found = contest.figures()
    assert 0 < contest.waiting < ROWS
    assert found["scored"] + contest.waiting == ROWS
    assert {len(side["recent"]) for side in found["scorers"].values()} == {found["windows"]}


def test_told_to_stop_it_scores_the_rest_and_writes_it_down(contracts: Contracts, tmp_path: Path) -> None:
    topics = MemoryTopics()
    topics.append(*example_values(contracts, ROWS), b"rubbish")
    context: Context = World(contracts, tmp_path, metrics=MemoryMetrics("baselines")).context()
    log = MemoryPartitionLog(topics)
    following = Following(context, log)
    context.stop.set()
    following.run()
    found = json.loads(report_file(tmp_path, "small").read_text())
    assert (found["complete"], found["examples"], found["scored"]) == (True, ROWS, ROWS)
    assert context.metrics.value("waiting_rows") == 0  # type: ignore[attr-defined]
    assert context.metrics.value("label_coverage_ratio") == 1  # type: ignore[attr-defined]
    assert context.metrics.value("label_delay_seconds", quantile="p50") > 0  # type: ignore[attr-defined]
    board = read_board(tmp_path, "small")
    assert board.label_coverage == 1
    assert "100.0% of the labels came" in str(scores_table(board).title)
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["small.baselines.json"]
