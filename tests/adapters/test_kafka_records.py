"""Messages of any client become columns."""

from __future__ import annotations

from adapters.kafka_records import UNREADABLE_HEADERS
from adapters.local_stack import StackAddresses
from adapters.tail import Tail
from tests.foreign_client import send_with_headers
from tests.kafka_topics import create_topics

SENT: list[list[tuple[bytes, bytes]]] = [
    [(b"a", b"1")],
    [(b"\xff\xfe", b"2"), (b"a", b"1")],
    [],
    [(b"a", b"1"), (b"\xc3", b"")],
    [("é".encode(), b"\xff")],
]
READ = [(("a", b"1"),), ((UNREADABLE_HEADERS, b""),), (), ((UNREADABLE_HEADERS, b""),), (("é", b"\xff"),)]


def test_header_name_that_is_no_text_costs_the_headers_and_neither_event_nor_process(stack: StackAddresses) -> None:
    create_topics(stack.bootstrap, ["foreign-headers"], 1)
    for place, headers in enumerate(SENT):
        send_with_headers(stack.bootstrap, "foreign-headers", b"%d" % place, headers)
    with Tail(stack.bootstrap, ["foreign-headers"]) as tail:
        found = []
        while not tail.is_at_end:
            found += [pair for r in tail.read() for pair in zip(r.values, r.headers, strict=True)]
    assert [value for value, _ in found] == [b"%d" % place for place in range(len(SENT))]
    assert [headers for _, headers in found] == READ
