"""Letters written back to a running loop: what is still bad is a letter again and stops nobody, what is not is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from schemas.dead_letters import REPLAY_HEADER
from schemas.header_map import headers_of_map
from schemas.pipeline_file import parse_pipeline
from schemas.topics import topic_name
from services.cli.assembly import assemble
from services.cli.session import Session
from services.replay.events import progress_message
from services.watch.view import View
from tests.kafka_topics import await_true
from tests.system.bad_events import BEFORE, FIVE_MB, MINUTE, Bad, BadEvents
from tests.system.outcome import read_records
from tests.system.running import PROCESSES
from tests.system.streams import GENERATED
from tests.system.test_bad_input import Careless

NAME = "replayed"
HOUR = 60 * MINUTE
AHEAD_BY = 3
"""Hours that the label which is mended later is dated ahead: more than `max_jump` of its partition."""


def text() -> str:
    target = "{type: multiclass, classes: 3}"
    data = yaml.safe_load(GENERATED.format(name=NAME, partitions=1, target=target, model="tabular_resnet"))
    data["windows"] |= {"max_jump": "70m"}
    return yaml.safe_dump(data, sort_keys=False)


@dataclass
class Loop:
    """A running loop, and what an application sends to it."""

    session: Session
    file: Path
    events: BadEvents
    careless: Careless
    answered: int = 0
    joined: int = 0
    poison: list[Bad] = field(default_factory=list)

    def ask(self, name: str, hours: float) -> None:
        """Send a request; wait for its answer."""
        self.careless.send([Bad("requests", "answered", self.events.request(name, BEFORE + hours * HOUR), id=name)])
        self.answered += 1
        await_true(lambda: self.view().answers == self.answered)

    def label(self, name: str, hours: float) -> None:
        value = self.events.label(name, BEFORE + hours * HOUR + MINUTE)
        self.careless.send([Bad("labels", "joined", value, name.encode())])

    def learns(self, name: str, hours: float) -> None:
        """Ask, label, and wait until both are joined."""
        self.ask(name, hours)
        self.label(name, hours)
        self.joined += 1
        self.await_joined()

    def await_joined(self) -> None:
        await_true(lambda: self.view().examples == self.joined)

    def await_letters(self, count: int) -> None:
        await_true(lambda: sum(self.view().dead_letters.values()) == count)

    def view(self) -> View:
        self.session.supervisor.check()
        return self.session.watcher.view()

    def call(self, *arguments: str) -> dict[str, object]:
        argv = [*arguments, "--json", "--bootstrap", self.session.addresses.bootstrap]
        result = CliRunner().invoke(assemble(argv), argv)
        assert result.exit_code == 0, (result.stdout, result.exception)
        found: dict[str, object] = json.loads(result.stdout)
        return found


@contextmanager
def running(stack: StackAddresses, folder: Path) -> Iterator[Loop]:
    file = folder / "pipeline.yaml"
    file.write_text(text())
    with Session(file, parse_pipeline(text(), str(file)), folder / "home", stack, PROCESSES) as session:
        careless = Careless(session.contracts, stack.bootstrap)
        promise = progress_message(session.contracts, "features", BEFORE + 6 * HOUR)
        careless.send([Bad("features", "no effect", promise.value, b"")])
        yield Loop(session, file, BadEvents(session.contracts), careless)


@pytest.fixture
def loop(stack: StackAddresses, tmp_path: Path) -> Iterator[Loop]:
    with running(stack, tmp_path) as found:
        yield found


def poison_of(events: BadEvents) -> list[Bad]:
    """Bytes that are no record of their topic, on each topic that applications write."""
    names = {"no_value", "too_short", "bad_magic", "unknown_schema", "wrong_record", "truncated", "trailing_bytes"}
    return [e for e in events.amid_traffic() if e.outcome in names and len(e.value or b"") < FIVE_MB]


def test_poison_comes_back_as_letters_and_a_mended_event_is_used(loop: Loop, stack: StackAddresses) -> None:
    loop.learns("first", 0)
    loop.label("mended", AHEAD_BY)
    poison = poison_of(loop.events)
    loop.careless.send(poison)
    loop.await_letters(len(poison) + 1)

    replayed = loop.call("dlq", "replay", str(loop.file), "--all", "--yes")
    assert (replayed["events"], replayed["refused"]) == (len(poison) + 1, {})
    loop.await_letters(2 * (len(poison) + 1))
    loop.learns("second", 1)  # nothing stands still

    loop.learns("third", 2)
    loop.ask("mended", AHEAD_BY)
    again = loop.call("dlq", "replay", str(loop.file), "--reason", "clock_jump", "--yes")
    assert (again["events"], again["already_replayed"]) == (1, 1)
    loop.joined += 1
    loop.await_joined()
    loop.learns("last", AHEAD_BY)

    check_letters(loop, stack, len(poison) + 1)
    labels = read_records(loop.session.contracts, stack.bootstrap, "examples", "Example")["request_id"].tolist()
    assert labels == [b"first", b"second", b"third", b"mended", b"last"]
    verified = loop.call("verify", str(loop.file), "--redis", stack.redis_url, "--no-again")
    assert verified, "it leaves with 0 only if the books balance"


def check_letters(loop: Loop, stack: StackAddresses, first: int) -> None:
    """Each letter of the second generation names one of the first, holding the same event."""
    c = read_records(loop.session.contracts, stack.bootstrap, "dead-letters", "DeadLetter")
    rows = zip(c["topic"], c["partition"], c["offset"], c["reason"], c["key"], c["value"], c["headers"], strict=True)
    letters = {
        f"{t.decode()}/{p}/{o}".encode(): (reason, key, value, headers_of_map(h))
        for t, p, o, reason, key, value, h in rows
    }
    again = {
        dict(headers)[REPLAY_HEADER]: letter for *letter, headers in letters.values() if REPLAY_HEADER in dict(headers)
    }
    assert len(letters) == 2 * first
    assert len(again) == first
    for place, letter in again.items():
        assert [*letters[place][:3]] == letter
    topics = {topic_name(NAME, role).encode() for role in ("requests", "features", "labels")}
    assert set(c["topic"].tolist()) == topics
