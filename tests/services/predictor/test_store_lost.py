"""A feature store that has lost its data: no answer says `ok` until its windows are whole again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch, FeatureStore
from adapters.redis_client import connect
from schemas.contracts import Contracts
from schemas.status import Status
from schemas.topics import topic_name
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Serving
from services.predictor.window_reader import WindowReader
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.feature_windows.windows import Windows
from tests.services.predictor.job_world import DIGEST, World
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


def test_lost_windows_are_served_as_last_known_and_said_so() -> None:
    world = World(contracts())
    write_windows(world.store, world.contracts, NOON)
    before = world.ask()
    world.store.lose()
    for _ in range(3):
        during = world.ask()
        assert column(during, "status") == [Status.DEGRADED] * 3
        assert b"lost its data" in during[0]["reason"]
        np.testing.assert_array_equal(column(during, "features"), column(before, "features"))
    write_windows(world.store, world.contracts, NOON)
    assert column(world.ask(), "status") == [Status.OK] * 3


@pytest.mark.parametrize("begun", [False, True])
def test_a_predictor_that_knew_nothing_before_says_stale_and_serves_nothing(begun: bool) -> None:
    world = World(contracts())
    if begun:  # some entities are back, the watermark is not
        write_windows(world.store, world.contracts, NOON)
        mark = next(iter(k for k in world.store.snapshot() if b":w:" in k))
        world.store.restart({k: v for k, v in world.store.snapshot().items() if k != mark})
    answers = world.ask()
    assert column(answers, "status") == [Status.STALE] * 3
    assert b"no windows yet, or has lost them" in answers[0]["reason"]
    assert np.isnan(np.stack(column(answers, "features"))[:, -2:]).all()
    assert np.isnan(column(answers, "features_time")).all()


def test_while_a_real_store_is_flushed_and_healed_no_answer_is_ok_and_wrong(stack: StackAddresses) -> None:
    known, rng = contracts(name="lost"), random.Random(3)
    client = connect(stack.redis_url.removesuffix("/0") + "/8")
    store = RedisFeatureStore(client)
    job = predictor(known, store)
    ask = partial(answer_all, job, known, requests(known, ["r1", "r2", "r3"]))
    heal = healer(known, store)
    next(heal)
    want = column(ask()[0], "features")
    assert column(ask()[0], "status") == [Status.OK] * 3
    seen = set[int]()
    for _ in range(30):
        if rng.random() < 0.4:
            client.flushdb()
        answers = ask()[0]
        seen |= set(column(answers, "status"))
        if Status.OK in column(answers, "status"):
            np.testing.assert_array_equal(column(answers, "features"), want)
        next(heal)
    assert seen == {Status.OK, Status.DEGRADED}
    client.close()


def predictor(known: Contracts, store: FeatureStore) -> PredictorJob:
    serving = FixedModels(Serving(7, DIGEST, model(known.layout)))
    windows = WindowReader(known.pipeline, known.layout, store, lambda: 0.0, lambda seconds: True)
    return PredictorJob(known, windows, serving, MemoryMetrics("predictor"), lambda: 0.0)


def healer(known: Contracts, store: FeatureStore) -> Iterator[None]:
    """The windows of three items up to noon; then a tick whenever it is asked for."""
    features, panes = topic_name("lost", "features"), topic_name("lost", "panes")
    broker = MemoryBroker({features: 1, panes: 1, topic_name("lost", "clock-changelog"): 1})
    sold = known.codec("sold")
    times = NOON - np.array([3, 2, 1, 1]) * PANE + 5
    items, prices = np.array([b"a0", b"a1", b"a2", b"a0"]), np.array([1, 2, 3, 4], np.float32)
    values = sold.encode({"event_time": times, "item": items, "price": prices})
    promise = known.codec("Progress").encode({"event_time": np.array([NOON + known.pipeline.windows.lateness])})
    broker.send(features, [*values, *promise], partition=0)
    run_job_in_memory(FanOut(known, 1, 1), broker, "fan_out")
    job, now_ms = Windows(known, store, slice_=1), 0.0
    job.assign(0, ())
    rows = broker.read(panes, [(0, 0, broker.end((panes, 0)))])
    job.process(Batch((rows,), now_ms))
    while True:
        yield
        now_ms += 500.0
        job.process(Batch((), now_ms))
