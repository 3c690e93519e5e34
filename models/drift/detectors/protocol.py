"""What a detector is: it reads a stream event by event, and says where it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from models.protocol import Float64, Snapshot


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change: told at event `index`, begun about event `onset`; events count from 0.

    `statistic` had then reached `threshold`; both are NaN of a detector that does not tell them.
    """

    index: int
    onset: int
    statistic: float
    threshold: float


class Detector(Protocol):
    """Watches one number an event: whether an answer was wrong (1) or right (0), or a loss."""

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order. After an alarm it starts anew: what follows is the new normal.

        How events are cut into batches changes nothing, to the bit.

        Parameters
        ----------
        values_B : ndarray of float64, shape (B,)
            One that is not finite says nothing, but counts as an event.

        Returns
        -------
        tuple of Alarm
            By rising index.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Everything that decides its future."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from; the configuration must be the same.

        Raises
        ------
        DataError
            The snapshot is of a detector of another kind or size.
        """
        ...
