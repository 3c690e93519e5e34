"""Kafka and Redis of a benchmark's own, on ports that are free."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters import local_stack
from adapters.local_stack import ANY, StackAddresses, StackOptions

JARS = Path(__file__).parents[1] / ".anabranch" / "kafka" / "jars"
OPTIONS = StackOptions(ports=ANY, jars=JARS)


@contextmanager
def servers_in(home: Path) -> Iterator[StackAddresses]:
    """Run servers on the data of a folder; they end with the context."""
    try:
        yield local_stack.up(home, options=OPTIONS)
    finally:
        local_stack.down(home)


@contextmanager
def own_servers(purpose: str = "bench") -> Iterator[tuple[Path, StackAddresses]]:
    """Run servers on empty data, in a folder that goes with the context."""
    with tempfile.TemporaryDirectory(prefix=f"anabranch-{purpose}-") as folder, servers_in(Path(folder)) as addresses:
        yield Path(folder), addresses
