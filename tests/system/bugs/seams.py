"""How a bug is put in: a function of the product is exchanged for one that calls it, or does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARK = "ANABRANCH_TEST_CRASHED"
"""Names the file that remembers that the process has crashed, so that it crashes once."""


def exchange(owner: object, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make` makes of an attribute in its place."""
    setattr(owner, name, make(getattr(owner, name)))


def crash_once() -> None:
    """End like ``kill -9``; the second time nothing happens."""
    mark = Path(os.environ[MARK])
    if not mark.exists():
        mark.touch()
        os._exit(9)


class Calls:
    """Counts; true from the n-th call on, or only then."""

    def __init__(self, which: int) -> None:
        self._left = which

    def due(self) -> bool:
        """Whether this is that call."""
        self._left -= 1
        return self._left == 0
