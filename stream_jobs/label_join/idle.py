"""Which inputs have had nothing more to read for so long that they no longer hold anything back."""

from __future__ import annotations

from collections.abc import Collection


class IdleClock:
    """Watches (topic, partition) pairs. Not part of the state: after a restart, the wait begins anew.

    Parameters
    ----------
    after_ms : float
        How long an input must have been at its end, without a record, to be idle.
    """

    def __init__(self, after_ms: float) -> None:
        self._after_ms = after_ms
        self._since: dict[tuple[str, int], float] = {}

    def observe(self, place: tuple[str, int], at_end: bool, rows: int, now_ms: float) -> bool:
        """Take note of a batch that brought `rows` from `place`; returns whether it is idle.

        Examples
        --------
        >>> clock = IdleClock(after_ms=10)
        >>> [clock.observe(("labels", 0), at_end=True, rows=0, now_ms=t) for t in (0, 9, 10)]
        [False, False, True]
        >>> clock.observe(("labels", 0), at_end=True, rows=1, now_ms=11)
        False
        """
        if not at_end:
            self._since.pop(place, None)
            return False
        if rows:
            self._since[place] = now_ms
        return now_ms - self._since.setdefault(place, now_ms) >= self._after_ms

    def forget(self, places: Collection[tuple[str, int]]) -> None:
        """Stop watching."""
        for place in places:
            self._since.pop(place, None)
