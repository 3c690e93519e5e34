"""Whatever is sent beside good traffic has a clear end, and the good traffic does not notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from confluent_kafka import KafkaError, Message, Producer

from adapters.local_stack import StackAddresses
from adapters.loop import PARTITIONER
from adapters.publisher import Publisher
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.pipeline_file import parse_pipeline
from schemas.status import Status
from schemas.topics import MAX_MESSAGE_BYTES, Role, topic_name
from services.cli.session import Session
from services.replay.events import progress_message
from services.watch.view import View
from tests.kafka_topics import await_true
from tests.system.bad_events import (
    ANSWERED,
    ANSWERED_AGAIN,
    ANSWERED_AND_BURIED,
    DROPPED,
    DUPLICATE,
    JOINED,
    LATE_PANE,
    Bad,
    BadEvents,
)
from tests.system.laws import check_learner, check_verified, check_versions
from tests.system.outcome import Outcome, read_outcome
from tests.system.running import PROCESSES, Run, run_loop
from tests.system.streams import START_MS, generated, strict_text

ROWS, PARTITIONS = 2400, 2
Place = tuple[str, int, int]


@dataclass
class Careless:
    """An application that sends bad events, and notes where they landed."""

    contracts: Contracts
    bootstrap: str
    sent: dict[Place, Bad] = field(default_factory=dict)

    @cached_property
    def _producer(self) -> Producer:
        settings = {"bootstrap.servers": self.bootstrap, "partitioner": PARTITIONER}
        return Producer({**settings, "message.max.bytes": MAX_MESSAGE_BYTES})

    def send(self, events: Iterable[Bad]) -> None:
        for event in events:

            def landed(error: KafkaError | None, message: Message, event: Bad = event) -> None:
                assert error is None
                self.sent[message.topic() or "", message.partition() or 0, message.offset() or 0] = event

            topic = topic_name(self.contracts.pipeline.pipeline, event.role)
            self._producer.produce(
                topic, event.value, event.key or None, headers=list(event.headers), on_delivery=landed
            )
        assert self._producer.flush(30) == 0


@dataclass(frozen=True)
class Dirty:
    run: Run
    sent: dict[Place, Bad]

    @cached_property
    def letters(self) -> dict[Place, dict[str, object]]:
        """Dead letters by where their event stood."""
        columns = self.run.outcome.dead_letters
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return {(row["topic"].decode(), int(row["partition"]), int(row["offset"])): row for row in rows}

    def ids(self) -> set[bytes]:
        return {event.id.encode() for event in self.sent.values() if event.id}


@pytest.fixture(scope="module")
def clean(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_loop(stack, tmp_path_factory.mktemp("clean"), strict_text("clean-input"), generated(ROWS, "multiclass"))


@pytest.fixture(scope="module")
def dirty(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Dirty:
    folder = tmp_path_factory.mktemp("dirty")
    file = folder / "pipeline.yaml"
    file.write_text(strict_text("bad-input"))
    pipeline = parse_pipeline(file.read_text(), str(file))
    with Session(file, pipeline, folder / "home", stack, (*PROCESSES, "drift_watch")) as session:
        events, careless = BadEvents(session.contracts), Careless(session.contracts, stack.bootstrap)
        open_windows(session.contracts, stack.bootstrap)
        careless.send(events.before_traffic())
        waiting = [list(events.amid_traffic())]

        def disturb(view: View) -> None:
            if waiting and view.answers > ROWS // 4:
                careless.send(waiting.pop())

        session.run(generated(ROWS, "multiclass"), disturb)
        assert not waiting
        await_true(lambda: is_settled(session, careless.sent.values()))
        session.supervisor.check()
        assert session.replay is not None
        outcome = read_outcome(session.contracts, stack.bootstrap)
        run = Run(session.contracts, outcome, session.replay.tally, session.watcher.view(), stack.bootstrap)
        return Dirty(run, careless.sent)


def open_windows(contracts: Contracts, bootstrap: str) -> None:
    """Close the panes before the traffic, so that requests from before it need not wait for that."""
    message = progress_message(contracts, "features", float(START_MS))
    publisher = Publisher(bootstrap)
    publisher.broadcast(message.topic, message.value, range(PARTITIONS))
    publisher.flush()


def is_settled(session: Session, sent: Iterable[Bad]) -> bool:
    """Whether every bad event has left its dead letter, and every good label and ours is joined."""
    session.supervisor.check()
    view, outcomes = session.watcher.view(), Counter(event.outcome for event in sent)
    buried = [o for o in outcomes.elements() if not is_answered(o) and o not in (JOINED, DROPPED)]
    letters = len(buried) + outcomes[ANSWERED_AND_BURIED] + outcomes[ANSWERED_AGAIN]
    return sum(view.dead_letters.values()) >= letters and view.examples >= ROWS + outcomes[JOINED]


def is_answered(outcome: str) -> bool:
    return outcome in (ANSWERED, ANSWERED_AND_BURIED, ANSWERED_AGAIN) or outcome.startswith("rejected ")


def test_each_bad_event_is_kept_whole_with_its_reason_and_its_place(dirty: Dirty) -> None:
    elsewhere = {JOINED, DROPPED, LATE_PANE, DUPLICATE}
    for place, event in dirty.sent.items():
        letter = dirty.letters.get(place)
        if is_answered(event.outcome) or event.outcome in elsewhere:
            assert letter is None or (event.outcome, letter["reason"]) == (DUPLICATE, b"duplicate_request")
            continue
        assert letter is not None, (place, event.outcome, (event.value or b"")[:60])
        assert letter["reason"] == event.outcome.encode(), (letter["reason"], letter["detail"], event.outcome)
        assert (letter["value"], letter["key"]) == (event.value or b"", event.key)
        assert letter["headers"] == dict(event.headers)
        assert letter["detail"]


def test_no_other_event_is_a_dead_letter(dirty: Dirty) -> None:
    others = Counter(
        (place[0].split(".")[1], letter["reason"]) for place, letter in dirty.letters.items() if place not in dirty.sent
    )
    twins = sum(event.outcome == DUPLICATE and place not in dirty.letters for place, event in dirty.sent.items())
    expected = {
        ("panes", b"late_event"): 1,
        ("predictions", b"clock_jump"): 1,
        ("predictions", b"duplicate_answer"): 1 + twins,
    }
    assert others == expected
    assert len(dirty.letters) == len(dirty.run.outcome.dead_letters["reason"]), "an event was buried twice"


def test_a_request_that_can_be_read_is_answered_with_the_field_named(dirty: Dirty) -> None:
    found = dirty.run.outcome.predictions
    answers: dict[str, list[tuple[int, str]]] = {}
    for id_, status, reason in zip(found["request_id"], found["status"], found["reason"], strict=True):
        answers.setdefault(id_.decode(), []).append((int(status), reason.decode()))
    for event in dirty.sent.values():
        if not is_answered(event.outcome):
            continue
        status, reason = answers[event.id][0]
        rejected, _, name = event.outcome.partition(" ")
        if rejected == "rejected":
            assert (status, name in reason) == (Status.REJECTED, True), (event.id, reason)
        else:
            assert status <= Status.PRIOR, (event.id, reason)
    assert len(answers["twofold"]) == 2


def test_good_traffic_does_not_notice(clean: Run, dirty: Dirty) -> None:
    strange = dirty.ids()
    ours, theirs = good_answers(dirty.run.outcome, strange), good_answers(clean.outcome, set())
    assert len(ours) == ROWS
    assert ours == theirs
    assert good_examples(dirty.run.outcome, strange) == good_examples(clean.outcome, set())


def good_answers(outcome: Outcome, strange: set[bytes]) -> dict[bytes, tuple[bytes, float, float, bool]]:
    """Vector to the bit, times, and whether it is as good as can be, of each good request."""
    c = outcome.predictions
    rows = zip(c["request_id"], c["features"], c["features_time"], c["request_time"], c["status"], strict=True)
    return {
        bytes(i): (x.tobytes(), float(at), float(t), s in (Status.OK, Status.PRIOR))
        for i, x, at, t, s in rows
        if bytes(i) not in strange
    }


def good_examples(outcome: Outcome, strange: set[bytes]) -> set[tuple[bytes, float, float, bytes]]:
    c = outcome.examples
    rows = zip(c["request_id"], c["label"], c["label_time"], c["features"], strict=True)
    return {(bytes(i), float(y), float(t), x.tobytes()) for i, y, t, x in rows if bytes(i) not in strange}


def test_the_books_balance(dirty: Dirty) -> None:
    outcome, buried = dirty.run.outcome, Counter(place[0] for place in dirty.letters)
    ends: dict[Role, int] = {"requests": len(outcome.predictions["status"]), "labels": len(outcome.examples["label"])}
    for role, used in ends.items():
        assert events_in(dirty.run, role) == used + buried[topic_name("bad-input", role)]


def test_verify_accounts_for_every_bad_event(dirty: Dirty, stack: StackAddresses) -> None:
    check_verified(dirty.run, stack)


def events_in(run: Run, role: Role) -> int:
    """Messages on a topic, promises not counted."""
    promise, found = run.contracts.codec("Progress").schema_id.to_bytes(4, "big"), 0
    with Tail(run.bootstrap, [topic_name(run.contracts.pipeline.pipeline, role)]) as tail:
        while not tail.is_at_end:
            for records in tail.read(timeout_s=0.5):
                found += sum(value is None or value[1:5] != promise for value in records.values)
    return found


def test_what_was_learned_is_right_all_the_same(dirty: Dirty, stack: StackAddresses) -> None:
    check_versions(dirty.run, stack)
    check_learner(dirty.run)
