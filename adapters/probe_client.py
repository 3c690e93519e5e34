"""Asking a process of ours how it is, over its probes."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from adapters.local_stack.ports import LOOPBACK

TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """Whether the answer was yes, and the reason given."""

    ok: bool
    why: str


def ask_probe(port: int, path: str) -> ProbeAnswer:
    """Ask ``/livez`` or ``/readyz`` of the process on this loopback port. Blocks for at most some seconds.

    A process that does not answer has said no.
    """
    connection = HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return ProbeAnswer(response.status == 200, response.read().decode(errors="replace").strip())
    except (OSError, HTTPException) as error:
        return ProbeAnswer(False, f"no answer on port {port}: {error or type(error).__name__}")
    finally:
        connection.close()
