"""The job over stores and a broker in memory: every request is answered, and the answer says how it came about."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.memory_broker import MemoryBroker
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.status import Status
from schemas.topics import topic_name
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Predicts, Serving
from services.predictor.window_reader import LONGEST_PAUSE_MS, WindowReader
from tests.services.predictor.world import (
    NOON,
    PANE,
    FixedModels,
    answer_all,
    column,
    contracts,
    model,
    requests,
    write_windows,
)

DIGEST = bytes(range(32))


class Store(MemoryFeatureStore):
    """Counts its reads, and fails while `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.away = 0, False

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.reads += 1
        if self.away:
            raise DependencyError("Redis is away.")
        return super().read(keys)


class World:
    """A job with all that it stands on; time passes only while it waits."""

    def __init__(self, known: Contracts, seed: int | None = 0) -> None:
        self.contracts, self.store, self.metrics = known, Store(), MemoryMetrics("predictor")
        self.models = FixedModels(None if seed is None else Serving(7, DIGEST, model(known.layout, seed)))
        self.now = 0.0
        self.while_waiting: Callable[[], None] = lambda: None
        windows = WindowReader(known.pipeline, known.layout, self.store, lambda: self.now, self._pause)
        self.job = PredictorJob(known, windows, self.models, self.metrics, lambda: self.now)

    def _pause(self, seconds: float) -> bool:
        self.now += seconds * 1000
        self.while_waiting()
        return False

    def answers(self, values: Sequence[bytes | None], **options: Any) -> list[dict[str, Any]]:
        return answer_all(self.job, self.contracts, values, **options)[0]

    def ask(self, count: int = 3, time: float = NOON, **given: Any) -> list[dict[str, Any]]:
        return self.answers(requests(self.contracts, [f"r{i}" for i in range(count)], time, **given))


@pytest.fixture
def world() -> World:
    made = World(contracts())
    write_windows(made.store, made.contracts, NOON)
    return made


@pytest.mark.parametrize("target", ["binary", "multiclass", "regression"])
def test_an_answer_is_the_models_on_the_vector_that_it_records(target: str) -> None:
    world = World(contracts(target))
    write_windows(world.store, world.contracts, NOON)
    answers = world.ask(5)
    assert column(answers, "status") == [Status.OK] * 5
    assert column(answers, "reason") == [b""] * 5
    x_BF = np.stack(column(answers, "features"))
    np.testing.assert_array_equal(x_BF[:, -2:], [[i % 3, 3] for i in range(5)])
    assert world.models.serving is not None
    again = world.models.serving.model.predict_many(x_BF)
    np.testing.assert_allclose(np.stack(column(answers, "output")), again, atol=1e-6)
    assert column(answers, "version") == [7] * 5
    assert [bytes(d) for d in column(answers, "digest")] == [DIGEST] * 5
    assert column(answers, "features_time") == [NOON] * 5
    assert column(answers, "entity") == [b"a0", b"a1", b"a2", b"a0", b"a1"]


def test_one_round_trip_a_batch(world: World) -> None:
    world.ask(50)
    assert world.store.reads == 1


def test_an_older_request_reads_its_own_pane(world: World) -> None:
    answer, *_ = world.ask(1, NOON - PANE + 1)
    assert answer["features"][-1] == 2
    assert (answer["status"], answer["features_time"]) == (Status.OK, NOON - PANE)


def test_a_request_older_than_the_snapshots_is_stale(world: World) -> None:
    answer, *_ = world.ask(1, NOON - 10 * PANE)
    assert (answer["status"], b"snapshots" in answer["reason"]) == (Status.STALE, True)
    assert np.isnan(answer["features"][-2:]).all()


def test_it_waits_for_the_watermark(world: World) -> None:
    world.while_waiting = lambda: write_windows(world.store, world.contracts, NOON + PANE) if world.now > 20 else None
    answer, *_ = world.ask(1, NOON + PANE)
    assert (answer["status"], answer["features_time"]) == (Status.OK, NOON + PANE)
    assert world.now < world.contracts.pipeline.windows.wait


def test_it_waits_no_longer_than_allowed_and_says_stale(world: World) -> None:
    answer, *_ = world.ask(1, NOON + PANE)
    assert (answer["status"], answer["features_time"]) == (Status.STALE, NOON)
    assert b"windows.wait" in answer["reason"]
    assert world.now == pytest.approx(world.contracts.pipeline.windows.wait, abs=3)


def test_windows_that_stand_still_hold_up_the_traffic_for_twice_the_wait_at_most(world: World) -> None:
    for _ in range(20):
        world.ask(1, NOON + PANE)
    assert world.now <= 2 * world.contracts.pipeline.windows.wait + 20


def test_without_a_model_the_prior_answers_and_says_so() -> None:
    world = World(contracts("multiclass", prior=[0.5, 0.25, 0.25]), seed=None)
    write_windows(world.store, world.contracts, NOON)
    answer, *_ = world.ask(1)
    assert (answer["status"], answer["version"], bytes(answer["digest"])) == (Status.PRIOR, 0, bytes(32))
    np.testing.assert_array_equal(answer["output"], [0.5, 0.25, 0.25])
    assert b"prior" in answer["reason"]
    assert len(answer["features"]) == world.contracts.layout.width


def test_a_pipeline_without_windows_needs_no_store() -> None:
    world = World(contracts(windows=False))
    world.store.away = True
    answer, *_ = world.ask(1)
    assert answer["status"] == Status.OK
    assert math.isnan(answer["features_time"])
    assert world.store.reads == 0


def test_with_the_store_away_the_last_known_windows_serve(world: World) -> None:
    fresh = world.ask(3)
    world.store.away = True
    degraded = world.ask(3)
    assert column(degraded, "status") == [Status.DEGRADED] * 3
    np.testing.assert_array_equal(column(degraded, "features"), column(fresh, "features"))
    np.testing.assert_array_equal(column(degraded, "output"), column(fresh, "output"))
    assert world.metrics.value("degraded_ratio") == 1


def test_an_entity_that_was_never_read_is_missing_and_not_empty(world: World) -> None:
    known = world.ask(1, item="new")
    assert known[0]["features"][-1] == 0
    world.store.away = True
    answer, *_ = world.ask(1, item="newer")
    assert answer["status"] == Status.DEGRADED
    assert np.isnan(answer["features"][-2:]).all()


def test_a_store_that_is_away_is_asked_rarely_and_found_again(world: World) -> None:
    world.store.away, before = True, world.store.reads
    for _ in range(100):
        world.ask(1)
        world.now += 10
    assert world.store.reads - before <= 5
    world.store.away = False
    world.now += LONGEST_PAUSE_MS
    assert column(world.ask(2), "status") == [Status.OK] * 2
    assert world.metrics.value("degraded_ratio") == 0


@pytest.mark.parametrize(("trouble", "word"), [("away", b"away"), ("lost", b"lost")])
def test_a_model_store_that_is_away_or_has_lost_its_data_degrades_too(world: World, trouble: str, word: bytes) -> None:
    setattr(world.models, trouble, True)
    answer, *_ = world.ask(1)
    assert (answer["status"], answer["version"]) == (Status.DEGRADED, 7)
    assert b"the model store" in answer["reason"]
    assert word in answer["reason"]
    assert world.metrics.value("degraded_ratio") == 1


class _Nonsense(Predicts):
    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        output_BK = np.full((len(x_BF), 1), 0.5, np.float32)
        output_BK[::2] = np.nan
        return output_BK


def test_nonsense_of_a_model_is_an_error_and_no_prediction(world: World) -> None:
    world.models.serving = Serving(8, DIGEST, _Nonsense())
    answers = {a["request_id"]: a for a in world.ask(4)}
    for i in range(4):
        answer = answers[b"r%d" % i]
        assert answer["status"] == (Status.OK if i % 2 else Status.ERROR)
        assert len(answer["output"]) == i % 2
        assert len(answer["features"]) == world.contracts.layout.width
        assert answer["version"] == 8


def test_all_kinds_of_trouble_in_one_batch(world: World) -> None:
    known = world.contracts
    good = requests(known, ["good", "late", "twice", "twice"])
    bad = requests(known, ["bad", ""], size=[99, 1])
    values = [good[0], b"garbage", good[1], bad[0], good[2], None, bad[1], good[3]]
    headers = [(("deadline-ms", b"1"),) if v is good[1] else () for v in values]
    answers, broker = answer_all(world.job, known, values, headers)
    by_id = {a["request_id"]: a for a in answers}
    assert {i: Status(a["status"]).symbol for i, a in by_id.items()} == {
        b"good": "ok",
        b"late": "expired",
        b"bad": "rejected",
        b"twice": "ok",
    }
    assert len(answers) == 4
    assert [len(by_id[i]["output"]) for i in (b"late", b"bad")] == [0, 0]
    dead = broker.records(topic_name("shop", "dead-letters"))
    assert sorted(d.key or b"" for d in dead) == [b"shop.requests.v1/0/%d" % o for o in (1, 5, 6, 7)]


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 17), st.sets(st.integers(0, 10)))
def test_each_id_once_however_the_batches_are_cut_and_die(
    rng: random.Random, max_batch: int, crashes: set[int]
) -> None:
    world = World(contracts())
    write_windows(world.store, world.contracts, NOON)
    ids = [f"r{i}" for i in range(40)]
    answers, broker = answer_all(
        world.job, world.contracts, requests(world.contracts, ids), rng=rng, max_batch=max_batch, crashes=crashes
    )
    assert Counter(column(answers, "request_id")) == Counter(i.encode() for i in ids)
    np.testing.assert_array_equal(
        [a["features"] for a in sorted(answers, key=lambda a: int(a["request_id"][1:]))],
        column(_undisturbed(40), "features"),
    )
    sketches, _ = world.contracts.codec("Sketch").decode(
        [s.value for s in broker.records(topic_name("shop", "sketches"))]
    )
    assert sketches.columns["rows"].sum() == 40


def _undisturbed(count: int) -> list[dict[str, Any]]:
    world = World(contracts())
    write_windows(world.store, world.contracts, NOON)
    return world.ask(count)


def test_counts_are_those_of_the_answers(world: World) -> None:
    known = world.contracts
    broker = MemoryBroker({"t": 1})
    broker.send(
        "t", [*requests(known, ["a", "b", "b"]), *requests(known, ["c"], size=99), b"?"], timestamp_ms=int(NOON) - 40
    )
    outputs = world.job.process(Batch((broker.read("t", [(0, 0, 5)]),), NOON))
    assert outputs.counts == {
        "predictions_total:ok": 2,
        "predictions_total:rejected": 1,
        "dead_letters_total:too_short": 1,
        "dead_letters_total:duplicate_request": 1,
    }
    assert world.metrics.histograms("answer_seconds")[()].total == pytest.approx(5 * 0.04)
    assert world.job.process(Batch((), NOON)).records == ()


def test_a_request_dated_far_ahead_is_answered_but_neither_awaited_nor_sketched(world: World) -> None:
    year = 365 * 86_400_000.0
    answers, broker = answer_all(
        world.job,
        world.contracts,
        [*requests(world.contracts, ["a"]), *requests(world.contracts, ["b"], NOON + year)],
    )
    assert column(answers, "status") == [Status.OK, Status.STALE]
    assert world.now == 0, "the watermark cannot come that far: nobody waits for it"
    sketches, _ = world.contracts.codec("Sketch").decode(
        [s.value for s in broker.records(topic_name("shop", "sketches"))]
    )
    assert (sketches.columns["rows"].tolist(), sketches.columns["watermark"].tolist()) == ([1], [NOON])
