"""Facts of this machine: packages, memory. Reads the system, changes nothing."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

MEMINFO = Path("/proc/meminfo")


def needed_packages(own: str = "anabranch") -> tuple[str, ...]:
    """Names of the packages that an installed one asks for, without its extras."""
    wanted = [line for line in requires(own) or [] if "extra ==" not in line]
    return tuple(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted)


def missing_packages(names: tuple[str, ...]) -> list[str]:
    """Return those that are not installed; imports none of them, since torch takes seconds.

    Examples
    --------
    >>> missing_packages(("numpy", "no-such-package"))
    ['no-such-package']
    """
    return [name for name in names if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def available_memory() -> int | None:
    """Bytes that new processes could take; None where the system does not tell."""
    try:
        return parse_meminfo(MEMINFO.read_text(encoding="ascii"))
    except OSError:
        return None


def parse_meminfo(text: str) -> int | None:
    r"""Read the available bytes from Linux' ``/proc/meminfo``.

    Examples
    --------
    >>> parse_meminfo("MemTotal: 9 kB\nMemAvailable:    2000 kB\n")
    2048000
    """
    found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.M)
    return int(found[1]) * 1024 if found else None
