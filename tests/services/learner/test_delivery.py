"""Effects are performed in order on a thread of their own, and whoever asked for them learns what became of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from adapters.checkpoint_folder import CheckpointFolder
from adapters.learner_log_memory import MemoryAnnouncer, MemoryTopics
from adapters.model_digest import digest_of
from models.drift.error_event import alarmed
from models.error_alarms import Rise
from models.gate_evidence import Decision
from schemas.errors import DependencyError
from schemas.records import Outgoing
from services.learner.announcing import Predecessor
from services.learner.delivery import MOST_WAITING, Delivery
from services.learner.effects import Candidate, Checkpoint, DriftFound, Effect, Refused, Standing
from services.learner.outbox import Outbox, Surroundings
from tests.services.learner.mortal import WITHIN_S, MortalStore
from tests.services.learner.rig import small_contracts

CONTRACTS = small_contracts()


class Place:
    """An outbox with memory twins around it, and a clock that stands still unless it is moved."""

    def __init__(self, folder: Path) -> None:
        self.topics, self.store, self.clock_s = MemoryTopics(), MortalStore(), 100.0
        self.folder = CheckpointFolder(folder)
        announcer = MemoryAnnouncer(self.topics, "versions")
        around = Surroundings(CONTRACTS, 0, self.store, announcer, self.folder, lambda: 1e12, lambda: self.clock_s)
        self.outbox = Outbox(around, Predecessor({}, None))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def version(number: int) -> Candidate:
    blob = bytes([number]) * 50
    return Candidate(
        number, number - 1, blob, digest_of(blob), Decision("always", True, (), {}), 8 * number, 0, 8, 1e12, "{}"
    )


def letter(told: int) -> Refused:
    return Refused(Outgoing("dead-letters", [b"key"], [b"value"]), told, ())


def found(offset: int) -> DriftFound:
    rise = Rise("adwin", offset, level=0.4, rows=64, start=0.0, end=1.0, before=0.2, before_rows=900, begin=0.0)
    return DriftFound(alarmed(None, rise, version=1)[1][0])


def collected(delivery: Delivery, until: Callable[[list[Effect]], bool]) -> list[Effect]:
    found, deadline_s = list[Effect](), monotonic() + WITHIN_S
    while not until(found) and monotonic() < deadline_s:
        delivery.has_room(0.01)
        found += delivery.collect()
    return found


def away(*_: object) -> bool:
    raise DependencyError("Redis is away.")


def test_it_performs_in_order_while_others_go_on_and_says_how_many_wait(place: Place) -> None:
    gate, put = threading.Event(), place.store.put

    def slow(blob: bytes) -> str:
        assert gate.wait(WITHIN_S)
        return put(blob)

    place.store.put = slow  # type: ignore[method-assign]
    asked: list[Effect] = [version(number) for number in range(1, MOST_WAITING + 1)]
    with Delivery(place.outbox) as delivery:
        for count, effect in enumerate(asked, 1):
            assert delivery.has_room(0.0)
            delivery.put([effect])
            assert delivery.versions == count
        assert not delivery.has_room(0.0)
        assert place.store.numbers() == []
        gate.set()
        assert delivery.finish()
        assert list(delivery.collect()) == asked
        assert delivery.versions == 0
    assert place.store.numbers()[-1] == MOST_WAITING


def test_a_letter_does_not_wait_for_the_store(place: Place) -> None:
    place.store.put = away  # type: ignore[method-assign, assignment]
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1), Checkpoint(9, b"state"), letter(7)])
        assert collected(delivery, lambda found: letter(7) in found) == [letter(7)]
        assert not delivery.finish(), "a version waits, and the checkpoint behind it"
        assert isinstance(delivery.trouble, DependencyError)
        assert delivery.versions == 1
    assert place.folder.load(lambda _: None) is None


def test_a_drift_does_not_wait_for_the_store_and_comes_before_the_checkpoint_behind_it(place: Place) -> None:
    put = place.store.put
    place.store.put = away  # type: ignore[method-assign, assignment]
    drifts: list[Effect] = [found(offset) for offset in (7, 8)]
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1), drifts[0], Checkpoint(9, b"state"), drifts[1]])
        assert collected(delivery, lambda done: len(done) == 2) == drifts
        assert not delivery.finish(), "a version waits, and the checkpoint behind it"
        assert [out.keys for out in place.topics.sent] == [[b"errors:adwin:7"], [b"errors:adwin:8"]]
        place.store.put = put  # type: ignore[method-assign]
        place.clock_s += 60.0
        assert collected(delivery, lambda done: len(done) == 2) == [version(1), Checkpoint(9, b"state")]


def test_the_store_comes_back_and_what_waited_is_performed(place: Place) -> None:
    put = place.store.put
    place.store.put = away  # type: ignore[method-assign, assignment]
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1), Checkpoint(9, b"state")])
        assert not delivery.finish()
        place.store.put = put  # type: ignore[method-assign]
        place.clock_s += 60.0
        done = collected(delivery, lambda found: len(found) == 2)
        assert done == [version(1), Checkpoint(9, b"state")]
        assert delivery.trouble is None


def test_what_was_done_is_told_before_what_went_wrong(place: Place) -> None:
    other = replace(version(1), digest="0" * 64)
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1), other, version(2)])
        assert not delivery.finish()
        told = delivery.collect()
        assert next(told) == version(1)
        with pytest.raises(Exception, match="was announced under this number"):
            next(told)
        assert delivery.has_room(0.0), "who waits for room must come to collect"
    assert place.store.numbers() == [1]


def test_left_in_its_midst_it_ends_after_what_is_under_way(place: Place) -> None:
    under_way, put, delivery = threading.Event(), place.store.put, Delivery(place.outbox)

    def slow(blob: bytes) -> str:
        under_way.set()
        with delivery._changed:
            assert delivery._changed.wait_for(lambda: delivery._is_over, WITHIN_S)
        return put(blob)

    place.store.put = slow  # type: ignore[method-assign]
    with delivery:
        delivery.put([version(1), version(2)])
        assert under_way.wait(WITHIN_S)
    assert place.store.numbers() == [1]


def test_a_store_that_lost_its_data_gets_the_version_back_though_nothing_is_asked_for(place: Place) -> None:
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1)])
        assert delivery.finish()
        place.store.lose_all()
        place.clock_s += 5.0
        (_, again) = collected(delivery, lambda found: len(found) == 2)
    assert isinstance(again, Standing)
    assert place.store.numbers() == [1]


def test_an_effect_that_outlasts_every_bound_is_known_to_hang(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.learner.delivery.HUNG_AFTER_S", 0.0)
    under_way, gate, put = threading.Event(), threading.Event(), place.store.put

    def slow(blob: bytes) -> str:
        under_way.set()
        assert gate.wait(WITHIN_S)
        return put(blob)

    place.store.put = slow  # type: ignore[method-assign]
    with Delivery(place.outbox) as delivery:
        delivery.put([version(1)])
        assert under_way.wait(WITHIN_S)
        assert delivery.is_hung
        gate.set()
        assert delivery.finish()
    assert place.store.numbers() == [1]
