"""Whatever the sink, works become final in their order; only one that needs turns is waited for at each."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from adapters.loop.committer import Committer
from adapters.loop.work import Work
from adapters.ports import Outgoing, Summary

MOST = 8
WITHIN_S = 20.0


class Log:
    """A sink that notes what it is asked."""

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once
        self.asked: list[tuple[str, int]] = []
        self.refuses = False
        self.gate = threading.Event()
        self.gate.set()

    def write(self, work: Work) -> None:
        self.asked.append(("write", offset_of(work)))

    def add(self, records: tuple[Outgoing, ...]) -> None:
        self.asked += [("add", int(value or b"")) for out in records for value in out.values]

    def flush(self, work: Work) -> None:
        assert self.gate.wait(WITHIN_S)
        if self.refuses:
            raise ValueError("the broker refuses")
        self.asked.append(("flush", offset_of(work)))

    def commit(self, work: Work) -> None:
        self.asked.append(("commit", offset_of(work)))

    def settle(self, wait: bool) -> None: ...

    def abandon(self) -> None: ...


def total(parts: Sequence[int]) -> tuple[Outgoing, ...]:
    return (Outgoing("totals", [None], [b"%d" % sum(parts)]),)


def work(offset: int, rows: int = 1) -> Work:
    return Work((), {("t", 0): offset}, {"t": rows}, summaries=(Summary(rows, total),))


def offset_of(work: Work) -> int:
    return work.offsets["t", 0]


@contextmanager
def committer(sink: Log) -> Iterator[tuple[Committer, list[int]]]:
    final = list[int]()
    made = Committer(sink, MOST, lambda work, _: final.append(work.size))
    try:
        yield made, final
    finally:
        made.end(WITHIN_S)


@pytest.mark.parametrize("at_once", [False, True])
def test_works_become_final_in_order_and_none_is_left_after_a_drain(at_once: bool) -> None:
    sink = Log(at_once)
    with committer(sink) as (made, final):
        for offset in range(1, 31):
            assert made.offer(work(offset), WITHIN_S)
        assert made.drain(WITHIN_S)
        assert made.idle
        assert sum(final) == 30
        assert [rows for step, rows in sink.asked if step == "add"] == final, "each summary is of what became final"
        assert all(rows <= MOST for rows in final)
    committed = [offset for step, offset in sink.asked if step == "commit"]
    assert committed == sorted(committed)
    assert committed[-1] == 30


def test_at_once_records_are_written_by_the_one_who_offers_and_do_not_wait_for_those_before() -> None:
    sink = Log(at_once=True)
    sink.gate.clear()
    with committer(sink) as (made, final):
        for offset in range(1, MOST + 1):
            assert made.offer(work(offset), 0.0)
        assert sink.asked == [("write", offset) for offset in range(1, MOST + 1)]
        assert not final
        sink.gate.set()
        assert made.drain(WITHIN_S)
        assert sum(final) == MOST


@pytest.mark.parametrize("at_once", [False, True])
def test_what_waits_is_bounded(at_once: bool) -> None:
    sink = Log(at_once)
    sink.gate.clear()
    with committer(sink) as (made, _):
        offered = 0
        while made.offer(work(offered, MOST), 0.05):
            offered += 1
            assert offered <= 4, "one is being made final, and at most three batches wait"
        sink.gate.set()
        assert made.drain(WITHIN_S)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_refusal_is_raised_for_the_one_who_offers(at_once: bool) -> None:
    sink = Log(at_once)
    sink.refuses = True
    with committer(sink) as (made, final):
        assert made.offer(work(1), WITHIN_S)
        assert not made.drain(WITHIN_S)
        with pytest.raises(ValueError, match="refuses"):
            made.offer(work(2), WITHIN_S)
        assert not final
