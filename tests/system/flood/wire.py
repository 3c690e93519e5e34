"""Events byte by byte, as a careless or hostile application would make them."""

from __future__ import annotations

import struct

from schemas.contracts import Contracts

MAX_VARINT = 10


def long(number: int) -> bytes:
    """Avro long: a zigzag varint."""
    left, out = (number << 1) ^ (number >> 63), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


def text(raw: bytes) -> bytes:
    """Avro string."""
    return long(len(raw)) + raw


class Wire:
    """Writes the three records of the generated pipeline that applications send, with any content.

    Parameters
    ----------
    contracts : Contracts
        Fields of Request: numbers `a` (never missing) and `b`, category `user` (never missing). Of the event `seen`:
        number `value`, category `user`.
    """

    def __init__(self, contracts: Contracts) -> None:
        heads = {name: b"\0" + contracts.codec(name).schema_id.to_bytes(4, "big") for name in contracts.records}
        self._request, self._label, self._seen = heads["Request"], heads["Label"], heads["seen"]
        self.known_ids = frozenset(contracts.codec(name).schema_id for name in contracts.records)

    def request(self, id: bytes, time: float, a: float = 1, b: float = 1, user: bytes = b"stranger") -> bytes:
        return self.request_start(time, a, b) + text(user) + text(id)

    def request_start(self, time: float, a: float = 1, b: float = 1) -> bytes:
        """Header and numbers: what follows is up to the caller."""
        return self._request + struct.pack("<dff", time, a, b)

    def wide_request(self, id: bytes, time: float) -> bytes:
        """Numbers twice as wide as the schema says."""
        return self._request + struct.pack("<ddd", time, 1, 1) + text(b"stranger") + text(id)

    def label(self, id: bytes, time: float, value: float = 1, labeller: bytes = b"") -> bytes:
        return self._label + struct.pack("<dd", time, value) + text(id) + text(labeller)

    def seen(self, time: float, value: float = 1, user: bytes = b"stranger") -> bytes:
        return self._seen + struct.pack("<df", time, value) + text(user)
