"""A request id as its bytes stand in Avro: to tell at a glance which messages can hold it. Pure."""

from __future__ import annotations

from adapters.log_search import Wanted
from schemas.codec import MAGIC, Codec


def needle_of(request_id: str) -> bytes:
    r"""Write the id as Avro writes text: its length as a zigzag varint, then UTF-8.

    Examples
    --------
    >>> needle_of("UA1")
    b'\x06UA1'
    >>> needle_of("x" * 64)[:3]
    b'\x80\x01x'

    References
    ----------
    Apache Avro 1.12 specification, "Binary encoding".
    """
    text = request_id.encode()
    length, left = bytearray(), len(text) << 1
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*length, left]) + text


def naming(request_id: str) -> Wanted:
    """Want what holds the id anywhere in its value; another field may say the same, so look again when decoded."""
    needle = needle_of(request_id)
    return lambda _key, value: value is not None and needle in value


def written_by(codec: Codec) -> Wanted:
    """Want messages of one schema."""
    head = bytes([MAGIC]) + codec.schema_id.to_bytes(4, "big")
    return lambda _key, value: value is not None and value.startswith(head)


def keyed(*keys: bytes) -> Wanted:
    """Want records of these keys."""
    chosen = frozenset(keys)
    return lambda key, _value: key in chosen
