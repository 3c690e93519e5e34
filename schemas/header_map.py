"""Headers of Kafka as the map of an Avro record, and back: names of headers may repeat, keys of a map may not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.records import Headers

_NUMBERED: Final = re.compile(r"#\d+\Z")


def map_of_headers(headers: Headers) -> dict[str, bytes]:
    """Give each header a key of its own: the second ``a`` becomes ``a#2``.

    A name that ends like such a key is given a number too, so that `headers_of_map` cannot mistake it.

    Examples
    --------
    >>> map_of_headers((("a", b"1"), ("a", b"2"), ("b#2", b"3")))
    {'a': b'1', 'a#2': b'2', 'b#2#1': b'3'}
    """
    seen: dict[str, int] = {}
    found: dict[str, bytes] = {}
    for name, value in headers:
        place = seen[name] = seen.get(name, 0) + 1
        found[f"{name}#{place}" if place > 1 or _NUMBERED.search(name) else name] = value or b""
    return found


def headers_of_map(entries: Mapping[str, bytes]) -> Headers:
    """Undo `map_of_headers`: names and values as they were, in their order.

    Examples
    --------
    >>> headers_of_map({"a": b"1", "a#2": b"2", "b#2#1": b"3"})
    (('a', b'1'), ('a', b'2'), ('b#2', b'3'))
    """
    return tuple((_NUMBERED.sub("", key), value) for key, value in entries.items())
