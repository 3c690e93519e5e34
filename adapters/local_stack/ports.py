"""Which loopback ports the local stack listens on: the usual ones, or free ones when those are taken."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from random import SystemRandom

from schemas.settings import KAFKA_PORT, REDIS_PORT

LOOPBACK = "127.0.0.1"
CONTROLLER_PORT = 9093
QUIET = 16_000, 32_000
"""Ports on which servers listen, and from which neither Linux nor macOS lets connections out by default."""


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports, each 0 (any free one) to 65535."""

    kafka: int = KAFKA_PORT
    controller: int = CONTROLLER_PORT
    redis: int = REDIS_PORT


USUAL = Ports()
ANY = Ports(0, 0, 0)


def choose_port(preferred: int) -> int:
    """Return `preferred` if nothing listens there, else a free port. The port is not held: be quick."""
    return preferred if preferred and is_free(preferred) else _any_free()


def is_free(port: int) -> bool:
    """Say whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers after its server has gone takes no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    # Not the system's own choice: that is one of the ports from which connections go out. While a server is down, a
    # client that keeps trying its port can be given that very port, meet itself there, and keep the server off it.
    return next(port for port in iter(lambda: SystemRandom().randrange(*QUIET), 0) if is_free(port))


def accepts(port: int) -> bool:
    """Say whether something answers on this loopback port; waits at most a second."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True
