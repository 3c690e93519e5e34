"""Whether a Faust worker has reached what was written before it had its partitions, and whether it gets on at all."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from typing import Any

from aiokafka.errors import IllegalStateError

_ASK_WITHIN_S = 5.0
_LONGEST_LOOK_S = 1.0


def has_reached(
    ends: Mapping[Any, int], positions: Mapping[Any, int], taken: Mapping[Any, int], handled: Mapping[Any, int]
) -> bool:
    """Say whether all that lies before some ends is handled.

    A topic that is written in transactions ends in a marker, which nobody handles: so the consumer's position must be
    at the end, and the newest record that it took on its way must be handled.

    Parameters
    ----------
    ends : Mapping
        Offset, by partition, of what comes next in it.
    positions : Mapping
        Offset from which the consumer reads on.
    taken, handled : Mapping
        Offset of the newest record, where there was one; `taken` as old as `positions`, or newer.

    Examples
    --------
    >>> has_reached({0: 5}, {0: 5}, {0: 3}, {0: 3}), has_reached({0: 5}, {0: 5}, {0: 3}, {0: 2})
    (True, False)
    >>> has_reached({0: 5}, {0: 4}, {}, {}), has_reached({0: 0}, {0: 0}, {}, {}), has_reached({}, {}, {}, {})
    (False, True, False)
    """
    return bool(ends) and all(
        positions.get(place, -1) >= end and handled.get(place, -1) >= taken.get(place, -1)
        for place, end in ends.items()
    )


class Reaching:
    """Looks whether the partitions of a topic are read up to where they ended when they were assigned.

    Parameters
    ----------
    topic : str
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._generation: int | None = None
        self._ends: dict[Any, int] = {}
        self._is_reached = False
        self.positions: dict[Any, int] = {}
        self.handled: dict[Any, int] = {}
        """Offset of the newest record that is done with, by partition: whoever handles them writes it."""

    async def look(self, app: Any) -> bool:
        """Say whether all that was there is handled: once it is, until partitions change hands again."""
        mine = [place for place in app.consumer.assignment() if place.topic == self._topic]
        if not mine or app.rebalancing or not app.tables.recovery.completed.is_set():
            self._generation, self._is_reached = None, False
        elif not self._is_reached or self._generation != app.consumer_generation_id:  # they may have, between two looks
            self._is_reached = False
            await self._ask(app, mine)
        return self._is_reached

    def is_idle(self, app: Any) -> bool:
        """Say whether others have all partitions: then there is nothing to reach, and nothing that stands still."""
        return not app.rebalancing and not any(place.topic == self._topic for place in app.consumer.assignment())

    async def _ask(self, app: Any, mine: list[Any]) -> None:
        generation = app.consumer_generation_id
        try:
            if self._generation != generation:
                # What can be read ends before the first transaction that is open.
                self._ends = dict(await asyncio.wait_for(app.consumer.highwaters(*mine), _ASK_WITHIN_S))
                self._generation = generation
            for place in mine:
                self.positions[place] = await asyncio.wait_for(app.consumer.position(place), _ASK_WITHIN_S)
        except (TimeoutError, IllegalStateError):
            return  # it takes long, or partitions were taken away meanwhile: the next look asks again
        self._is_reached = has_reached(self._ends, self.positions, dict(app.consumer.taken), self.handled)


class Stillness:
    """How long nothing has changed.

    Examples
    --------
    >>> still = Stillness()
    >>> [still.after(now_s, done) for now_s, done in [(0, 1), (1, 1), (1.5, 1), (2, 2), (3, 2), (60, 2)]]
    [0.0, 1.0, 1.5, 0.0, 1.0, 2.0]
    """

    def __init__(self) -> None:
        self._done: Hashable = None
        self._looked_s = self._still_s = 0.0

    def after(self, now_s: float, done: Hashable) -> float:
        """Return seconds, none of which count in which nobody looked: a message may take long, and hold us up too."""
        passed_s = min(now_s - self._looked_s, _LONGEST_LOOK_S)
        self._still_s = self._still_s + passed_s if done == self._done else 0.0
        self._looked_s, self._done = now_s, done
        return self._still_s
