"""Performs what learning asked for: in order, each thing once, also over crashes.

A version goes blob → pointer → announcement, and a checkpoint that stands after it is written last. A crash between
any two of these leads back to a checkpoint before the version; learning then makes it again, bit for bit, and each
step that was done already is recognised: a blob by its name, a pointer and an announcement by the number.

While the store is away, versions and the checkpoints behind them wait here; dead letters and drifts do not.
Between them the store is asked once a second whether it still has the version that stands: one that has lost its data
gets it back.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from adapters.checkpoint_folder import CheckpointFolder
from adapters.learner_ports import Announcer
from adapters.ports import ModelStore
from models.drift.reports import reports_of
from schemas.contracts import Contracts
from schemas.errors import DependencyError, MissingModel
from schemas.versions import VersionFields, encode_thinned, encode_version, manifest_of
from services.learner.announcing import Predecessor, other_digest, standing_digest
from services.learner.effects import (
    AtOnce,
    Candidate,
    Checkpoint,
    Effect,
    InOrder,
    Reacted,
    Refused,
    Standing,
    is_version,
)
from services.learner.recipe import recipe_of
from services.learner.shelf import Shelf

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_LOOK_EVERY_S: Final = 1.0
_LONGEST_LOOK_S: Final = 30.0


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
    trouble : DependencyError, MissingModel or None
        Why versions wait, while they do.
    """

    def __init__(self, around: Surroundings, predecessor: Predecessor) -> None:
        self._around = around
        self._announced = dict(predecessor.digests)
        self._recipe = json.dumps(recipe_of(around.contracts.pipeline), sort_keys=True)
        self.told = around.announcer.told()
        self._shelf = Shelf(around.contracts, lambda: around.announcer.announced(0))
        self._standing = predecessor.standing
        # A store that lost its data gets the newest version back before anything else.
        self._waiting: deque[InOrder] = deque(e for e in [predecessor.standing] if e is not None)
        self._at_once: deque[AtOnce] = deque()
        self._done: list[InOrder] = []
        self._pause_s, self._not_before_s = _FIRST_PAUSE_S, 0.0
        self._look_pause_s, self._look_at_s = _LOOK_EVERY_S, 0.0
        self.trouble: DependencyError | MissingModel | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all has been performed."""
        return not self._waiting and not self._at_once

    @property
    def versions(self) -> int:
        """How many versions wait."""
        return sum(map(is_version, self._waiting))

    def put(self, effects: Iterable[Effect]) -> None:
        """Queue effects; of several checkpoints only the last is kept, since it stands behind all that is before it."""
        for effect in effects:
            if isinstance(effect, AtOnce):
                self._at_once.append(effect)
                continue
            if isinstance(effect, Checkpoint):
                self._waiting = deque(e for e in self._waiting if not isinstance(e, Checkpoint))
            self._waiting.append(effect)

    def drain(self) -> Iterator[Effect]:
        """Perform what can be performed now, and give what has changed the world. Blocks for each step.

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
        while self._at_once:
            yield self._tell(self._at_once[0])
            self._at_once.popleft()
        self._look_after_store()
        while self._waiting and self._around.steady_s() >= self._not_before_s:
            if not self._perform(self._waiting[0]):
                break
            self._waiting.popleft()
            done, self._done = self._done, []
            yield from done

    def _tell(self, effect: AtOnce) -> AtOnce:
        if isinstance(effect, Refused):
            records, told = effect.letters, effect.told
        else:
            records, told = reports_of(self._around.contracts, [effect.drift]), self.told
        self._around.announcer.send([records], told)
        self.told = told
        return effect

    def _look_after_store(self) -> None:
        """Queue the version that stands if nothing else waits and the store does not have it any more."""
        now_s = self._around.steady_s()
        if self._waiting or self._standing is None or now_s < self._look_at_s:
            return
        try:
            pointer = self._around.store.current()
        except DependencyError:
            # Whatever is published next will say so; until then nothing is lost by it.
            self._look_pause_s = min(2 * self._look_pause_s, _LONGEST_LOOK_S)
        else:
            self._look_pause_s = _LOOK_EVERY_S
            if pointer is None or pointer.number < self._standing.number:
                self._waiting.append(self._standing)
        self._look_at_s = now_s + self._look_pause_s

    def _perform(self, effect: InOrder) -> bool:
        match effect:
            case Checkpoint():
                self._around.folder.save(effect.offset, effect.payload)
                self._done.append(effect)
                return True
            case Reacted():
                self._done.append(effect)
                return True
            case Standing():
                return self._stand_again(effect)
            case Candidate():
                return self._publish(effect)

    def _publish(self, candidate: Candidate) -> bool:
        known = self._announced.get(candidate.number)
        if known is not None and known != candidate.digest:
            raise other_digest(candidate, known, "was announced")
        if known is None:
            fields = candidate.fields(self._around.partition, self._around.now_ms(), self._recipe)
            version = Standing(candidate.number, candidate.digest, candidate.blob, manifest_of(fields))
            if candidate.decision.admitted and not self._stand(version):
                return False
            self._announce(candidate, fields, version)
        self._done.append(candidate)
        return True

    def _announce(self, candidate: Candidate, fields: VersionFields, version: Standing) -> None:
        """Tell of a version and, in the same transaction, take the artefact from one that is too old to keep it."""
        contracts, admitted = self._around.contracts, candidate.decision.admitted
        record = encode_version(contracts, fields, candidate.blob if admitted else b"")
        old = self._shelf.put(version.number, version.manifest) if admitted else ()
        thinned = [encode_thinned(contracts, manifest) for manifest in old]
        self._around.announcer.send([record, *thinned], self.told)
        self._announced[candidate.number] = candidate.digest
        self._standing = version if admitted else self._standing

    def _stand(self, version: Standing) -> bool:
        """Move the store to a new version; False if the store is away."""
        store = self._around.store
        try:
            store.put(version.blob)
            moved = store.publish(version.number, version.digest, version.manifest)
            found = version.digest if moved else standing_digest(store, version.number)
            self._trim()
        except (DependencyError, MissingModel) as error:
            return self._wait_after(error)
        if found != version.digest:
            raise other_digest(version, found, "stands in the model store")
        return self._well()

    def _stand_again(self, version: Standing) -> bool:
        """Put back what was announced before if the store has lost it; False if the store is away."""
        store = self._around.store
        try:
            stood = store.current()
            store.put(version.blob)
            store.restore(version.number, version.digest, version.manifest)
            self._trim()
        except (DependencyError, MissingModel) as error:
            return self._wait_after(error)
        if stood is None or stood.number < version.number:
            self._done.append(version)
        return self._well()

    def _trim(self) -> None:
        self._around.store.trim(self._around.contracts.pipeline.learner.keep_versions)

    def _well(self) -> bool:
        self.trouble, self._pause_s, self._not_before_s = None, _FIRST_PAUSE_S, 0.0
        return True

    def _wait_after(self, error: DependencyError | MissingModel) -> bool:
        """Try again later. A model that is missing right after it was put was lost in between: as good as away."""
        self.trouble = error
        self._not_before_s = self._around.steady_s() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return False
