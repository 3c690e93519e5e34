"""Where in the log the fold was after how many examples, so that a range can be found again; and what it left out.

Both are bounded. Marks are thinned as the log grows: a range is counted from the nearest one before it, so which marks
there are decides how much is read, never what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

MOST: Final = 64
_FIRST_STRIDE: Final = 1024


@dataclass(frozen=True, slots=True)
class Marks:
    """Pairs of examples learned and the offset of the next one, rising.

    Examples
    --------
    >>> marks = Marks().after(1024, 1030).after(1025, 1031).after(2048, 2060)
    >>> marks.pairs, marks.before(2047)
    (((1024, 1030), (2048, 2060)), (1024, 1030))
    >>> marks.before(1000)
    (0, 0)
    """

    stride: int = _FIRST_STRIDE
    pairs: tuple[tuple[int, int], ...] = ()

    def after(self, examples: int, next_offset: int) -> Self:
        """Note where the fold is, if it has come far enough since the last mark."""
        if examples - (self.pairs[-1][0] if self.pairs else 0) < self.stride:
            return self
        pairs = (*self.pairs, (examples, next_offset))
        if len(pairs) <= MOST:
            return type(self)(self.stride, pairs)
        return type(self)(2 * self.stride, pairs[1::2])

    def before(self, examples: int) -> tuple[int, int]:
        """Find the last mark that is not behind so many examples; the beginning if there is none."""
        return max((pair for pair in self.pairs if pair[0] <= examples), default=(0, 0))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Stretches of the log that were not learned, each from an offset to before another; only the newest are known.

    Examples
    --------
    >>> LeftOut().after(3, 8).after(8, 11).after(20, 22).stretches
    ((3, 11), (20, 22))
    """

    stretches: tuple[tuple[int, int], ...] = ()

    def after(self, first: int, end: int) -> Self:
        """Take in a stretch that follows all others."""
        if self.stretches and self.stretches[-1][1] == first:
            first, before = self.stretches[-1][0], self.stretches[:-1]
        else:
            before = self.stretches
        return type(self)((*before, (first, end))[-MOST:])

    def lacks(self, offset_B: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each offset was learned, as far as is known."""
        learned_B = np.ones(len(offset_B), np.bool_)
        for first, end in self.stretches:
            learned_B &= (offset_B < first) | (offset_B >= end)
        return learned_B


def pairs_of(told: Any) -> tuple[tuple[int, int], ...]:
    """Pairs as JSON has them."""
    return tuple((int(first), int(second)) for first, second in told)
