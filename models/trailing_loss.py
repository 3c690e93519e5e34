"""Whether losses are worse than they used to be: windows of examples against those before, or against another's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

WINDOWS_BEFORE: Final = 8
"""So many windows before the present one say what it used to be."""


@dataclass(frozen=True, slots=True)
class TrailingLoss:
    """Sums over the window that is being filled, and the means of those before it.

    Attributes
    ----------
    rows : int
        In the window so far.
    own, other : float
        Sums of losses, each 0 to 1, of the learner and of whom it is held against.
    before : tuple of float
        The learner's means in past windows, newest last.

    Examples
    --------
    >>> trailing = TrailingLoss().after(4, own=1.0, other=0.0, window=4)
    >>> trailing.before, trailing.after(2, own=2.0, other=0.0, window=4).rows
    ((0.25,), 2)
    """

    rows: int = 0
    own: float = 0.0
    other: float = 0.0
    before: tuple[float, ...] = ()

    def after(self, rows: int, own: float, other: float, window: int) -> Self:
        """Take in the next examples; a window that is full makes room for the next."""
        filled = replace(self, rows=self.rows + rows, own=self.own + own, other=self.other + other)
        if filled.rows < window:
            return filled
        return replace(self, rows=0, own=0.0, other=0.0, before=(*self.before, filled.own_mean)[-WINDOWS_BEFORE:])

    @property
    def own_mean(self) -> float:
        """Of the window so far."""
        return self.own / max(1, self.rows)

    def excess(self, rows: int, own: float, other: float, window: int, itself: bool) -> float | None:
        """By how much more was lost in the window that these examples fill; None if they do not, or nothing is known.

        Examples
        --------
        >>> TrailingLoss(before=(0.1, 0.3)).excess(4, own=2.0, other=1.0, window=4, itself=True)
        0.3
        >>> TrailingLoss().excess(4, own=2.0, other=1.0, window=4, itself=False)
        0.25
        """
        if self.rows + rows < window or (itself and not self.before):
            return None
        mean = (self.own + own) / (self.rows + rows)
        level = sum(self.before) / len(self.before) if itself else (self.other + other) / (self.rows + rows)
        return mean - level
