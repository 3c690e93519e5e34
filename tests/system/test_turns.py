"""On real servers: answers turn round and back; the gate proves, recalls and remembers while the learner is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from models.determinism import make_deterministic
from schemas.source import SourceEvent
from services.cli.gate import app as gate
from services.cli.session import Session
from tests.system.laws import check_answered_once, check_labels_accounted, check_learner, check_verified
from tests.system.running import Plan, Run, run_loop
from tests.system.streams import START_MS, in_order

make_deterministic()
STAY: Final = 1536
"""Requests of each regime."""
SETTLED: Final = 512
"""So many of its last ones are answered by a version that knows it."""
KILLS: Final = (STAY // 2, 2 * STAY + STAY // 4)
TEXT: Final = """
pipeline: turns
topics: {partitions: 1}
request:
  entity: user
  fields:
    user: {type: category, buckets: 8}
    a: {type: number, range: [-10, 10]}
    b: {type: number, range: [-10, 10]}
target: {type: binary}
join: {wait: 2h, early: 1m}
model: {kind: mlp, hidden: 16, blocks: 1, embedding: 2, optimiser: {rate: 0.01}}
learner:
  batch: 16
  cadence: 128
  checkpoint: 256
  score_window: 200
  replay: {kind: concept_balanced, size: 500, mix: 16}
  reactions: [{alarm: error_rate, do: {raise_rate: {times: 3, over: 512}}}]
gate: {policy: better, follow: 512, concepts: {window: 128, sample: 128}}
replay: {source: "tests.system.test_turns:turns", max_model_lag: 10m}
"""


def turns() -> Iterator[SourceEvent]:
    """The sign of a − b, then its contrary, then the sign again; each label a second after its request."""
    random, events = np.random.default_rng(5), list[SourceEvent]()
    for number in range(3 * STAY):
        now, turned = START_MS + number * 2_000, (number // STAY) % 2 == 1
        a, b = (float(np.float32(np.clip(x, -10, 10))) for x in random.normal(0, 3, 2))
        fields: dict[str, float | str] = {"user": f"u{number % 8}", "a": a, "b": b}
        events.append(SourceEvent(now, "request", "request", f"r{number}", fields))
        events.append(SourceEvent(now + 1_000, "label", "label", f"r{number}", {"label": float((a > b) != turned)}))
    return iter(in_order(events))


@pytest.fixture(scope="module")
def run(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """With the learner killed in the first regime, and while the last one comes back."""
    due = [*KILLS]

    def kill(session: Session, answers: int) -> None:
        if due and answers > due[0]:
            session.supervisor.kill("learner")
            session.start("learner")
            due.pop(0)

    done = run_loop(stack, tmp_path_factory.mktemp("turns"), TEXT, turns(), Plan(disturb=kill))
    assert not due, "the learner was killed twice"
    return done


def test_nothing_is_lost_or_doubled_and_the_gate_decides_the_same_again(run: Run, stack: StackAddresses) -> None:
    check_answered_once(run)
    check_labels_accounted(run)
    check_learner(run)
    check_verified(run, stack)


def test_each_regime_is_known_in_the_end(run: Run) -> None:
    answers = run.outcome.predictions
    order = np.argsort(answers["request_time"], kind="stable")
    labels = {
        bytes(i): y for i, y in zip(run.outcome.examples["request_id"], run.outcome.examples["label"], strict=True)
    }
    right = np.array(
        [(answers["output"][row][0] >= 0.5) == labels[bytes(answers["request_id"][row])] for row in order], np.bool_
    )
    known = [right[end - SETTLED : end].mean() for end in (STAY, 2 * STAY, 3 * STAY)]
    assert min(known) > 0.9, known


def test_what_was_decided_is_told(run: Run, stack: StackAddresses, tmp_path: Path) -> None:
    told = decisions(run, stack, tmp_path)
    outcomes = [row["outcome"] for row in told]
    assert {"published", "refused", "recalled"} == set(outcomes)
    published = [row for row in told if row["outcome"] == "published" and "log_e" in row["scores"]]
    assert any(row["scores"]["log_e"] < row["scores"]["log_e_needed"] for row in published), "some follow a proof"
    recalled = next(row for row in told if row["outcome"] == "recalled")
    before = {row["number"]: row["digest"] for row in told if row["examples"] <= STAY}
    assert recalled["digest"] == before[int(recalled["scores"]["recalled"])], "a version of the first regime is back"
    assert recalled["number"] in set(run.outcome.predictions["version"].tolist()), "and it has answered"


def decisions(run: Run, stack: StackAddresses, folder: Path) -> list[dict[str, Any]]:
    file = folder / "turns.yaml"
    file.write_text(TEXT)
    words = ["list", "--pipeline", str(file), "--bootstrap", run.bootstrap, "--redis", stack.redis_url, "--json"]
    found: list[dict[str, Any]] = json.loads(CliRunner().invoke(gate, words, catch_exceptions=False).stdout)
    return found
