"""Model store in Redis: content-addressed blobs, and a pointer that one script moves."""

from __future__ import annotations

from importlib.resources import files
from typing import cast

import redis

from adapters.model_digest import check_blob, check_version, digest_of, missing_blob, other_digest
from adapters.ports import ModelPointer
from adapters.redis_client import redis_errors
from schemas.redis_keys import model_key


class RedisModelStore:
    """`ModelStore` of one pipeline; safe to use from several threads. Each method is one round trip and blocks for it.

    Parameters
    ----------
    client : redis.Redis
        From `adapters.redis_client.connect`.
    pipeline : str
        Its name, which is in every key.

    Notes
    -----
    Every method may raise `DependencyError`: Redis is away or refuses.
    """

    def __init__(self, client: redis.Redis, pipeline: str) -> None:
        self._client = client
        self._pipeline = pipeline
        self._publish = client.register_script(_script("model_store_publish.lua"))
        self._restore = client.register_script(_script("model_store_restore.lua"))
        self._trim = client.register_script(_script("model_store_trim.lua"))

    def put(self, blob: bytes) -> str:
        """Store a blob under its SHA-256 (hex), which is returned. Storing twice is harmless."""
        digest = digest_of(blob)
        with redis_errors(self._client, "storing a model"), self._client.pipeline(transaction=True) as steps:
            steps.set(self._key("blob", digest), blob)
            steps.sadd(self._key("blobs"), digest)
            steps.execute()
        return digest

    def get(self, digest: str) -> bytes:
        """Fetch a blob; MissingModel if there is none, DigestMismatch if it is not what its name says."""
        with redis_errors(self._client, "fetching a model"):
            blob = cast("bytes | None", self._client.get(self._key("blob", digest)))
        return check_blob(blob, digest)

    def publish(self, number: int, digest: str, manifest: str) -> bool:
        """Record a version and move the pointer to it, in one atomic step.

        Raises
        ------
        ValueError
            The number is not in 1 … 2⁵³−1, or the digest is no SHA-256.
        MissingModel
            The blob is not there.
        """
        check_version(number, digest)
        with redis_errors(self._client, "publishing a version"):
            answer = self._publish(keys=self._version_keys(number, digest), args=[number, digest, manifest])
        if answer == -1:
            raise missing_blob(digest)
        return bool(answer)

    def restore(self, number: int, digest: str, manifest: str) -> bool:
        """Put a version back that was lost, in one atomic step; the pointer rises to it if it is behind or absent.

        Raises
        ------
        ValueError
            As for `publish`.
        MissingModel
            The blob is not there.
        DataError
            Another digest has this number.
        """
        check_version(number, digest)
        with redis_errors(self._client, "putting a version back"):
            answer = self._restore(keys=self._version_keys(number, digest), args=[number, digest, manifest])
        if answer == -2:
            raise other_digest(number, digest)
        if answer == -1:
            raise missing_blob(digest)
        return bool(answer)

    def current(self) -> ModelPointer | None:
        """Read the pointer."""
        with redis_errors(self._client, "reading the current version"):
            number, digest = cast("list[bytes | None]", self._client.hmget(self._key("current"), ["number", "digest"]))
        return None if number is None or digest is None else ModelPointer(int(number), digest.decode())

    def manifest(self, number: int) -> str | None:
        """JSON of one version."""
        with redis_errors(self._client, "reading a manifest"):
            text = cast("bytes | None", self._client.hget(self._key("version", str(number)), "manifest"))
        return None if text is None else text.decode()

    def numbers(self) -> list[int]:
        """Versions held, rising."""
        with redis_errors(self._client, "listing versions"):
            return [int(n) for n in cast("list[bytes]", self._client.zrange(self._key("numbers"), 0, -1))]

    def trim(self, keep: int) -> int:
        """Drop all but the newest `keep` versions and the current one, with blobs that nothing names."""
        keys = [self._key("numbers"), self._key("current"), self._key("blobs")]
        stems = [self._key("version", ""), self._key("blob", "")]
        with redis_errors(self._client, "dropping old versions"):
            return int(cast("int", self._trim(keys=keys + stems, args=[keep])))

    def _version_keys(self, number: int, digest: str) -> list[str]:
        parts = (("blob", digest), ("numbers",), ("version", str(number)), ("current",))
        return [self._key(*part) for part in parts]

    def _key(self, *parts: str) -> str:
        return model_key(self._pipeline, *parts)


def _script(name: str) -> str:
    return files("adapters").joinpath(name).read_text("utf-8")
