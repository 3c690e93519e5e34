"""Bars that show how far a command is."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def new_bar(*columns: ProgressColumn, quiet: bool = False) -> Progress:
    """Make a bar on standard error that vanishes at its end; unless that is a terminal, and not `quiet`, none is seen.

    Examples
    --------
    >>> with new_bar(quiet=True) as shown:
    ...     shown.disable
    True
    """
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
