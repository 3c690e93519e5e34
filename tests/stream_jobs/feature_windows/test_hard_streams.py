"""Late events, wrong clocks, silent partitions, bad bytes, and entities that come once and never again."""

from __future__ import annotations

import random

import numpy as np
import pytest

from adapters.memory_loop import run_job_in_memory
from schemas.contracts import contracts_of
from schemas.errors import ConfigurationError, DataError
from schemas.feature_format import windows_fingerprint
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.feature_windows.partition import Partition
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.feature_windows.upkeep import RETIRED_MS
from tests.stream_jobs.feature_windows.stream import (
    PANE,
    SNAPSHOTS,
    World,
    encoded_event,
    encoded_progress,
    pipeline,
    random_events,
    world,
)
from tests.stream_jobs.feature_windows.window_reference import Event, reference_vector


def weather(time: float, place: str = "x", wind: float = 1.0) -> Event:
    return Event("weather", time, {"place": place, "wind": wind})


def send(w: World, *events: Event, partition: int = 0) -> None:
    w.send([encoded_event(w.contracts, e) for e in events], partition)


def column(w: World, name: str, time: float, place: str = "x") -> float:
    read = w.read(w.store.snapshot(), time, "a", place)
    names = w.contracts.layout.names[-read.x_BW.shape[1] :]
    return float(read.x_BW[0, names.index(name)])


def test_an_event_of_a_closed_pane_is_a_dead_letter_and_changes_nothing() -> None:
    w = world(lateness=0)
    send(w, weather(500, wind=5), weather(3000))
    w.fan_out()
    send(w, weather(700, wind=-9), weather(3100, wind=4), weather(7000))
    w.fan_out()
    w.windows()
    assert w.letters() == ["late_event"]
    assert column(w, "weather_wind_min_4s_by_place", 2000.0) == 5.0
    assert column(w, "weather_wind_min_4s_by_place", 7000.0) == 1.0


def test_the_letter_of_late_events_holds_them_and_no_others() -> None:
    w = world(lateness=0)
    send(w, weather(3000))
    w.fan_out()
    send(w, weather(700, "late"), weather(3100, "fine"))
    w.fan_out()
    w.windows()
    (letter,) = w.broker.records("w.dead-letters.v1")
    value = w.contracts.decode([letter.value], ("DeadLetter",)).parts[0].columns["value"][0]
    pane = w.contracts.decode([value], ("Pane",)).parts[0].columns
    assert (pane["entities"][0], pane["first_offset"][0], pane["last_offset"][0]) == (b"late", 1, 2)


def test_a_clock_that_jumps_closes_no_panes() -> None:
    w = world(lateness=0)
    send(w, weather(500), weather(500 + 400 * 86_400_000.0), weather(900))
    w.fan_out()
    w.windows()
    assert w.letters() == ["clock_jump"]
    assert w.closed(w.store.snapshot()) == [-np.inf]


def test_a_jump_that_the_source_promises_is_taken() -> None:
    w, later = world(lateness=0), 400 * 86_400_000.0
    send(w, weather(500))
    w.send([encoded_progress(w.contracts, later)], 0)
    send(w, weather(later + 1))
    w.fan_out()
    w.windows()
    assert w.letters() == []
    assert w.closed(w.store.snapshot()) == [later]


def test_a_silent_partition_holds_back_until_it_counts_as_idle() -> None:
    w = world(sources=2, lateness=0)
    send(w, weather(500), weather(5000))
    job = FanOut(w.contracts, 2, 1)
    run_job_in_memory(job, w.broker, "fan_out", ticks=20, tick_ms=200.0)
    w.windows()
    assert w.closed(w.store.snapshot()) == [-np.inf]
    run_job_in_memory(job, w.broker, "fan_out", ticks=40, tick_ms=200.0)
    w.windows()
    assert w.closed(w.store.snapshot()) == [5000.0]


def test_bad_bytes_and_impossible_times_are_dead_letters_and_the_rest_goes_on() -> None:
    w = world(lateness=0)
    good = encoded_event(w.contracts, weather(500))
    w.send([b"junk junk", good[:-3], good, encoded_event(w.contracts, weather(-1e300))], 0)
    w.send([encoded_progress(w.contracts, 5000)], 0)
    w.fan_out()
    w.broker.send("w.panes.v1", [b"junk"], partition=0)
    w.windows()
    assert len(w.letters()) == 4
    assert set(w.letters()) >= {"bad_magic", "bad_time"}
    assert column(w, "weather_wind_min_4s_by_place", 2000.0) == 1.0


