"""`anabranch dlq` on real Kafka: what is there is listed and shown, and goes back once even if it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from adapters.local_stack import StackAddresses
from adapters.tail import Tail
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts
from schemas.dead_letters import REPLAY_HEADER, dead_letters
from schemas.decoded import Fault
from schemas.records import Headers, Records
from schemas.topics import Role, topic_name
from services.cli import execute
from services.cli.pipeline_reading import read_contracts
from services.cli.pipelines import template
from tests.kafka_topics import await_true, send


class Place:
    """A pipeline whose topics exist, without processes."""

    def __init__(self, stack: StackAddresses, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.name = f"t{uuid4().hex[:12]}"
        self.file, self.stack, self._capsys = folder / "pipeline.yaml", stack, capsys
        self.file.write_text(template(self.name).replace("partitions: 1", "partitions: 2"), encoding="utf-8")
        self.contracts: Contracts = read_contracts(self.file)
        apply_topics(self.contracts.pipeline, stack.bootstrap)

    def topic(self, role: Role) -> str:
        return topic_name(self.name, role)

    def bury(self, role: Role, reason: str, values: Sequence[bytes], headers: Headers = ()) -> None:
        n = len(values)
        at_B = np.arange(n, dtype=np.int64)
        keys = [b"k%d" % (i % 7) for i in range(n)]
        records = Records(self.topic(role), np.zeros(n, np.int32), at_B, at_B, keys, values, [headers] * n)
        faults = [Fault(row, reason, "made up") for row in range(n)]
        out = dead_letters(self.contracts, records, faults, "label_join", 1.7e12)
        send(self.stack.bootstrap, out.topic, zip(out.keys, out.values, strict=True))

    def arguments(self, command: str, *more: str) -> list[str]:
        return ["dlq", command, str(self.file), *more, "--bootstrap", self.stack.bootstrap]

    def call(self, command: str, *more: str) -> tuple[int, str]:
        self._capsys.readouterr()
        code = execute(self.arguments(command, *more))
        return code, self._capsys.readouterr().out

    def told(self, command: str, *more: str) -> dict[str, Any]:
        code, out = self.call(command, *more, "--json")
        assert code == 0
        found: dict[str, Any] = json.loads(out)
        return found

    def rows(self, role: Role) -> list[tuple[bytes | None, Headers]]:
        found: list[tuple[bytes | None, Headers]] = []
        with Tail(self.stack.bootstrap, [self.topic(role)]) as tail:
            while not tail.is_at_end:
                for records in tail.read(timeout_s=0.5):
                    found += zip(records.values, records.headers, strict=True)
        return found


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(stack, tmp_path, capsys)


def test_letters_are_listed_shown_and_written_back(place: Place, tmp_path: Path) -> None:
    place.bury("labels", "bad_label", [b"one", b"two"], (("a", b"1"), ("a", b"2")))
    place.bury("predictions", "clock_jump", [b"answer"])
    listed = place.told("list")
    assert (listed["letters"], listed["replayed"], listed["unreadable"]) == (3, 0, 0)
    assert {(c["reason"], c["letters"]) for c in listed["counts"]} == {("bad_label", 2), ("clock_jump", 1)}
    assert "bad_label" in place.call("list", "--summary")[1]
    assert len(place.told("list", "--topic", "predictions")["newest"]) == 1
    assert place.told("list", "--since", "1h")["letters"] == 0, "they are years old"

    at = next(line["position"] for line in listed["newest"] if line["source"].endswith("labels.v1/0/1"))
    shown = place.told("show", at)
    assert shown["headers"] == [["a", "31"], ["a", "32"]]
    assert (shown["value"]["hex"], shown["value"]["breaks_at"]) == (b"two".hex(), 0)
    assert "breaks at byte 0" in place.call("show", at)[1]
    assert place.call("show", at, "--raw", "--out", str(tmp_path / "value"))[0] == 0
    assert (tmp_path / "value").read_bytes() == b"two"

    planned = place.told("replay", "--all", "--dry-run")
    assert (planned["done"], planned["events"], planned["refused"]) == (False, 2, {"answer": 1})
    assert planned["bad_still"] == {"too_short": 2}
    assert place.rows("labels") == []
    assert place.told("replay", at)["events"] == 1
    ((value, headers),) = place.rows("labels")
    assert (value, headers[:2]) == (b"two", (("a", b"1"), ("a", b"2")))
    assert headers[2] == (REPLAY_HEADER, f"{place.topic('labels')}/0/1".encode())
    again = place.told("replay", "--reason", "bad_label")
    assert (again["events"], again["already_replayed"]) == (1, 1)
    assert place.told("list", "--replayed")["replayed"] == 2
    assert place.told("list", "--unreplayed")["letters"] == 1
    assert "1 cannot be: an answer" in place.call("replay", "--all")[1]


def test_mistakes_are_told(place: Place) -> None:
    place.bury("predictions", "clock_jump", [b"answer"])
    (line,) = place.told("list")["newest"]
    assert place.call("replay", line["position"])[0] == 5, "named, and cannot go back"
    assert place.call("replay", "1/999999")[0] == 5
    assert place.call("show", "1/999999")[0] == 5
    assert place.call("show", "1-9")[0] == 2
    assert place.call("replay")[0] == 2
    assert place.call("replay", "0/1", "--all")[0] == 2
    assert place.call("list", "--reason", "bad_labels")[0] == 2
    assert place.call("list", "--topic", "label")[0] == 2
    assert place.call("list", "--since", "soon")[0] == 2
    assert place.told("list")["replayed"] == 0


def test_a_replay_that_is_killed_and_begun_again_writes_each_event_once(place: Place) -> None:
    events = [b"%d" % i for i in range(6000)]
    place.bury("labels", "bad_label", events)
    command = [sys.executable, "-m", "services.cli", *place.arguments("replay", "--all", "--yes")]
    clone = Path(__file__).parents[3]
    process = subprocess.Popen(command, cwd=clone, env={**os.environ, "PYTHONPATH": str(clone)})
    try:
        with Tail(place.stack.bootstrap, [place.topic("labels")]) as tail:
            await_true(lambda: bool(tail.read()) or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    # The marks of the last transaction may still be on their way: begun again, the command waits for them.
    assert place.call("replay", "--all", "--yes")[0] == 0
    assert Counter(value for value, _ in place.rows("labels")) == Counter(events)
    listed = place.told("list", "--summary")
    assert (listed["letters"], listed["replayed"]) == (6000, 6000)
