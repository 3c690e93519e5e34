"""A Redis server of a test's own, which it may stop and start again on the same port and data."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from adapters.local_stack.ports import choose_port
from adapters.local_stack.redis_server import find_redis, redis_serves, settings_text


class RedisProcess:
    """Stopped until `start`; `kill` leaves no time to say goodbye."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = choose_port(0)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._settings = folder / "redis.conf"
        self._settings.write_text(settings_text(folder, self.port), encoding="utf-8")
        self._program = find_redis(os.environ).path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([self._program, self._settings], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not redis_serves(self.port):
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
