"""The batch loop's twin in memory: the same promises, one thread, no clock, and crashes at will."""

from __future__ import annotations

import random
from collections.abc import Container

from adapters.loop.columns import Place, next_offsets
from adapters.memory_broker import MemoryBroker
from adapters.ports import Batch, Job, Records, summed_up


def run_job_in_memory(
    job: Job,
    broker: MemoryBroker,
    group: str = "job",
    *,
    max_batch: int = 256,
    rng: random.Random | None = None,
    partitions: tuple[int, ...] | None = None,
    ticks: int = 2,
    tick_ms: float = 200.0,
    now_ms: float = 0.0,
    crashes: Container[int] = (),
    limit: int | None = None,
) -> int:
    """Drive a job over a broker in memory until nothing is left to read; return the number of batches.

    Parameters
    ----------
    max_batch : int
        Rows in a batch, at most.
    rng : random.Random or None
        None: each batch is filled from the places in turn. Else it draws which places a batch takes from, and how much.
    partitions : tuple of int or None
        Those that this process owns; None: all.
    ticks : int
        Empty batches at the end; if one of them brings new input, reading goes on and ticks are counted anew.
    now_ms, tick_ms : float
        The time at the start; it goes on by 1 ms a batch and by `tick_ms` a tick.
    crashes : container of int
        Numbers of batches, from 0, after which the process dies before its commit: their outputs are dropped, and the
        job's partitions are assigned to it anew from the changelog.
    limit : int or None
        Stop after so many batches as if killed: the job is not told.

    Examples
    --------
    See ``docs/guide/write-a-job.md``.
    """
    return _MemoryLoop(job, broker, group, max_batch, rng, partitions).run(ticks, tick_ms, now_ms, crashes, limit)


class _MemoryLoop:
    def __init__(
        self,
        job: Job,
        broker: MemoryBroker,
        group: str,
        max_batch: int,
        rng: random.Random | None,
        partitions: tuple[int, ...] | None,
    ) -> None:
        self._job = job
        self._broker = broker
        self._group = group
        self._max_batch = max_batch
        self._rng = rng
        self._partitions = partitions or tuple(range(broker.partitions(job.inputs[0])))
        self._places: list[Place] = [(t, p) for t in job.inputs for p in self._partitions]
        self._batches = 0

    def run(self, ticks: int, tick_ms: float, now_ms: float, crashes: Container[int], limit: int | None) -> int:
        self._assign()
        ticked = 0
        while ticked < ticks or not self._at_end(self._positions()) >= set(self._places):
            if self._batches == limit:
                return self._batches
            records = self._take()
            ticked = 0 if records else ticked + 1
            now_ms += 1.0 if records else tick_ms
            self._turn(records, now_ms, crash=self._batches in crashes)
            self._batches += 1
        self._revoke()
        return self._batches

    def _turn(self, taken: tuple[Records, ...], now_ms: float, crash: bool) -> None:
        positions = {**self._positions(), **next_offsets(taken)}
        outputs = self._job.process(Batch(taken, now_ms, frozenset(self._at_end(positions))))
        if crash:
            self._revoke()
            self._assign()
        else:
            records = outputs.records + summed_up(outputs.summaries)
            self._broker.commit(self._group, records, positions, int(now_ms))

    def _take(self) -> tuple[Records, ...]:
        """Fill a batch, place by place, from where the group stands."""
        room, stretches = self._max_batch, dict[str, list[tuple[int, int, int]]]()
        for topic, partition in self._order():
            first = self._broker.position(self._group, (topic, partition))
            waiting = min(room, self._broker.end((topic, partition)) - first)
            count = self._rng.randint(min(1, waiting), waiting) if self._rng else waiting
            if count:
                stretches.setdefault(topic, []).append((partition, first, first + count))
                room -= count
        return tuple(self._broker.read(topic, wanted) for topic, wanted in stretches.items())

    def _order(self) -> list[Place]:
        if self._rng:
            return self._rng.sample(self._places, self._rng.randint(1, len(self._places)))
        turn = self._batches % len(self._places)
        return self._places[turn:] + self._places[:turn]

    def _positions(self) -> dict[Place, int]:
        return {place: self._broker.position(self._group, place) for place in self._places}

    def _at_end(self, positions: dict[Place, int]) -> set[Place]:
        return {place for place, offset in positions.items() if offset >= self._broker.end(place)}

    def _assign(self) -> None:
        for partition in self._partitions:
            topic = self._job.changelog
            self._job.assign(partition, (self._broker.latest(topic, partition) if topic else {}).items())

    def _revoke(self) -> None:
        for partition in self._partitions:
            self._job.revoke(partition)
