"""How the local stack tells what it is doing, without knowing about terminals."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called with a step's name, how much of it is done, and of how much; 0 of 0 where that is not known."""


def silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""
