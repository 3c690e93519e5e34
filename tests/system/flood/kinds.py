"""The reference table of the flood: every kind of malformed event, how often it comes, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from schemas.records import Headers
from schemas.topics import Role
from tests.system.flood.wire import MAX_VARINT, Wire, long, text
from tests.system.streams import START_MS

MINUTE, YEAR = 60_000.0, 365 * 86_400_000.0
BEFORE = START_MS - 60 * MINUTE
"""A time before all traffic: its panes are closed, and answers up to then are dealt with."""
ASKED = BEFORE
"""When the requests of our own were made, that labels refer to: even a label too late for them moves no clock."""
AHEAD = START_MS + 30 * YEAR
NAN, INF = float("nan"), float("inf")
FIVE_MB, HUGE_HEADER, HUGE_KEY = 5 << 20, 100_000, 30_000
NO_HEADERS: Headers = ()
REPEATED: Headers = (("a", b""),) * 20_000

REJECTED, ANSWERED, NOTHING = "rejected ", "answered", "no effect"
TWICE = "duplicate_request or duplicate_answer"
LATE_ROWS = "rows of late_event"


class Event(NamedTuple):
    """One message as it is sent."""

    role: Role
    value: bytes | None
    key: bytes | None = b"k"
    headers: Headers = NO_HEADERS


class Draw(NamedTuple):
    """What an event is made from: a name of its own, and the randomness of its chunk."""

    wire: Wire
    random: Random
    own: bytes

    def good(self, role: Role) -> bytes:
        """An event that could be used, to be spoilt."""
        if role == "requests":
            return self.wire.request(self.own, BEFORE)
        return self.wire.label(self.own, BEFORE) if role == "labels" else self.wire.seen(BEFORE, user=self.own)


Make = Callable[[Draw], Event]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: `count` of them in every chunk whose number divides by `every`.

    `outcome` is a reason of the dead letters, "rejected" with a field's name, or one of the texts above; `at` is the
    role of the topic that the dead letter is of, where that is not the event's own.
    """

    name: str
    outcome: str
    make: Make
    count: int = 8
    every: int = 1
    at: Role | None = None


ROLES: tuple[Role, ...] = ("requests", "labels", "features")
_STRANGER: dict[Role, Role] = {"requests": "features", "labels": "requests", "features": "labels"}


def _unknown_id(d: Draw) -> bytes:
    drawn = d.random.getrandbits(32)
    while drawn in d.wire.known_ids:
        drawn = d.random.getrandbits(32)
    return drawn.to_bytes(4, "big")


