"""The small HTTP server of each process: /livez, /readyz and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from adapters.health import Health, Verdict
from schemas.errors import ConfigurationError

PLAIN = "text/plain; charset=utf-8"
Answer = tuple[int, str, bytes]


def answer(path: str, health: Health, registry: CollectorRegistry) -> Answer:
    r"""Return status, content type and body for a path.

    Examples
    --------
    >>> answer("/readyz", Health(), CollectorRegistry())
    (503, 'text/plain; charset=utf-8', b'starting\n')
    >>> answer("/elsewhere", Health(), CollectorRegistry())[0]
    404
    """
    if path == "/livez":
        return _verdict(health.liveness)
    if path == "/readyz":
        return _verdict(health.readiness)
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
    return 404, PLAIN, b"There are /livez, /readyz and /metrics.\n"


def _verdict(verdict: Verdict) -> Answer:
    return 200 if verdict.ok else 503, PLAIN, f"{verdict.why}\n".encode()


@contextmanager
def probes(host: str, port: int, health: Health, registry: CollectorRegistry) -> Iterator[int]:
    """Serve on a thread while the block runs; gives the port, which is a free one where 0 was asked for.

    Raises
    ------
    ConfigurationError
        The address cannot be had.
    """

    class Handler(_Handler):
        source = (health, registry)

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be served on: {error}.", "Choose another --http-port, or 0 for any free one."
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="probes", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    source: ClassVar[tuple[Health, CollectorRegistry]]

    def do_GET(self) -> None:
        status, kind, body = answer(self.path.partition("?")[0], *self.source)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: probes come every second."""
