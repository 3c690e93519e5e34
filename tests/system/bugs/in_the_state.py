"""Bugs in what is remembered: of labels, of versions, of the learner."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from adapters.checkpoint_folder import CheckpointFolder
from adapters.model_store_redis import RedisModelStore
from models.protocol import Snapshot
from models.replay import Reservoir
from services.learner import outbox, session
from services.learner.effects import Standing
from services.learner.outbox import Outbox
from services.learner.plan import Plan
from services.learner.session import Session
from services.learner.state import State
from stream_jobs.label_join.core import PartitionJoin
from tests.system.bugs.seams import MARK, Calls, crash_once, exchange

BEFORE = 3
"""Versions that come before a crash."""


def label_matched_twice() -> None:
    """An answer goes on waiting after it was joined."""

    def make(_let_go: Any) -> Any:
        return lambda *_: None

    exchange(PartitionJoin, "_let_go", make)


def skip_the_dedupe() -> None:
    """The learner does not look whether a version was announced before it crashed, before the next checkpoint."""
    calls = Calls(2)

    def crashing(save: Any) -> Any:
        def wrong(self: CheckpointFolder, offset: int, payload: bytes) -> None:
            if calls.due():
                crash_once()
            save(self, offset, payload)

        return wrong

    def make(publish: Any) -> Any:
        def wrong(self: Outbox, candidate: Any) -> Any:
            self._announced.pop(candidate.number, None)
            return publish(self, candidate)

        return wrong

    exchange(CheckpointFolder, "save", crashing)
    exchange(Outbox, "_publish", make)


def version_number_reused() -> None:
    """One version goes under the number of the one before."""

    def make(encode: Any) -> Any:
        def wrong(contracts: Any, fields: Any, artefact: bytes) -> Any:
            return encode(contracts, {**fields, "number": 3} if fields["number"] == 4 else fields, artefact)

        return wrong

    exchange(outbox, "encode_version", make)


def pointer_before_blob() -> None:
    """The pointer moves before the blob is there, and a crash comes between, each time."""

    def make(stand: Any) -> Any:
        def wrong(self: Outbox, version: Standing) -> Any:
            store = self._around.store
            if version.number != 3 or not isinstance(store, RedisModelStore):
                return stand(self, version)
            put = store._client.hset
            put(store._key("version", "3"), mapping={"digest": version.digest, "manifest": version.manifest})
            put(store._key("current"), mapping={"number": 3, "digest": version.digest})
            store._client.zadd(store._key("numbers"), {"3": 3})
            os._exit(9)

        return wrong

    exchange(Outbox, "_stand", make)


def half_written_blob() -> None:
    """Half of an artefact stands under the digest of the whole."""
    calls = Calls(3)

    def make(put: Any) -> Any:
        def wrong(self: RedisModelStore, blob: bytes) -> Any:
            digest = put(self, blob)
            if calls.due():
                self._client.set(self._key("blob", digest), blob[: len(blob) // 2])
            return digest

        return wrong

    exchange(RedisModelStore, "put", make)


def random_state_not_saved() -> None:
    """After a restart the replay memory draws as it did at first."""
    _crash_in_the_middle()

    def make(restore: Any) -> Any:
        def wrong(self: Reservoir, snapshot: Snapshot) -> None:
            fresh = dict(np.random.default_rng(0).bit_generator.state)
            restore(self, Snapshot(snapshot.tensors, {**snapshot.manifest, "random": fresh}))

        return wrong

    exchange(Reservoir, "restore", make)


def offsets_outside_the_checkpoint() -> None:
    """Where learning stands is written down by itself, more often than the weights are."""
    place = Path(os.environ[MARK]).with_suffix(".offset")
    _crash_in_the_middle()

    def remember(step: Any) -> Any:
        def wrong(plan: Plan, state: State, *read: Any) -> Any:
            state, effects = step(plan, state, *read)
            place.write_text(str(state.place.next_offset))
            return state, effects

        return wrong

    def recall(decode: Any) -> Any:
        def wrong(*arguments: Any) -> State:
            state: State = decode(*arguments)
            return replace(state, place=replace(state.place, next_offset=int(place.read_text())))

        return wrong

    exchange(session, "step", remember)
    exchange(session, "decode_state", recall)


def _crash_in_the_middle() -> None:
    """Let the learner crash once, some minibatches after the version of this number and before the next.

    It reads a minibatch at a time, and writes down what is due before it reads on: where it crashes hangs on nothing.
    """

    def make(turn: Any) -> Any:
        def crashing(self: Session, *read: Any) -> Any:
            turn(self, *read)
            place = self._state.place
            if place.number >= BEFORE and place.examples % self._plan.cadence >= self._plan.cadence // 2:
                self._delivery.finish()
                crash_once()

        return crashing

    exchange(session, "MOST_ROWS", lambda _: 16)
    exchange(Session, "_turn", make)
