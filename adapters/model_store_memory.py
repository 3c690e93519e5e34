"""Model store in memory: the twin of the one in Redis, for tests and for users' tests."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from adapters.model_digest import check_blob, check_version, digest_of, missing_blob, other_digest
from adapters.ports import ModelPointer


@dataclass(frozen=True, slots=True)
class _Version:
    digest: str
    manifest: str


class MemoryModelStore:
    """`ModelStore` of one pipeline; safe to use from several threads. Never blocks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blobs: dict[str, bytes] = {}
        self._versions: dict[int, _Version] = {}
        self._current: ModelPointer | None = None

    def put(self, blob: bytes) -> str:
        """Store a blob under its SHA-256 (hex), which is returned. Storing twice is harmless."""
        digest = digest_of(blob)
        with self._lock:
            self._blobs[digest] = blob
        return digest

    def get(self, digest: str) -> bytes:
        """Fetch a blob; MissingModel if there is none, DigestMismatch if it is not what its name says."""
        with self._lock:
            blob = self._blobs.get(digest)
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
        with self._lock:
            if self._current is not None and number <= self._current.number:
                return False
            if digest not in self._blobs:
                raise missing_blob(digest)
            self._versions[number] = _Version(digest, manifest)
            self._current = ModelPointer(number, digest)
            return True

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
        version = _Version(digest, manifest)
        with self._lock:
            held, current = self._versions.get(number), self._current
            named = {held.digest} if held else set[str]()
            named |= {current.digest} if current and current.number == number else set()
            if named - {digest}:
                raise other_digest(number, digest)
            if digest not in self._blobs:
                raise missing_blob(digest)
            rises = current is None or current.number < number
            self._versions[number] = version
            self._current = ModelPointer(number, digest) if rises else current
            return rises or held != version

    def current(self) -> ModelPointer | None:
        """Read the pointer."""
        return self._current

    def manifest(self, number: int) -> str | None:
        """JSON of one version."""
        version = self._versions.get(number)
        return None if version is None else version.manifest

    def numbers(self) -> list[int]:
        """Versions held, rising."""
        with self._lock:
            return sorted(self._versions)

    def trim(self, keep: int) -> int:
        """Drop all but the newest `keep` versions and the current one, with blobs that nothing names."""
        with self._lock:
            kept = set(sorted(self._versions, reverse=True)[:keep])
            kept |= {self._current.number} if self._current else set()
            gone = len(self._versions) - len(kept)
            self._versions = {n: v for n, v in self._versions.items() if n in kept}
            named = {v.digest for v in self._versions.values()}
            self._blobs = {d: b for d, b in self._blobs.items() if d in named}
            return gone
