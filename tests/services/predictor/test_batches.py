"""Whatever stands in a batch, and however batches are cut, each request gets one answer, and is counted once."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory_broker import MemoryBroker
from adapters.ports import Batch
from schemas.status import Status
from schemas.topics import topic_name
from tests.services.predictor.job_world import World
from tests.services.predictor.world import (
    NOON,
    answer_all,
    column,
    contracts,
    requests,
    write_windows,
)


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
