"""What has been reached counts for as long as partitions stay where they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

from aiokafka.errors import IllegalStateError
from faust.types import TP

from adapters.faust_progress import Reaching

PLACE = TP("source", 0)


class Consumer:
    """Of one partition, read to the end of `size` records that were handled as soon as they were taken."""

    def __init__(self, reaching: Reaching, size: int) -> None:
        self._reaching, self.size, self.taken = reaching, size, {PLACE: size - 1}
        self.on_position: Callable[[], None] = lambda: None

    def assignment(self) -> set[TP]:
        return {PLACE}

    async def highwaters(self, *places: TP) -> dict[TP, int]:
        return dict.fromkeys(places, self.size)

    async def position(self, _place: TP) -> int:
        self.on_position()
        self._reaching.handled[PLACE] = self.taken[PLACE]
        return self.taken[PLACE] + 1


def lives() -> tuple[Reaching, Consumer, SimpleNamespace]:
    reaching = Reaching("source")
    consumer = Consumer(reaching, 5)
    completed = SimpleNamespace(is_set=lambda: True)
    tables = SimpleNamespace(recovery=SimpleNamespace(completed=completed))
    return (
        reaching,
        consumer,
        SimpleNamespace(consumer=consumer, tables=tables, rebalancing=False, consumer_generation_id=1),
    )


def test_partitions_that_changed_hands_between_two_looks_are_reached_anew() -> None:
    reaching, consumer, app = lives()
    assert asyncio.run(reaching.look(app))
    consumer.size = 9  # what follows is not what was there at the start
    assert asyncio.run(reaching.look(app))
    app.consumer_generation_id = 2
    assert not asyncio.run(reaching.look(app))
    consumer.taken[PLACE] = 8
    assert asyncio.run(reaching.look(app))


def test_a_partition_that_is_taken_away_while_it_is_asked_for_is_asked_for_again() -> None:
    reaching, consumer, app = lives()

    def taken_away() -> None:
        raise IllegalStateError("Partition is not assigned")

    consumer.on_position = taken_away
    assert not asyncio.run(reaching.look(app))
    consumer.on_position = lambda: None
    assert asyncio.run(reaching.look(app))
