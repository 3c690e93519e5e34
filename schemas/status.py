"""How an answer came about: the enum ``Status`` of the Prediction and Example records, in its order."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Worst first when more than one would fit: rejected, expired, error, prior, degraded, stale, ok."""

    OK = 0
    """From the model, on the windows as of the request."""
    STALE = 1
    """From the model, on windows that are not those of the request's time."""
    DEGRADED = 2
    """From the last good model on the last known windows: the store is away."""
    PRIOR = 3
    """From the pipeline's prior: there is no model yet."""
    REJECTED = 4
    """Not predicted: a value breaks the pipeline's rules."""
    EXPIRED = 5
    """Not predicted: the request's deadline had passed."""
    ERROR = 6
    """Not predicted: what the model gave is no answer."""

    @property
    def symbol(self) -> str:
        """Its name in Avro and in metric labels."""
        return self.name.lower()
