"""Connecting to Redis, and its errors as ours: they say what could not be done and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from schemas.errors import ConfigurationError, DependencyError

TIMEOUT_S = 5.0


def connect(url: str, timeout_s: float = TIMEOUT_S) -> redis.Redis:
    """Make a client; the first command opens the connection.

    It tries a command once: whoever calls knows whether waiting is worth it.

    Parameters
    ----------
    url : str
        ``redis://host:port/db``.
    timeout_s : float
        Seconds to connect, and to wait for an answer.

    Raises
    ------
    ConfigurationError
        The URL cannot be read.
    """
    try:
        return redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as error:
        raise ConfigurationError(
            f"The Redis URL {url!r} cannot be read: {error}.", "Write it as redis://host:port/0."
        ) from error


@contextmanager
def redis_errors(client: redis.Redis, doing: str) -> Iterator[None]:
    """Turn an error of the driver into `DependencyError`.

    Parameters
    ----------
    doing : str
        What was tried, to complete "Redis at … failed while …".
    """
    try:
        yield
    except redis.RedisError as error:
        raise DependencyError(
            f"Redis at {_address(client)} failed while {doing}: {error or type(error).__name__}.", _cure(error)
        ) from error


def _address(client: redis.Redis) -> str:
    known = client.connection_pool.connection_kwargs
    return str(known.get("path") or f"{known.get('host')}:{known.get('port')}")


def _cure(error: redis.RedisError) -> str:
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        return "Put the user and password into the URL: redis://user:password@host:port/0."
    if isinstance(error, redis.OutOfMemoryError):
        return "Raise its maxmemory, or keep fewer snapshots or versions in the pipeline file."
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return "Start it with `anabranch up`, or give the right --redis URL."
    return "Look at the server's log; `anabranch doctor` checks its settings."
