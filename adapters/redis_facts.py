"""Asking a Redis server how it is."""

from __future__ import annotations

from typing import Any

import redis

from adapters.redis_client import redis_errors
from adapters.server_facts import RedisFacts


def read_redis_facts(client: redis.Redis) -> RedisFacts:
    """Ask a server. Blocks for one round trip.

    Raises
    ------
    DependencyError
        It does not answer.
    """
    with redis_errors(client, "reading its state"):
        info: dict[str, Any] = client.info()
    return RedisFacts(
        version=str(info["redis_version"]),
        appends=bool(info.get("aof_enabled", 0)),
        write_ok=info.get("aof_last_write_status", "ok") == "ok",
        policy=str(info.get("maxmemory_policy", "noeviction")),
        used=int(info.get("used_memory", 0)),
        limit=int(info.get("maxmemory", 0)),
    )
