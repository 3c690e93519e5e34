"""The doctor on real servers: what was done to a pipeline is what it finds."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from adapters.local_stack import StackAddresses
from adapters.model_digest import digest_of
from adapters.model_store_redis import RedisModelStore
from adapters.process_files import ProcessFile, registered
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from models.gate_evidence import Decision
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Fault
from schemas.pipeline import Pipeline
from schemas.records import Records
from schemas.redis_keys import model_key
from schemas.topics import Role, topic_name
from schemas.versions import encode_version
from services.cli import execute
from services.cli.pipeline_reading import read_contracts
from services.cli.pipelines import template
from services.doctor.names import CHECKS
from services.learner.effects import Candidate
from tests.kafka_topics import send


class Patient:
    """A pipeline whose topics exist, without processes."""

    def __init__(self, name: str, folder: Path, stack: StackAddresses, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self.home, self.stack = folder / f"{name}.yaml", folder / "home", stack
        self.file.write_text(template(name), encoding="utf-8")
        self.contracts: Contracts = read_contracts(self.file)
        self.pipeline: Pipeline = self.contracts.pipeline
        self._capsys = capsys
        apply_topics(self.pipeline, stack.bootstrap)

    def topic(self, role: Role) -> str:
        return topic_name(self.pipeline.pipeline, role)

    def examined(self) -> tuple[int, dict[str, dict[str, Any]]]:
        where = ["--home", str(self.home), "--bootstrap", self.stack.bootstrap, "--redis", self.stack.redis_url]
        code = execute(["doctor", str(self.file), *where, "--json"])
        return code, {check["check"]: check for check in json.loads(self._capsys.readouterr().out)["checks"]}

    def finds(self, check: str) -> tuple[str, str, int]:
        code, checks = self.examined()
        return checks[check]["verdict"], checks[check]["detail"], code


@pytest.fixture
def patient(
    request: pytest.FixtureRequest, tmp_path: Path, stack: StackAddresses, capsys: pytest.CaptureFixture[str]
) -> Patient:
    return Patient(f"doc-{request.node.name[5:].replace('_', '-')}"[:40], tmp_path, stack, capsys)


def test_nothing_has_run(patient: Patient) -> None:
    code, checks = patient.examined()
    assert code == 0
    assert set(checks) == CHECKS.keys() - {"java", "jars", "redis program"}  # other servers were named
    assert {name for name, c in checks.items() if c["verdict"] == "warn"} - {"disk", "memory"} == {
        "schemas",
        "processes",
        "watermark",
        "model",
    }


def test_schemas_locked(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schemas", "lock", str(patient.file)]) == 0
    capsys.readouterr()
    assert patient.finds("schemas")[0] == "ok"


def test_wrong_file(patient: Patient) -> None:
    patient.file.write_text("pipelin: x\n", encoding="utf-8")
    verdict, detail, code = patient.finds("pipeline")
    assert (verdict, code) == ("fail", 3)
    assert "pipelin" in detail


def test_other_partitions(patient: Patient) -> None:
    patient.file.write_text(template(patient.pipeline.pipeline).replace("partitions: 1", "partitions: 3"))
    verdict, detail, code = patient.finds("topics")
    assert (verdict, code) == ("fail", 3)
    assert "partitions is 1, must be 3" in detail


def test_letters_counted(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    n = 5
    records = Records(
        patient.topic("labels"),
        np.zeros(n, np.int32),
        np.arange(n, dtype=np.int64),
        np.zeros(n, np.int64),
        [None] * n,
        [b"x"] * n,
        [()] * n,
    )
    faults = [Fault(row, "unknown_request" if row else "bad_id", "made up") for row in range(n)]
    out = dead_letters(patient.contracts, records, faults, "label_join", 0.0)
    send(patient.stack.bootstrap, out.topic, zip(out.keys, out.values, strict=True))
    verdict, detail, code = patient.finds("dead letters")
    assert (verdict, detail, code) == ("warn", "5: unknown_request 4, bad_id 1", 0)
    where = ["--bootstrap", patient.stack.bootstrap]
    assert execute(["dlq", "replay", str(patient.file), "--reason", "unknown_request", *where]) == 0
    capsys.readouterr()
    assert patient.finds("dead letters")[:2] == ("warn", "1: bad_id 1; 4 more were replayed")


def commit(patient: Patient, offset: int) -> None:
    group = {"bootstrap.servers": patient.stack.bootstrap, "group.id": f"{patient.pipeline.pipeline}.predictor"}
    with closing(Consumer(group)) as consumer:
        consumer.commit(offsets=[TopicPartition(patient.topic("requests"), 0, offset)], asynchronous=False)


def test_group_is_behind(patient: Patient) -> None:
    send(patient.stack.bootstrap, patient.topic("requests"), [(b"k", b"v")] * 3)
    commit(patient, 1)
    verdict, detail, code = patient.finds("lag")
    assert (verdict, code) == ("warn", 0)
    assert "2 wait" in detail
    commit(patient, 3)
    assert patient.finds("lag")[0] == "ok"


def test_end_of_transaction(patient: Patient) -> None:
    producer = Producer({"bootstrap.servers": patient.stack.bootstrap, "transactional.id": patient.pipeline.pipeline})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(patient.topic("requests"), b"v")
    producer.commit_transaction(30)
    commit(patient, 1)  # the log ends at 2: the mark of the commit takes an offset
    assert patient.finds("lag")[:2] == ("ok", "1 groups have read everything")


def test_model_changed(patient: Patient) -> None:
    with closing(connect(patient.stack.redis_url)) as client:
        store = RedisModelStore(client, patient.pipeline.pipeline)
        digest = store.put(b"a model")
        assert store.publish(1, digest, "{}")
        assert patient.finds("model")[0] == "ok"
        client.set(model_key(patient.pipeline.pipeline, "blob", digest), b"another")
    verdict, _, code = patient.finds("model")
    assert (verdict, code) == ("fail", 5)


def test_store_lost(patient: Patient) -> None:
    assert patient.finds("model")[0] == "warn", "no version yet"
    blob = b"a model"
    fields = Candidate(4, 3, blob, digest_of(blob), Decision("finite", True, (), {}), 9, 0, 8, 1.3e12, "{}").fields(
        0, 0
    )
    announced = encode_version(patient.contracts, fields, blob)
    send(patient.stack.bootstrap, announced.topic, zip(announced.keys, announced.values, strict=True))
    verdict, detail, code = patient.finds("model")
    assert (verdict, code) == ("fail", 5)
    assert "version 4 was published: Redis has lost its data" in detail


def test_killed_process(patient: Patient) -> None:
    dead = ProcessFile(patient.pipeline.pipeline, "predictor", 0, pid=2**22 - 1, port=1, started=0.0, identity="gone")
    with registered(dead, patient.home):
        verdict, detail, code = patient.finds("processes")
    assert (verdict, code) == ("fail", 4)
    assert "predictor does not run" in detail


def test_servers_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--home", str(tmp_path), "--bootstrap", "127.0.0.1:1", "--redis", "redis://127.0.0.1:1/0"]
    assert execute(["doctor", *where]) == 4
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("127.0.0.1:1", "cure:", "anabranch up"))
