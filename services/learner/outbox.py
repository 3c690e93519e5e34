"""Performs what learning asked for: in order, each thing once, also over crashes.

A version goes blob → pointer → announcement, and a checkpoint that stands after it is written last. A crash between
any two of these leads back to a checkpoint before the version; learning then makes it again, bit for bit, and each
step that was done already is recognised: a blob by its name, a pointer and an announcement by the number.

While the store is away, versions and the checkpoints behind them wait here; learning goes on until too many do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from adapters.checkpoint_folder import CheckpointFolder
from adapters.learner_ports import Announcer
from adapters.ports import ModelStore
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.records import Outgoing
from services.learner.announcing import Predecessor, encode_version, manifest_of, other_digest, standing_digest
from services.learner.effects import Candidate, Checkpoint, Effect, Standing

MOST_WAITING: Final = 16
"""Versions that may wait for the store before learning pauses."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whom the outbox speaks to, and as whom."""

    contracts: Contracts
    partition: int
    store: ModelStore
    announcer: Announcer
    folder: CheckpointFolder
    now_ms: Callable[[], float]
    steady_s: Callable[[], float]


class Outbox:
    """Effects that wait to be performed.

    Parameters
    ----------
    around : Surroundings
        See there.
    predecessor : Predecessor
        What was announced before.

    Attributes
    ----------
    told : int
        Offset before which every dead letter has been sent.
    trouble : DependencyError or None
        Why versions wait, while they do.
    """

    def __init__(self, around: Surroundings, predecessor: Predecessor) -> None:
        self._around = around
        self._announced = dict(predecessor.digests)
        self.told = around.announcer.told()
        # A store that lost its data gets the newest version back before anything else.
        self._waiting: deque[Effect] = deque(e for e in [predecessor.standing] if e is not None)
        self._pause_s, self._not_before_s = _FIRST_PAUSE_S, 0.0
        self.trouble: DependencyError | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all has been performed."""
        return not self._waiting

    @property
    def is_full(self) -> bool:
        """Whether learning must pause."""
        return self.versions >= MOST_WAITING

    @property
    def versions(self) -> int:
        """How many versions wait."""
        return sum(not isinstance(effect, Checkpoint) for effect in self._waiting)

    def refuse(self, letters: Outgoing, told: int) -> None:
        """Send dead letters. Blocks.

        Parameters
        ----------
        letters : Outgoing
            For rows at offsets from `told` on.
        told : int
            Offset after the last of them.
        """
        self._around.announcer.send([letters], told)
        self.told = told

    def put(self, effects: Iterable[Effect]) -> None:
        """Queue effects; of several checkpoints only the last is kept, since it stands behind all that is before it."""
        for effect in effects:
            if isinstance(effect, Checkpoint):
                self._waiting = deque(e for e in self._waiting if not isinstance(e, Checkpoint))
            self._waiting.append(effect)

    def drain(self) -> list[Effect]:
        """Perform what can be performed now, and return it. Blocks for each step.

        If the store is away, `trouble` says so, and it is tried again after a pause, at a later call.

        Raises
        ------
        DataError
            A version comes out with another digest than the one announced or stored under its number.
        Fenced
            Another learner has taken over.
        DependencyError
            Kafka or the disk is away.
        """
        done: list[Effect] = []
        while self._waiting and self._around.steady_s() >= self._not_before_s:
            if not self._perform(self._waiting[0]):
                break
            done.append(self._waiting.popleft())
        return done

    def _perform(self, effect: Effect) -> bool:
        match effect:
            case Checkpoint():
                self._around.folder.save(effect.offset, effect.payload)
                return True
            case Standing():
                return self._stand(effect)
            case Candidate():
                return self._publish(effect)

    def _publish(self, candidate: Candidate) -> bool:
        known = self._announced.get(candidate.number)
        if known is not None and known != candidate.digest:
            raise other_digest(candidate, known, "was announced")
        if known is not None:
            return True
        around, admitted = self._around, candidate.decision.admitted
        fields = candidate.fields(around.partition, around.now_ms())
        standing = Standing(candidate.number, candidate.digest, candidate.blob, manifest_of(fields))
        if admitted and not self._stand(standing):
            return False
        record = encode_version(around.contracts, fields, candidate.blob if admitted else b"")
        around.announcer.send([record], self.told)
        self._announced[candidate.number] = candidate.digest
        return True

    def _stand(self, version: Standing) -> bool:
        """Move the store to this version if it is not further already; False if the store is away."""
        store, announced = self._around.store, version.number in self._announced
        try:
            store.put(version.blob)
            moved = store.publish(version.number, version.digest, version.manifest)
            found = version.digest if moved else standing_digest(store, version.number)
            store.trim(self._around.contracts.pipeline.learner.keep_versions)
        except DependencyError as error:
            self._wait_after(error)
            return False
        # An announced version may have been trimmed since; one that was not cannot have been overtaken.
        if found != version.digest and (found or not announced):
            raise other_digest(version, found, "stands in the model store")
        self.trouble, self._pause_s, self._not_before_s = None, _FIRST_PAUSE_S, 0.0
        return True

    def _wait_after(self, error: DependencyError) -> None:
        self.trouble = error
        self._not_before_s = self._around.steady_s() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
