"""Good traffic through the whole loop, with a flood of malformed events beside it or without."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from adapters.local_stack import StackAddresses
from adapters.loop import PARTITIONER
from adapters.publisher import Publisher
from benchmarks.resident import resident
from schemas.contracts import Contracts
from schemas.pipeline_file import parse_pipeline
from schemas.topics import MAX_MESSAGE_BYTES, topic_name
from services.cli.session import Session
from services.replay.events import progress_message
from services.watch.view import View
from tests.kafka_topics import await_true
from tests.system.flood.accounts import Found, read_found
from tests.system.flood.events import Account, Flood
from tests.system.flood.kinds import LATE_ROWS, NOTHING, Event
from tests.system.running import PROCESSES
from tests.system.streams import START_MS, generated, strict_text

PARTITIONS = 2
SETTLED_WITHIN_S = 30.0
FIRST_TENTH = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what: `rows` of good traffic at `rate` a second, and `events` of the flood beside them.

    At most `ahead` events of the flood have been sent that no process has dealt with: it comes as fast as they follow.
    """

    rows: int
    events: int = 0
    seed: int = 7
    rate: float = math.inf
    ahead: int = 10_000
    tell: Callable[[int], None] = lambda _sent: None


@dataclass
class Flooded:
    """A finished run."""

    contracts: Contracts
    found: Found
    expected: Account
    sent: int = 0
    seconds: float = 0.0
    memory_mib: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    """Events sent by then, and the resident memory of each process."""

    @property
    def growth_mib(self) -> dict[str, float]:
        """How much more each process held at the end than after the first tenth of the flood."""
        early = next(m for sent, m in self.memory_mib if sent >= FIRST_TENTH * self.sent)
        return {name: held - early[name] for name, held in self.memory_mib[-1][1].items()}


def run_with_flood(stack: StackAddresses, folder: Path, name: str, plan: Plan) -> Flooded:
    """Run until everything, good and bad, is dealt with; raises if a process ends or stands still."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pipeline.yaml"
    file.write_text(strict_text(name))
    with Session(file, parse_pipeline(file.read_text(), str(file)), folder / "home", stack, PROCESSES) as session:
        careless = _Careless(session, stack.bootstrap, plan)
        if plan.events:
            careless.prepare()
        # A row of the good traffic is two seconds of event time.
        session.run(generated(plan.rows, "multiclass"), careless.disturb, plan.rate * 2)
        careless.finish()
        found = read_found(session.contracts, stack.bootstrap)
        took_s = careless.ended_s - careless.began_s
        return Flooded(session.contracts, found, careless.expected, careless.sent, took_s, careless.memory_mib)


class _Careless:
    """Sends the flood, and keeps the books of what must become of it."""

    def __init__(self, session: Session, bootstrap: str, plan: Plan) -> None:
        self._session, self._bootstrap, self._plan = session, bootstrap, plan
        self._flood = Flood(session.contracts, plan.seed)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": PARTITIONER,
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "linger.ms": 5,
                "delivery.report.only.error": True,
            }
        )
        self._chunks = self._letters = self.sent = 0
        self.expected: Account = Account()
        self.memory_mib: list[tuple[int, dict[str, float]]] = []
        self.began_s = self.ended_s = 0.0

    def prepare(self) -> None:
        """Close the panes before the traffic, and send what later events refer to."""
        message = progress_message(self._session.contracts, "features", float(START_MS))
        publisher = Publisher(self._bootstrap)
        publisher.broadcast(message.topic, message.value, range(PARTITIONS))
        publisher.flush()
        self._send(self._flood.asked_before())
        await_true(lambda: self._session.watcher.view().examples >= 1)
        self._send(self._flood.early())
        self._expect(self._flood.account_before())

    def disturb(self, view: View) -> None:
        """Send as much as may be sent, once the good traffic flows."""
        if not view.answers or not self._plan.events:
            return
        self.began_s = self.began_s or time.monotonic()
        while self.sent < self._plan.events and self._letters - _buried(view) < self._plan.ahead:
            events = self._flood.chunk(self._chunks)
            self._expect(self._flood.account(self._chunks))
            self._chunks, self.sent = self._chunks + 1, self.sent + len(events)
            self._send(events)
        self.memory_mib.append((self.sent, self._resident()))
        self._plan.tell(min(self.sent, self._plan.events))

    def finish(self) -> None:
        """Send the rest, and wait until nothing is left to be dealt with."""
        while self.sent < self._plan.events:
            self._session.supervisor.check()
            self.disturb(self._session.watcher.view())
            time.sleep(0.05)
        until_s = time.monotonic() + SETTLED_WITHIN_S
        while not self._is_settled() and time.monotonic() < until_s:  # else the books will show what is missing
            time.sleep(0.05)
        self.ended_s = time.monotonic()
        self.memory_mib.append((self.sent, self._resident()))

    def _is_settled(self) -> bool:
        self._session.supervisor.check()
        view = self._session.watcher.view()
        rejected = sum(n for (_, outcome), n in self.expected.items() if outcome.startswith("rejected"))
        joined = self._plan.rows + self.expected["labels", "joined"]
        dealt_with = _buried(view) >= self._letters and view.statuses.get("rejected", 0) >= rejected
        return dealt_with and view.examples >= joined

    def _expect(self, account: Account) -> None:
        self.expected.update(account)
        self._letters += sum(n for (_, outcome), n in account.items() if _is_letter(outcome))

    def _send(self, events: Iterable[Event]) -> None:
        name = self._session.contracts.pipeline.pipeline
        topics = {role: topic_name(name, role) for role in ("requests", "labels", "features")}
        for event in events:
            self._producer.produce(topics[event.role], event.value, event.key, headers=list(event.headers))
        assert self._producer.flush(60) == 0

    def _resident(self) -> dict[str, float]:
        return resident({child.name: child.process.pid for child in self._session.supervisor.children})


def _is_letter(outcome: str) -> bool:
    return outcome not in ("answered", "joined", NOTHING, LATE_ROWS) and not outcome.startswith("rejected")


def _buried(view: View) -> int:
    return sum(n for reason, n in view.dead_letters.items() if reason != "late_event")
