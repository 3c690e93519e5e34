"""How much memory processes hold: resident set sizes, from the system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MIB = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_mib(pid: int) -> float:
    """Resident memory of a process, MiB; 0 once it has gone.

    Examples
    --------
    >>> resident_mib(os.getpid()) > 1
    True
    """
    try:
        return int((Path("/proc") / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * _PAGE / MIB
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def resident(pids: Mapping[str, int]) -> dict[str, float]:
    """Resident memory of named processes, MiB."""
    return {name: resident_mib(pid) for name, pid in pids.items()}
