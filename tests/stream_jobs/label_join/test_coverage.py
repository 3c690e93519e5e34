"""What the join says of all answers it has read: their coverage, and how good they are with and without labels."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.memory_broker import MemoryBroker
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch
from schemas.contracts import Contracts
from schemas.metrics import labelled
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    CHANGELOG,
    LABELS,
    PREDICTIONS,
    Answer,
    Event,
    Label,
    Progress,
    broker_of,
    small_contracts,
)
from tests.stream_jobs.label_join.traffic import send as send_events


class Turns:
    """A job given each turn's events as one batch, committed as a loop would."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts, self.broker = contracts, broker_of(contracts)
        self.job = LabelJoin(contracts)
        self.job.assign(0, ())
        self._read = {PREDICTIONS: 0, LABELS: 0}

    def turn(self, *events: Event) -> dict[str, float]:
        answers = [event for event in events if isinstance(event, Answer)]
        send_events(self.contracts, self.broker, answers, [e for e in events if not isinstance(e, Answer)])
        records = []
        for topic, first in self._read.items():
            end = self._read[topic] = self.broker.end((topic, 0))
            records += [self.broker.read(topic, [(0, first, end)])] if end > first else []
        outputs = self.job.process(Batch(tuple(records), 0.0, frozenset()))
        self.broker.commit("join", outputs.records, {})
        return dict(outputs.gauges)

    def again(self) -> None:
        """As after a rebalance: what is not in the changelog is forgotten."""
        self.job.revoke(0)
        self.job.assign(0, latest(self.broker).items())


def latest(broker: MemoryBroker) -> dict[bytes, bytes]:
    return broker.latest(CHANGELOG, 0)


def bounds(gauges: dict[str, float], score: str) -> list[float]:
    return [gauges[f"whole_score:{score}:{bound}"] for bound in ("labelled", "worst", "best", "at_random")]


def test_each_label_narrows_the_bounds_down_to_the_score() -> None:
    """All answers are 0.5, so that 0 is what they chose."""
    turns = Turns(small_contracts())
    gauges = turns.turn(*(Answer(f"r{i}", 1000.0) for i in range(4)))
    assert gauges["coverage_ratio"] == 0
    assert bounds(gauges, "accuracy") == pytest.approx([np.nan, 0, 1, np.nan], nan_ok=True)
    gauges = turns.turn(Label("r0", 1001.0, 0), Label("nobody", 1001.0, 0))
    assert (gauges["coverage_ratio"], bounds(gauges, "accuracy")) == (0.25, [1, 0.25, 1, 1])
    gauges = turns.turn(Label("r1", 1001.0, 1), Label("r2", 1001.0, 1), Label("r3", 1001.0, 0))
    assert (gauges["coverage_ratio"], bounds(gauges, "accuracy")) == (1, [0.5] * 4)
    assert bounds(gauges, "log_loss") == pytest.approx([np.log(2)] * 4)


def test_answers_that_time_out_stay_unlabelled_and_a_default_is_a_label() -> None:
    dropping, believing = small_contracts(), small_contracts(on_timeout="default", default=1)
    for contracts, coverage in ((dropping, 0.5), (believing, 1)):
        turns = Turns(contracts)
        turns.turn(Answer("a", 1000.0), Answer("b", 1000.0), Label("a", 1001.0, 0))
        assert turns.turn(Progress(1200.0))["coverage_ratio"] == coverage


def test_labels_of_answers_from_before_a_rebalance_are_left_out() -> None:
    turns = Turns(small_contracts())
    turns.turn(*(Answer(f"old{i}", 1000.0) for i in range(5)))
    turns.again()
    assert turns.turn(Label("old0", 1001.0, 1)) == {}
    gauges = turns.turn(Answer("new", 1000.0), Label("old1", 1001.0, 1))
    assert gauges["coverage_ratio"] == 0
    gauges = turns.turn(Label("new", 1001.0, 0), Label("old2", 1001.0, 1))
    assert (gauges["coverage_ratio"], bounds(gauges, "accuracy")) == (1, [1] * 4)


def test_each_gauge_is_a_metric_of_the_process() -> None:
    metrics = MemoryMetrics("label_join")
    for key, value in Turns(small_contracts()).turn(Answer("a", 1000.0)).items():
        name, labels = labelled(key)
        metrics.gauge(name, value, **labels)
    assert len(metrics.values("whole_score")) == 8
