"""Frozen by hand on real Kafka, the learner stands still from there in its log until it is thawed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from adapters.metrics_memory import MemoryMetrics
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.topics_admin import apply_topics
from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from schemas.contracts import contracts_of
from schemas.decoded import Columns
from schemas.examples import read_whole_log
from schemas.pipeline_file import parse_pipeline
from schemas.topics import topic_name
from services.cli.assembly import assemble
from services.learner.core import step
from services.learner.effects import Candidate
from services.learner.main import run
from services.learner.plan import plan_of
from services.learner.state import first_state
from tests.kafka_topics import await_true, committed_rows, send
from tests.process_thread import context_of, running
from tests.services.learner.rig import SMALL, example_values

make_deterministic()
STRETCH = 64
"""Examples: two candidates."""


class Place:
    """A pipeline of its own, of which somebody has the file."""

    def __init__(self, stack: StackAddresses, folder: Path) -> None:
        self.file, self.stack, self.home = folder / "small.yaml", stack, folder / "home"
        text = SMALL.replace("MODEL", "tabular_resnet").replace("small", f"t{uuid4().hex[:12]}")
        self.file.write_text(text, encoding="utf-8")
        self.contracts = contracts_of(parse_pipeline(text, "small.yaml"))
        self.name, self.sent = self.contracts.pipeline.pipeline, 0
        apply_topics(self.contracts.pipeline, stack.bootstrap)
        self.examples = topic_name(self.name, "examples")

    def send_examples(self) -> None:
        values = example_values(self.contracts, STRETCH, seed=self.sent, first=self.sent)
        send(self.stack.bootstrap, self.examples, [(None, value) for value in values])
        self.sent += STRETCH

    def command(self, name: str, reason: str) -> None:
        argv = ["learner", name, "--pipeline", str(self.file), "--reason", reason, "--json"]
        argv += ["--bootstrap", self.stack.bootstrap, "--home", str(self.home)]
        result = CliRunner().invoke(assemble(argv), argv)
        assert result.exit_code == 0, result.output
        told = {"command": name, "topic": self.examples, "partition": 0, "reason": reason}
        said = [line for line in result.stdout.splitlines() if line.startswith("{")]  # beside what the learner logs
        assert [json.loads(line) for line in said] == [told]

    def versions(self) -> Columns:
        rows = committed_rows(self.stack.bootstrap, topic_name(self.name, "versions"), 1)
        part = self.contracts.decode([value for _, value in rows], ("Version",)).part("Version")
        return {} if part is None else part.columns

    def folded(self) -> list[Candidate]:
        """What the log alone makes of the weights, read at once and without a learner's process."""
        with closing(KafkaPartitionLog(self.stack.bootstrap, self.examples, 0)) as log:
            log.seek(0)
            records = log.read(self.sent + 2, 30.0)
        examples, commands, faults = read_whole_log(self.contracts, records)
        assert (len(examples), len(commands), faults) == (self.sent, 2, ())
        plan, learner = plan_of(self.contracts.pipeline), pipeline_learner(self.contracts.pipeline)
        _, effects = step(plan, first_state(plan, learner), examples, commands)
        return [effect for effect in effects if isinstance(effect, Candidate)]


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path) -> Place:
    return Place(stack, tmp_path)


def test_frozen_and_thawed_by_hand_it_learns_what_the_log_says(place: Place, stack: StackAddresses) -> None:
    metrics = MemoryMetrics("learner")
    context = context_of(place.contracts, stack, place.home, "learner", metrics)

    def has_come_to(frozen: bool) -> bool:
        told = metrics.value("learned_rows"), metrics.value("frozen_ratio")
        return told == (place.sent, frozen) or context.stop.is_set()

    with running(run, context):
        for command, frozen in ((None, False), ("freeze", True), ("thaw", False)):
            if command:
                place.command(command, f"{command}, said a person")
            place.send_examples()
            await_true(lambda frozen=frozen: has_come_to(frozen))  # type: ignore[misc]
    versions = place.versions()
    digests = [digest.decode() for digest in versions["digest"].tolist()]
    assert versions["number"].tolist() == [1, 2, 3, 4, 5, 6]
    assert versions["published"].tolist() == [True, True, False, False, True, True]
    assert len(set(digests[1:4])) == 1
    assert len(set(digests)) == 4
    reasons = [json.loads(told)["reasons"] for told in versions["gate"].tolist()]
    assert reasons[2:4] == [["learning is frozen: by hand: freeze, said a person"]] * 2
    assert [version.digest for version in place.folded()] == digests
