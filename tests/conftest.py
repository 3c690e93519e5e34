"""What tests share: one throwaway Kafka and Redis for the whole run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import settings

from adapters import local_stack
from adapters.local_stack import ANY, StackAddresses, StackOptions

CLONE = Path(__file__).parents[1]
JARS = CLONE / ".anabranch" / "kafka" / "jars"
"""Fetched once for a clone: shared by its own broker and by those of all its test runs."""


def pytest_configure() -> None:
    """End as by Ctrl-C when told to terminate (`timeout` does that): then the servers are ended too."""
    # Seeded, and never judged by the clock: machines are shared.
    settings.register_profile("anabranch", deadline=None, derandomize=True)
    settings.load_profile("anabranch")
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackAddresses]:
    """Real Kafka and Redis on free ports with empty data, ended after the last test."""
    home = tmp_path_factory.mktemp("stack")
    try:
        yield local_stack.up(home, options=StackOptions(ports=ANY, jars=JARS))
    finally:
        local_stack.down(home)
