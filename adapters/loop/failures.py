"""What a failure of Kafka means for the loop: build it anew, leave the place to another, or give up. Pure."""

from __future__ import annotations

from collections import deque
from typing import Literal

from confluent_kafka import KafkaError

from schemas.errors import AnabranchError, ConfigurationError, DependencyError, Fenced

Meaning = Literal["rebuild", "fenced", "missing", "too_large"]

_MISSING = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
_PRODUCER_FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
_TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE)


class LoopBroken(Exception):
    """The clients must be thrown away and the loop built anew from what is committed."""


def meaning_of(error: KafkaError, open_s: float, timeout_s: float) -> Meaning:
    """Tell what an error asks for.

    A producer whose epoch is no longer valid has been fenced by a successor, or its transaction was open for longer
    than the coordinator allows: then the coordinator itself raised the epoch, and perhaps nobody has taken our place.
    The group knows, and is asked before anything is built anew (see `membership`).

    Parameters
    ----------
    open_s : float
        How long the current transaction has been open.
    timeout_s : float
        How long the coordinator leaves it open.

    Examples
    --------
    >>> meaning_of(KafkaError(KafkaError.FENCED_INSTANCE_ID), 0.0, 10.0)
    'fenced'
    >>> meaning_of(KafkaError(KafkaError._FENCED), 11.0, 10.0)
    'rebuild'
    >>> meaning_of(KafkaError(KafkaError._TIMED_OUT), 1.0, 10.0)
    'rebuild'
    """
    code = error.code()
    if code == KafkaError.FENCED_INSTANCE_ID or (code == KafkaError._FATAL and "fenced by other" in error.str()):
        return "fenced"  # what is fatal to a consumer comes under one code, with the cause in words only
    if code in _PRODUCER_FENCED:
        return "fenced" if open_s < 0.9 * timeout_s else "rebuild"
    if code in _TOO_LARGE:
        return "too_large"
    return "missing" if code in _MISSING else "rebuild"


def raised_for(error: KafkaError, identity: str, open_s: float = 0.0, timeout_s: float = 10.0) -> Exception:
    """Build the exception that an error of a client becomes."""
    meaning = meaning_of(error, open_s, timeout_s)
    if meaning == "fenced":
        return taken(identity, error.str())
    if meaning == "missing":
        return ConfigurationError(
            f"A topic of {identity} is not there: {error.str()}.", "Run `anabranch topics apply`."
        )
    if meaning == "too_large":
        return ConfigurationError(
            f"A record that {identity} writes is larger than its topic takes: {error.str()}.",
            "Raise max.message.bytes of the topic.",
        )
    return LoopBroken(f"{error.name()}: {error.str()}")


def taken(identity: str, why: str) -> Fenced:
    """Build the error of a process whose place another has."""
    return Fenced(
        f"Another process has taken the place of {identity}: {why}.",
        "Give each replica its own --ordinal, and run one process for each.",
    )


class RebuildBudget:
    """Allow some rebuilds within a time, each after a longer pause than the last; then no more.

    Parameters
    ----------
    limit : int
        Rebuilds allowed within the window.
    window_s : float
        After so much time a rebuild is forgotten.
    first_pause_s, longest_pause_s : float
        Pauses double from the one to the other.

    Examples
    --------
    >>> budget = RebuildBudget(limit=2, window_s=60.0)
    >>> [budget.spend(now_s) for now_s in (0.0, 1.0, 2.0, 60.5)]
    [0.25, 0.5, None, 0.5]
    """

    def __init__(
        self, limit: int = 8, window_s: float = 180.0, first_pause_s: float = 0.25, longest_pause_s: float = 10.0
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._spent: deque[float] = deque()

    def spend(self, now_s: float) -> float | None:
        """Note a rebuild at `now_s` (steady seconds); return the pause before it, or None if there were too many."""
        while self._spent and now_s - self._spent[0] >= self._window_s:
            self._spent.popleft()
        if len(self._spent) >= self._limit:
            return None
        pause_s = self._first_pause_s * 2.0 ** len(self._spent)
        self._spent.append(now_s)
        return min(pause_s, self._longest_pause_s)


def gave_up(identity: str, last: BaseException) -> AnabranchError:
    """Build the error of a loop that was built anew too often."""
    return DependencyError(
        f"{identity} failed too often in a short time and stops; the last failure: {last}",
        "Look at Kafka (`anabranch status`, its log) and at the lines above; then start it again.",
    )
