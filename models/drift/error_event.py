"""One alarm of a detector on the learner's errors is one event: it opens, may get worse, and closes. Pure.

After the alarm errors are read in stretches. The first whose mean is no higher than what it was before closes the
event: they are back. If none is for so long that the detector has long had the new level for its own, the event closes
too: they have stayed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

from models.drift.advice import action_for
from models.drift.event import Drift
from models.error_alarms import Rise
from models.protocol import Json

SOURCE: Final = "errors"
STRETCH: Final = 256
"""Errors in a stretch, at least: whole minibatches."""
STRETCHES: Final = 16
"""After so many without another alarm, a rise is what is normal now."""
_BACK: Final = "Nothing: the learner's errors are what they were before."
_STAYED: Final = "The errors have not come back: begin from a banked version, or anew on what is new."


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An event that is open.

    Attributes
    ----------
    first, worst : Rise
        The alarm that opened it, and that at which errors were highest.
    version : int
        Published last when it opened; 0: none.
    until : float
        Event time up to which errors were higher than before, ms since 1970.
    windows : int
        Stretches in which they were, with that of the alarm.
    quiet : int
        Stretches since the last alarm.
    count, total : int, float
        Errors in the present stretch.
    """

    first: Rise
    worst: Rise
    version: int
    until: float
    windows: int = 1
    quiet: int = 0
    count: int = 0
    total: float = 0.0

    def as_json(self) -> Json:
        """All of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `as_json` told of."""
        return cls(**{**told, "first": Rise(**told["first"]), "worst": Rise(**told["worst"])})


Followed = tuple[ErrorEvent | None, tuple[Drift, ...]]
"""The event, if it is still open, and what is to be reported of it."""


def alarmed(event: ErrorEvent | None, rise: Rise, version: int) -> Followed:
    """Open an event; or let one that is open go on, and report that it is worse if it is.

    Examples
    --------
    >>> rise = Rise("adwin", 7, level=0.4, rows=64, start=10.0, end=20.0, before=0.2, before_rows=900, begin=0.0)
    >>> event, (opened,) = alarmed(None, rise, version=3)
    >>> opened.id, opened.statistic, opened.threshold
    ('errors:adwin:7', 0.4, 0.2)
    >>> alarmed(event, replace(rise, offset=90, level=0.3), version=4)[1]
    ()
    >>> event, (closed,) = passed(event, STRETCH, total=0.2 * STRETCH, time=80.0)
    >>> event, closed.id, closed.state, closed.until
    (None, 'errors:adwin:7', 'closed', 20.0)
    """
    if event is None:
        event = ErrorEvent(rise, rise, version, rise.end)
        return event, (_report(event, "opened"),)
    is_worse = rise.level > event.worst.level
    worst = rise if is_worse else event.worst
    event = replace(event, worst=worst, until=rise.end, windows=event.windows + 1, quiet=0, count=0, total=0.0)
    return event, ((_report(event, "updated"),) if is_worse else ())


def passed(event: ErrorEvent, count: int, total: float, time: float) -> Followed:
    """Read a minibatch that brought no alarm.

    Parameters
    ----------
    event : ErrorEvent
    count, total : int, float
        How many errors, and their sum.
    time : float
        Event time reached, ms since 1970.
    """
    event = replace(event, count=event.count + count, total=event.total + total)
    if event.count < STRETCH:
        return event, ()
    if event.total / event.count <= event.first.before:
        return None, (_report(event, "closed", _BACK),)
    quiet = event.quiet + 1
    event = replace(event, until=time, windows=event.windows + 1, quiet=quiet, count=0, total=0.0)
    return (None, (_report(event, "closed", _STAYED),)) if quiet == STRETCHES else (event, ())


def _report(event: ErrorEvent, state: str, action: str = "") -> Drift:
    first, worst = event.first, event.worst
    return Drift(
        window_start=worst.start,
        window_end=worst.end,
        statistic=worst.level,
        threshold=first.before,
        p_value=math.nan,
        rows=worst.rows,
        id=f"{SOURCE}:{first.kind}:{first.offset}",
        kind="concept",
        test=first.kind,
        severity="act",
        columns=("error",),
        statistics=(worst.level,),
        action=action or action_for("concept", "act"),
        source=SOURCE,
        p_values=(math.nan,),
        tests=(first.kind,),
        reference_start=first.begin,
        reference_end=first.start,
        reference_rows=first.before_rows,
        histograms=(),
        categories=(),
        lows=(),
        highs=(),
        window_counts=(),
        reference_counts=(),
        state=state,
        since=first.start,
        until=event.until,
        windows=event.windows,
        pattern="unknown",
        recurs="",
        offset=first.offset,
        version=event.version,
    )
