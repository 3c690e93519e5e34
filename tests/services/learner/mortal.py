"""Memory twins of what a learner speaks to, in which it may be killed at any step that the world can see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from adapters.checkpoint_folder import CheckpointFolder
from adapters.learner_log_memory import MemoryAnnouncer, MemoryPartitionLog, MemoryTopics
from adapters.model_store_memory import MemoryModelStore
from schemas.records import Outgoing, Records

WITHIN_S = 20.0


class Killed(BaseException):
    """As kill -9: nothing in the learner may catch it."""


@dataclass
class Fate:
    """Kills at the n-th step that the world can see; never if None."""

    at: int | None = None
    steps: int = 0
    seen: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        self.steps += 1
        self.seen.append(name)
        if self.steps == self.at:
            raise Killed(name)


class MortalStore(MemoryModelStore):
    fate = Fate()

    def put(self, blob: bytes) -> str:
        self.fate.step("before put")
        return super().put(blob)

    def publish(self, number: int, digest: str, manifest: str) -> bool:
        self.fate.step("before publish")
        moved = super().publish(number, digest, manifest)
        self.fate.step("after publish")
        return moved

    def restore(self, number: int, digest: str, manifest: str) -> bool:
        self.fate.step("before putting back")
        return super().restore(number, digest, manifest)

    def lose_all(self) -> None:
        """As FLUSHALL."""
        self._blobs.clear()
        self._versions.clear()
        self._current = None


class MortalAnnouncer(MemoryAnnouncer):
    fate = Fate()

    def send(self, records: Sequence[Outgoing], told: int) -> None:
        self.fate.step("before announcing")
        super().send(records, told)
        self.fate.step("after announcing")


class MortalFolder(CheckpointFolder):
    fate = Fate()

    def save(self, offset: int, payload: bytes) -> None:
        self.fate.step("before checkpoint")
        super().save(offset, payload)
        self.fate.step("after checkpoint")


class EndingLog(MemoryPartitionLog):
    """Stops the learner at the end of the log, once it may end; reads it in pieces that a seed decides."""

    def __init__(self, topics: MemoryTopics, stop: threading.Event, seed: int, may_end: Callable[[], bool]) -> None:
        super().__init__(topics)
        self._stop, self._random, self._may_end = stop, np.random.default_rng(seed), may_end
        self._deadline_s = monotonic() + WITHIN_S

    def read(self, most: int, timeout_s: float) -> Records:
        found = super().read(int(self._random.integers(1, min(most, 60))), timeout_s)
        if self.is_at_end and (self._may_end() or monotonic() > self._deadline_s):
            self._stop.set()
        return found
