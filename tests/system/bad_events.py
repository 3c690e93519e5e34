"""Events that no application should send, byte by byte, each with what must become of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.contracts import Contracts, contracts_of
from schemas.records import Headers
from schemas.topics import Role
from tests.system.streams import START_MS

MINUTE = 60_000.0
AHEAD = START_MS + 400 * 86_400_000.0
OLD = START_MS + 5 * MINUTE
"""A time that has passed when bad events come amid the traffic."""
BEFORE = START_MS - MINUTE
"""A time before all traffic."""
WAIT = 15 * MINUTE
FIVE_MB = 5 << 20
NAN, INF = float("nan"), float("inf")

ANSWERED, JOINED, DROPPED = "answered", "joined", "no effect"
LATE_PANE = "late_event, as the pane that it was folded into"
ANSWERED_AND_BURIED = "answered, and the answer is a dead letter: clock_jump"
ANSWERED_AGAIN = "answered again, and that answer is a dead letter: duplicate_answer"
DUPLICATE = "duplicate_request, or answered again if it came into another batch"


@dataclass(frozen=True, slots=True)
class Bad:
    """One event; `outcome` is a reason of the dead letters, ``rejected <field>``, or one of the texts above."""

    role: Role
    outcome: str
    value: bytes | None
    key: bytes = b"k"
    headers: Headers = (("producer", b"careless"),)
    id: str = ""


def text(raw: bytes) -> bytes:
    """Avro string."""
    return long(len(raw)) + raw


def long(number: int) -> bytes:
    """Avro long: a zigzag varint."""
    left, out = (number << 1) ^ (number >> 63), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


class BadEvents:
    """Builds them for the generated pipeline.

    Parameters
    ----------
    contracts : Contracts
        Fields of Request: numbers `a` (never missing) and `b`, category `user` (never missing). Of the event `seen`:
        number `value`, category `user`. A target of three classes; labels ``early: 1m, wait: 15m``.
    """

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._ids = 0

    def request(self, id: str, time: float = OLD, a: float = 1, b: float = 1, user: bytes = b"stranger") -> bytes:
        return self._head("Request") + struct.pack("<dff", time, a, b) + text(user) + text(id.encode())

    def label(self, id: str, time: float, value: float = 1, labeller: bytes = b"") -> bytes:
        return self._head("Label") + struct.pack("<dd", time, value) + text(id.encode()) + text(labeller)

    def seen(self, time: float = OLD, value: float = 1, user: bytes = b"stranger") -> bytes:
        return self._head("seen") + struct.pack("<df", time, value) + text(user)

    def before_traffic(self) -> Iterator[Bad]:
        """Requests of our own, and labels for them that cannot all be joined."""
        for name in ("twofold", "early", "late", "ahead"):
            yield Bad("requests", ANSWERED, self.request(name, BEFORE), id=name)
        yield self._rejected("nobody", "a", a=11)
        labels = [
            ("twofold", BEFORE + MINUTE, 1.0, JOINED),
            ("twofold", BEFORE + MINUTE, 1.0, "duplicate_label"),
            ("twofold", BEFORE + MINUTE, 2.0, "contradictory_label"),
            ("early", BEFORE - MINUTE, 1.0, "early_label"),
            ("nobody", BEFORE + MINUTE, 1.0, "no_prediction"),
            ("unheard-of", BEFORE + MINUTE, 1.0, "unknown_request"),
            ("ahead", AHEAD, 1.0, "clock_jump"),
            ("late", BEFORE + WAIT, 1.0, "late_label"),
        ]
        for name, time, value, outcome in labels:
            yield Bad("labels", outcome, self.label(name, time, value), name.encode())

    def amid_traffic(self) -> Iterator[Bad]:
        """Everything else."""
        yield from self._no_records("requests", self.request("x"), self.label("x", OLD))
        yield from self._no_records("labels", self.label("x", OLD), self.seen())
        yield from self._no_records("features", self.seen(), self.request("x"))
        yield from self._bad_requests()
        yield from self._bad_texts()
        yield from self._of_other_schemas()
        yield from self._bad_labels()
        yield from self._bad_features()
        yield Bad("requests", ANSWERED_AGAIN, self.request("twofold", BEFORE), id="twofold")
        yield Bad("requests", ANSWERED, self.request("twin"), id="twin")
        yield Bad("requests", DUPLICATE, self.request("twin"), id="twin")

    def _no_records(self, role: Role, good: bytes, stranger: bytes) -> Iterator[Bad]:
        yield Bad(role, "no_value", None)
        yield Bad(role, "too_short", b"")
        yield Bad(role, "too_short", good[:4])
        yield Bad(role, "bad_magic", b"\x01" + good[1:])
        yield Bad(role, "bad_magic", b'{"json": "is not Avro"}', b"", ())
        yield Bad(role, "unknown_schema", b"\0\x7f\xff\xff\xff" + good[5:])
        yield Bad(role, "wrong_record", stranger)
        for cut in (5, 9, len(good) - 1):
            yield Bad(role, "truncated", good[:cut])
        yield Bad(role, "trailing_bytes", good + b"\0")
        yield Bad(role, "trailing_bytes", good + bytes(FIVE_MB))

    def _bad_requests(self) -> Iterator[Bad]:
        yield self._rejected("a-nan", "a", a=NAN)
        yield self._rejected("a-inf", "a", a=INF)
        yield self._rejected("b-inf", "b", b=-INF)
        yield self._rejected("b-out", "b", b=10.001)
        yield self._rejected("b-max", "b", b=3.4e38)
        yield self._rejected("time-nan", "request_time", time=NAN)
        yield self._rejected("time-inf", "request_time", time=-INF)
        yield self._rejected("time-max", "request_time", time=1.7e308)
        yield self._rejected("user-none", "user", user=b"")
        yield Bad(
            "requests", "rejected deadline-ms", self.request("soon"), headers=(("deadline-ms", b"soon"),), id="soon"
        )
        yield Bad("requests", "bad_id", self.request(""))
        yield Bad("requests", ANSWERED, self.request("b-nan", b=NAN), id="b-nan")
        yield Bad("requests", ANSWERED, self.request("past", -5.0), id="past")
        yield Bad("requests", ANSWERED_AND_BURIED, self.request("next-year", AHEAD), id="next-year")

    def _bad_texts(self) -> Iterator[Bad]:
        numbers = self._head("Request") + struct.pack("<dff", OLD, 1, 1)
        yield Bad("requests", "too_long", numbers + text(b"u" * 257) + text(b"x"))
        yield Bad("requests", "too_long", numbers + text(b"u" * FIVE_MB) + text(b"x"))
        yield Bad("requests", "too_long", numbers + text(b"u") + text(b"i" * 257))
        yield Bad("requests", "bad_text", numbers + text(b"\xff\xfe") + text(b"x"))
        yield Bad("requests", "bad_text", numbers + text(b"a\0b") + text(b"x"))
        yield Bad("requests", "bad_length", numbers + long(-3) + text(b"x"))
        yield Bad("requests", "bad_number", numbers + b"\xff" * 10 + text(b"x"))
        yield Bad("labels", "too_long", self.label("x", OLD, labeller=b"w" * 5000))

    def _of_other_schemas(self) -> Iterator[Bad]:
        """Records with a field more, a field less, and a text instead of a number."""
        for fields in ({"extra": {"type": "number", "range": [0, 1]}}, {"b": None}):
            data = self._contracts.pipeline.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            data["request"]["fields"] |= fields
            data["request"]["fields"] = {n: f for n, f in data["request"]["fields"].items() if f is not None}
            other = contracts_of(type(self._contracts.pipeline).model_validate(data)).codec("Request")
            yield Bad("requests", "unknown_schema", b"\0" + other.schema_id.to_bytes(4, "big") + self.request("x")[5:])
        # Avro does not say what it holds: under our id, a text for a number is read as a number, and the rest shifts.
        start, rest = self._head("Request") + struct.pack("<d", OLD), struct.pack("<f", 1) + text(b"stranger")
        yield Bad("requests", "truncated", start + text(b"twelve") + rest + text(b"x"))
        # Three letters and their length take four bytes, as a float does: nobody can tell.
        yield Bad("requests", ANSWERED, start + text(b"1.5") + rest + text(b"misread"), id="misread")

    def _bad_labels(self) -> Iterator[Bad]:
        for value in (NAN, INF, -INF, -1, 0.5, 3, 1e300):
            yield Bad("labels", "bad_label", self.label("x", OLD, value))
        for time in (NAN, INF, -1.7e308):
            yield Bad("labels", "bad_time", self.label("x", time))
        yield Bad("labels", "bad_id", self.label("", OLD))
        yield Bad("labels", "clock_jump", self.label("x", AHEAD))
        yield Bad("labels", "duplicate_label", self.label("twofold", OLD), b"twofold")

    def _bad_features(self) -> Iterator[Bad]:
        for value in (INF, -INF, 11):
            yield Bad("features", "out_of_range", self.seen(value=value))
        for time in (NAN, INF, -1.0, 1e15):
            yield Bad("features", "bad_time", self.seen(time))
        yield Bad("features", "clock_jump", self.seen(AHEAD))
        yield Bad("features", "too_long", self.seen(user=b"u" * 257))
        yield Bad("features", "bad_text", self.seen(user=b"\xc3"))
        yield Bad("features", DROPPED, self.seen(user=b""))
        yield Bad("features", LATE_PANE, self.seen())

    def _rejected(
        self, id: str, field: str, time: float = OLD, a: float = 1, b: float = 1, user: bytes = b"stranger"
    ) -> Bad:
        return Bad("requests", f"rejected {field}", self.request(id, time, a, b, user), id=id)

    def _head(self, record: str) -> bytes:
        return b"\0" + self._contracts.codec(record).schema_id.to_bytes(4, "big")