def _no_records(role: Role) -> list[Kind]:
    """What is no record of its topic, whichever topic that is."""

    def event(value: bytes | None, key: bytes | None = b"k", headers: Headers = NO_HEADERS) -> Event:
        return Event(role, value, key, headers)

    def truncated(d: Draw) -> Event:
        good = d.good(role)
        return event(good[: d.random.randrange(5, len(good))])

    return [
        Kind("null value", "no_value", lambda d: event(None)),
        Kind("null value, null key", "no_value", lambda d: event(None, None)),
        Kind("empty", "too_short", lambda d: event(b"")),
        Kind("half a header", "too_short", lambda d: event(d.good(role)[: d.random.randrange(1, 5)])),
        Kind("wrong magic byte", "bad_magic", lambda d: event(bytes([d.random.randrange(1, 256)]) + d.good(role)[1:])),
        Kind("JSON", "bad_magic", lambda d: event(b'{"user": "' + d.own + b'"}')),
        Kind("random bytes", "bad_magic", lambda d: event(b"\1" + d.random.randbytes(d.random.randrange(4, 200)))),
        Kind("unknown schema id", "unknown_schema", lambda d: event(b"\0" + _unknown_id(d) + d.good(role)[5:])),
        Kind("record of another topic", "wrong_record", lambda d: event(d.good(_STRANGER[role]))),
        Kind("truncated anywhere", "truncated", truncated, 60),
        Kind("bytes follow", "trailing_bytes", lambda d: event(d.good(role) + d.random.randbytes(9)), 16),
        Kind("empty key", "bad_magic", lambda d: event(b"\2" + d.own, b"")),
        Kind("huge key", "bad_magic", lambda d: event(b"\2" + d.own, d.own * (HUGE_KEY // len(d.own))), 1, 5),
        Kind("huge header", "bad_magic", lambda d: event(b"\2" + d.own, headers=(("h", bytes(HUGE_HEADER)),)), 1, 10),
        Kind("headers repeated", "bad_magic", lambda d: event(b"\2" + d.own, headers=REPEATED), 1, 10),
        Kind("5 MB", "trailing_bytes", lambda d: event(d.good(role) + bytes(FIVE_MB)), 1, 75),
    ]


def _bad_texts() -> list[Kind]:
    def after_numbers(make: Callable[[Draw], bytes]) -> Make:
        return lambda d: Event("requests", d.wire.request_start(BEFORE) + make(d))

    return [
        Kind("overlong varint", "bad_number", after_numbers(lambda d: b"\xff" * MAX_VARINT + text(d.own))),
        Kind("negative length", "bad_length", after_numbers(lambda d: long(-d.random.randrange(1, 1 << 40)))),
        Kind("huge length", "truncated", after_numbers(lambda d: long(d.random.randrange(1 << 20, 1 << 62)) + d.own)),
        Kind("text too long", "too_long", after_numbers(lambda d: text(b"u" * 257) + text(d.own))),
        Kind("id too long", "too_long", after_numbers(lambda d: text(b"u") + text(b"i" * 5000)), 2),
        Kind("invalid UTF-8", "bad_text", after_numbers(lambda d: text(b"\xff" + d.own) + text(d.own))),
        Kind("zero byte in text", "bad_text", after_numbers(lambda d: text(b"a\0b") + text(d.own))),
        Kind(
            "labeller too long", "too_long", lambda d: Event("labels", d.wire.label(d.own, BEFORE, 1, b"w" * 4097)), 2
        ),
    ]


def _bad_requests() -> list[Kind]:
    def request(**fields: float | bytes) -> Make:
        given = {"time": BEFORE, **fields}
        return lambda d: Event("requests", d.wire.request(d.own, **given))  # type: ignore[arg-type]

    def soon(d: Draw) -> Event:
        return Event("requests", d.good("requests"), headers=(("deadline-ms", d.random.choice([b"soon", b"nan"])),))

    def twin(d: Draw) -> Event:
        return Event("requests", d.wire.request(b"asked-before", ASKED), b"asked-before")

    return [
        Kind("NaN where it must not be", "rejected a", request(a=NAN)),
        Kind("infinity", "rejected a", request(a=INF)),
        Kind("negative infinity", "rejected b", request(b=-INF)),
        Kind("out of range", "rejected b", request(b=10.01)),
        Kind("time is NaN", "rejected request_time", request(time=NAN)),
        Kind("time is huge", "rejected request_time", request(time=1.7e308)),
        Kind("category missing", "rejected user", request(user=b"")),
        Kind("deadline is no number", "rejected deadline-ms", soon),
        Kind("numbers too wide", "trailing_bytes", lambda d: Event("requests", d.wire.wide_request(d.own, BEFORE))),
        Kind("id empty", "bad_id", lambda d: Event("requests", d.wire.request(b"", BEFORE))),
        Kind("id asked before", TWICE, twin),
        Kind("years old", ANSWERED, request(time=START_MS - 20 * YEAR), 4),
        Kind("years ahead", "clock_jump", request(time=AHEAD), 3, at="predictions"),
    ]


def _bad_labels() -> list[Kind]:
    def label(id: bytes, time: float, value: float = 1) -> Make:
        return lambda d: Event("labels", d.wire.label(id or d.own, time, value), id or d.own)

    def wrong(d: Draw) -> Event:
        value = d.random.choice([NAN, INF, -INF, -1, 0.5, 3, 1e300])
        return Event("labels", d.wire.label(d.own, BEFORE, value), d.own)

    def timeless(d: Draw) -> Event:
        return Event("labels", d.wire.label(d.own, d.random.choice([NAN, INF, -1.7e308])), d.own)

    return [
        Kind("label outside the target", "bad_label", wrong, 24),
        Kind("label without a time", "bad_time", timeless),
        Kind("label without an id", "bad_id", lambda d: Event("labels", d.wire.label(b"", BEFORE))),
        Kind("label years ahead", "clock_jump", label(b"", AHEAD), 3),
        Kind("label years old", "unknown_request", label(b"", START_MS - 20 * YEAR)),
        Kind("label of an unknown request", "unknown_request", label(b"", BEFORE), 16),
        Kind("one unknown request, many labels", "unknown_request", label(b"never-asked", BEFORE), 16),
        Kind("label twice", "duplicate_label", label(b"joined", ASKED + MINUTE)),
        Kind("label contradicts", "contradictory_label", label(b"joined", ASKED + MINUTE, 2)),
        Kind("label late", "late_label", label(b"waited", ASKED + 20 * MINUTE)),
        Kind("label of a rejected request", "no_prediction", label(b"nobody", ASKED)),
    ]


def _bad_features() -> list[Kind]:
    def seen(time: float = BEFORE, value: float = 1, user: bytes = b"") -> Make:
        return lambda d: Event("features", d.wire.seen(time, value, user or d.own))

    return [
        Kind("feature infinite", "out_of_range", seen(value=INF)),
        Kind("feature out of range", "out_of_range", seen(value=-10.01)),
        Kind("feature without a time", "bad_time", seen(NAN)),
        Kind("feature before 1970", "bad_time", seen(-1.0)),
        Kind("feature years ahead", "clock_jump", seen(AHEAD), 3),
        Kind("feature years old", LATE_ROWS, seen(START_MS - 20 * YEAR), 4),
        Kind("feature of a closed pane", LATE_ROWS, seen(), 4),
        Kind("feature with too long a key", "too_long", seen(user=b"u" * 257)),
        Kind("feature with invalid UTF-8", "bad_text", seen(user=b"\xc3")),
        Kind("feature of nobody", NOTHING, lambda d: Event("features", d.wire.seen(BEFORE, 1, b"")), 4),
    ]


def kinds() -> tuple[Kind, ...]:
    """The whole table."""
    everywhere = [kind for role in ROLES for kind in _no_records(role)]
    return (*everywhere, *_bad_texts(), *_bad_requests(), *_bad_labels(), *_bad_features())
