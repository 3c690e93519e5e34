"""A schema registry that answers anything: contracts, or an error that names the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.registry import _is_known_kind, contracts_with
from schemas.errors import AnabranchError
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["record", "array", "double", "", "R"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "fields", "items", "symbols", "size", "default"]), inner)
    ),
    max_leaves=5,
)
ANSWERS = [
    b'{"id": 1, "version": 1, "schema": "{}"}',
    b"[1]",
    b'{"id": 1, "schema": "{\\"type\\": \\"record\\"}"}',
    b"{}",
]
STATUS = st.sampled_from([200, 200, 200, 404, 409, 500])


@fuzzed
@given(JSON)
def test_any_schema_is_known_or_not(schema: Any) -> None:
    assert _is_known_kind(schema) in (True, False)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(STATUS, hostile(ANSWERS) | JSON.map(lambda j: json.dumps(j).encode())), min_size=1, max_size=4)
)
@example([(200, b"[1]")])
@example([(200, b"null")])
def test_any_answers(answers: list[tuple[int, bytes]]) -> None:
    with answering(answers) as url, suppress(AnabranchError):
        contracts_with(contracts().pipeline, {}, url)


@contextmanager
def answering(answers: list[tuple[int, bytes]]) -> Iterator[str]:
    """Give these answers in turn, the last for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