def test_separators_in_keys_do_not_mix_entities_up() -> None:
    w = world(lateness=0)
    tricky = [("a\x1fx", "x"), ("a", "x\x1fx")]
    events = [
        Event("landed", 500.0 + i, {"plane": p, "airport": a, "delay": 1.0, "late": float(i)})
        for i, (p, a) in enumerate(tricky)
    ]
    send(w, *events)
    w.send([encoded_progress(w.contracts, 5000)], 0)
    w.fan_out()
    w.windows()
    for plane, place in tricky:
        read = w.read(w.store.snapshot(), 1000.0, plane, place)
        want = reference_vector(
            w.contracts.pipeline, w.contracts.layout, events, 1000.0, {"plane": plane, "place": place}
        )
        np.testing.assert_array_equal(read.x_BW[0], want)


def test_the_state_stays_bounded_when_entities_come_once() -> None:
    w, rng = world(lateness=0), random.Random(5)
    for i in range(400):
        send(
            w,
            weather(i * PANE, f"p{i}"),
            Event("landed", i * PANE, {"plane": f"p{i}", "airport": rng.choice("xy"), "delay": 1.0, "late": 0.0}),
        )
    w.fan_out()
    w.windows()
    plan, mark = (
        plan_of(w.contracts.pipeline, w.contracts.layout),
        windows_fingerprint(w.contracts.pipeline, w.contracts.layout),
    )
    log = w.broker.latest("w.windows-changelog.v1", 0)
    restored = Partition(plan, mark, log.items())
    # 20 half-lives of 7 panes, and as long as rows are remembered after that
    assert all(len(kind.names) < 220 for kind in restored._kinds)
    assert len(log) < 400
    held = w.store.snapshot()
    w.store.now_s = RETIRED_MS / 1000
    assert len(w.store.snapshot()) < len(held) / 2
    assert len(w.store.snapshot()) < 3 * 220


def test_an_entity_let_go_of_reads_as_before_and_an_old_write_does_not_bring_it_back() -> None:
    w = world(lateness=0)
    events = [weather(500, "gone", 3.0), weather(3000)]
    run_over(w, *events)
    before = w.store.snapshot()
    (key,) = [k for k in before if k.endswith(b":gone")]
    for pane in range(4, 90):
        events.append(weather(pane * PANE + 5))
        run_over(w, events[-1])
    assert len(w.store.snapshot()[key]) < len(before[key])
    for late in range(SNAPSHOTS + 1):
        time = w.closed(w.store.snapshot())[0] - late * PANE
        read = w.read(w.store.snapshot(), time, "a", "gone")
        want = reference_vector(w.contracts.pipeline, w.contracts.layout, events, time, {"plane": "a", "place": "gone"})
        np.testing.assert_array_equal(read.x_BW[0], want)
        assert not read.out_of_reach_B.any()
    assert w.store.write([key], [before[key]]) == 0, "what a fenced process still writes is older"
    assert w.read(w.store.snapshot(), 1000.0, "a", "gone").out_of_reach_B.all(), "nobody knows any more what it was"
    run_over(w, weather(91 * PANE, "gone", 7.0), weather(95 * PANE))
    assert column(w, "weather_wind_min_4s_by_place", 92.0 * PANE, "gone") == 7.0


def run_over(w: World, *events: Event) -> None:
    send(w, *events)
    w.fan_out()
    w.windows()


def test_state_of_other_windows_is_refused() -> None:
    w = world()
    w.send_all(random_events(random.Random(1), 20, 10), random.Random(1), 20_000)
    w.fan_out()
    w.windows()
    log = w.broker.latest("w.windows-changelog.v1", 0)
    plan = plan_of(w.contracts.pipeline, w.contracts.layout)
    with pytest.raises(ConfigurationError, match="have changed"):
        Partition(plan, 1, log.items())
    mark = windows_fingerprint(w.contracts.pipeline, w.contracts.layout)
    with pytest.raises(DataError, match="cannot be read"):
        Partition(plan, mark, {**log, b"h/9/9/1": b"x" * 40}.items())


def test_a_pipeline_without_windows_has_nothing_to_do() -> None:
    bare = pipeline().model_copy(update={"windows": pipeline().windows.model_copy(update={"groups": ()})})
    w = World(contracts_of(bare), 1, 1)
    send(w, weather(500), weather(5000))
    w.fan_out()
    w.windows()
    assert [k for k in w.store.snapshot() if not k.startswith(b"anabranch:w:w:")] == []
