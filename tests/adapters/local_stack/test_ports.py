"""A port that somebody listens on is left to them."""

from __future__ import annotations

import socket

from adapters.local_stack.ports import QUIET, accepts, choose_port


def test_free_port_is_taken_as_wished_and_a_taken_one_replaced() -> None:
    wished = choose_port(0)
    assert wished in range(*QUIET), "no connection that goes out may be given it while its server is down"
    assert choose_port(wished) == wished
    with socket.create_server(("127.0.0.1", wished)):
        assert accepts(wished)
        assert choose_port(wished) not in {0, wished}
    assert not accepts(wished)
