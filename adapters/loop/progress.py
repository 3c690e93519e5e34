"""How far a loop is: positions, ends, lag. Pure bookkeeping; times are passed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.loop.columns import Place

STALLED_AFTER_S = 120.0


@dataclass(slots=True)
class Progress:
    """Positions of the places that are assigned now.

    `positions` is the offset of the next row of each; `at_end` names those that have nothing more to read;
    `behind` those that have not been caught up with since they were assigned.
    """

    positions: dict[Place, int] = field(default_factory=dict)
    at_end: set[Place] = field(default_factory=set)
    behind: set[Place] = field(default_factory=set)
    moved_s: float = 0.0

    def assign(self, positions: Mapping[Place, int], now_s: float) -> None:
        """Begin anew with these places."""
        self.positions, self.at_end, self.behind = dict(positions), set(), set(positions)
        self.moved_s = now_s

    def clear(self) -> None:
        """Own nothing."""
        self.assign({}, self.moved_s)

    def advance(self, offsets: Mapping[Place, int], ends: Iterable[tuple[Place, int]], now_s: float) -> None:
        """Note rows taken, and ends seen. An end that rows went past since is none.

        Examples
        --------
        >>> progress = Progress()
        >>> progress.assign({("t", 0): 3, ("t", 1): 0}, 0.0)
        >>> progress.advance({("t", 1): 2}, [(("t", 0), 3), (("t", 1), 1)], 1.0)
        >>> progress.at_end, progress.behind
        ({('t', 0)}, {('t', 1)})
        """
        self.positions.update(offsets)
        self.at_end.difference_update(offsets)
        for place, offset in ends:
            if place in self.positions and self.positions[place] <= offset:
                self.at_end.add(place)
                self.behind.discard(place)
        if offsets:
            self.moved_s = now_s

    def lags(self, highs: Mapping[Place, int]) -> dict[Place, int]:
        """Rows not yet taken. A place at its end has none, though markers of transactions may lie before its high mark.

        Examples
        --------
        >>> progress = Progress({("t", 0): 3, ("t", 1): 5}, {("t", 1)})
        >>> progress.lags({("t", 0): 10, ("t", 1): 6})
        {('t', 0): 7, ('t', 1): 0}
        """
        return {
            place: 0 if place in self.at_end else max(0, highs.get(place, position) - position)
            for place, position in self.positions.items()
        }

    def catch_up(self, lags: Mapping[Place, int], near: int) -> None:
        """Count places whose lag is below a batch as caught up with: under steady load an end is never quite seen."""
        self.behind = {place for place in self.behind if lags[place] > near}

    def stalled_s(self, lag: int, now_s: float) -> float:
        """Seconds without a row although there are some.

        Examples
        --------
        >>> progress = Progress(moved_s=100.0)
        >>> progress.stalled_s(lag=5, now_s=130.0)
        30.0
        >>> progress.stalled_s(lag=0, now_s=160.0), progress.stalled_s(lag=1, now_s=161.0)
        (0.0, 1.0)
        """
        if not lag:
            self.moved_s = now_s
        return now_s - self.moved_s
