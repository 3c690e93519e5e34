"""The ports: what a job sees of the world. Each has a real implementation and an in-memory twin that ships."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.records import Headers as Headers
from schemas.records import Outgoing as Outgoing
from schemas.records import Records as Records


@dataclass(frozen=True, slots=True)
class Batch:
    """What the loop hands to a job.

    `records` holds at most one entry a topic and may be empty: then it is a tick, at which time-outs can be looked at.
    `at_end` names the (topic, partition) pairs that have nothing more to read right now.
    """

    records: tuple[Records, ...]
    now_ms: float
    at_end: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a batch though nobody waits for it: of several batches at once, where they become final at once.

    Attributes
    ----------
    part : object
        What is remembered of the batch; not to be changed any more.
    of_all : callable
        Makes the records of several parts, in their order. Pure, for it may be called on another thread.
    """

    part: Any
    of_all: Callable[[Sequence[Any]], tuple[Outgoing, ...]]


def summed_up(summaries: Sequence[Summary]) -> tuple[Outgoing, ...]:
    """Make the records of what one job remembers of several batches.

    Examples
    --------
    >>> count = lambda parts: (Outgoing("counts", [None], [b"%d" % sum(parts)]),)
    >>> [out.values for out in summed_up([Summary(2, count), Summary(3, count)])], summed_up([])
    ([[b'5']], ())
    """
    return summaries[0].of_all([summary.part for summary in summaries]) if summaries else ()


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a job answers a batch with: written, together with the batch's offsets, in one transaction."""

    records: tuple[Outgoing, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    """Metric name → increment, for the loop to count once the transaction is committed. Label values follow
    the name after colons: ``{"dead_letters_total:bad_time": 3}``."""
    gauges: Mapping[str, float] = field(default_factory=dict)
    """Metric name → value, named likewise, set once the transaction is committed."""
    summaries: tuple[Summary, ...] = ()
    """Written in the same transaction, after the records."""


class Job(Protocol):
    """A step between topics, run by the batch loop. The loop calls it from one thread only.

    Inputs are co-partitioned: partition p of every input belongs to the same job, as does partition p of `changelog`.
    After any failure the loop calls `assign` again with what the changelog then holds, so a job keeps nothing that
    it has not written there.
    """

    inputs: tuple[str, ...]
    changelog: str | None

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over a partition and restore its state from the changelog's latest value of each key. May block."""
        ...

    def revoke(self, partition: int) -> None:
        """Forget a partition: another process has it, or will."""
        ...

    def process(self, batch: Batch) -> Outputs:
        """Compute the outputs of a batch. May write to stores, idempotently. Must not block for long."""
        ...


@dataclass(frozen=True, slots=True)
class ModelPointer:
    """Which version is current: what servers poll."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one partition of the windows stands in a feature store.

    `mark` is its watermark (`schemas.feature_format`): how far its values are whole, and the token of the store's life.
    A store that has lost its data begins another life. `run` tells the server's starts apart, for with a crash it may
    lose what it took last.
    """

    mark: bytes
    run: bytes


class FeatureStore(Protocol):
    """Packed feature values by key (`schemas/feature_format.py` says what is in them).

    A partition's watermark promises that all its values are there. So it is never written as other values are: it
    begins at nothing, and is moved on by whoever has written, within one life of the store, all that it promises.
    """

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int = 0) -> int:
        """Store each value unless what is there is newer. Returns how many were written.

        Bytes 1-8 of a value are its time, big-endian ms; bytes 9-12 the fingerprint of the windows that wrote it.
        A value of other windows always gives way. Values are gone `keep_ms` of wall time later; 0: they stay. One
        that follows stays for as long as it says itself.
        """
        ...

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Fetch values in one round trip, None where there is none."""
        ...

    def stand(self, key: bytes, mark: bytes) -> Standing:
        """Join the life of the store; where no watermark of these windows is, begin one by the token in `mark`.

        To be called before the first write that a watermark is to promise.
        """
        ...

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        """Move a watermark on to `mark`, of the same life; it never goes back.

        False, and nothing is done, if what was written since `standing` may have been lost: the store lives another
        life, was started anew, or its watermark has not come to `after_ms`.
        """
        ...


class ModelStore(Protocol):
    """Content-addressed model blobs, manifests, and the pointer to the current version of one pipeline."""

    def put(self, blob: bytes) -> str:
        """Store a blob under its SHA-256 (hex), which is returned. Storing twice is harmless."""
        ...

    def get(self, digest: str) -> bytes:
        """Fetch a blob; MissingModel if there is none, DigestMismatch if it is not what its name says."""
        ...

    def publish(self, number: int, digest: str, manifest: str) -> bool:
        """Record a version and move the pointer to it, in one atomic step.

        False if a version of this number or a later one stands already (same digest or not).
        MissingModel if the blob is not there.
        """
        ...

    def restore(self, number: int, digest: str, manifest: str) -> bool:
        """Put a version back that was lost, in one atomic step; the pointer rises to it if it is behind or absent.

        False if all of it stood there already. MissingModel if the blob is not there; DataError if another digest has
        the number.
        """
        ...

    def current(self) -> ModelPointer | None:
        """Read the pointer."""
        ...

    def manifest(self, number: int) -> str | None:
        """JSON of one version."""
        ...

    def numbers(self) -> list[int]:
        """Versions held, rising."""
        ...

    def trim(self, keep: int) -> int:
        """Drop all but the newest `keep` versions and the current one, with blobs nothing names; return how many."""
        ...


class Metrics(Protocol):
    """Where a process counts. Names and labels are those of `schemas/metrics.py`; any other is a KeyError."""

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float | NDArray[np.floating], **labels: str) -> None:
        """Put one value, or each value of an array, into a histogram."""
        ...
