"""`anabranch models` on real Kafka and Redis: says what is there, and finds what is not as it must be."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from typer.testing import CliRunner

from adapters.learner_announcer_kafka import KafkaAnnouncer
from adapters.local_stack import StackAddresses
from adapters.loop.client_settings import Identity
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from models.gate_evidence import Decision
from models.linear_model import LinearModel
from models.snapshot import encode_model
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline
from schemas.redis_keys import model_key
from schemas.topics import topic_name
from schemas.versions import encode_version, manifest_of
from services.cli.assembly import assemble
from services.learner.effects import Candidate
from tests.kafka_topics import send
from tests.services.learner.rig import SMALL


def linear(bias: float) -> LinearModel:
    none, whole = np.empty((0, 1)), np.empty(0, np.int64)
    one = np.ones(1)
    return LinearModel(
        "binary", np.array([1]), whole, 0 * one, one, np.ones((1, 1)), whole, none, np.array([bias]), np.array([0.0, 1])
    )


class Place:
    """A pipeline with two published versions, one refused, and answers of the second."""

    def __init__(self, stack: StackAddresses, folder: Path) -> None:
        name = f"t{uuid4().hex[:12]}"
        self.file = folder / "small.yaml"
        self.file.write_text(SMALL.replace("MODEL", "tabular_resnet").replace("small", name), encoding="utf-8")
        self.contracts: Contracts = contracts_of(parse_pipeline(self.file.read_text(encoding="utf-8"), "small.yaml"))
        apply_topics(self.contracts.pipeline, stack.bootstrap)
        self.where = ["--pipeline", str(self.file), "--bootstrap", stack.bootstrap, "--redis", stack.redis_url]
        self.redis = connect(stack.redis_url)
        self.name, self.bootstrap = name, stack.bootstrap
        self._publish()
        self.answer(linear(0.5), 2)

    def _publish(self) -> None:
        store = RedisModelStore(self.redis, self.name)
        examples, versions = topic_name(self.name, "examples"), topic_name(self.name, "versions")
        announcer = KafkaAnnouncer(Identity(self.bootstrap, f"{self.name}.learner", 0), (examples, 0), versions)
        for number, bias, admitted in ((1, 0.1, True), (2, 0.5, True), (3, 0.7, False)):
            blob, digest = encode_model(linear(bias))
            decision = Decision("finite", admitted, () if admitted else ("loss is nan",), {"loss": 0.5})
            candidate = Candidate(number, number - 1, blob, digest, decision, 9, 0, 8, 1.3e12, "{}")
            fields = candidate.fields(0, 1.7e12)
            announcer.send([encode_version(self.contracts, fields, blob if admitted else b"")], 0)
            if admitted:
                store.put(blob)
                store.publish(number, digest, manifest_of(fields))
        announcer.close()

    def answer(self, model: LinearModel, version: int, off_by: float = 0.0) -> None:
        rows = 7
        x_BF = np.random.default_rng(0).normal(0, 1, (rows, 3)).astype(np.float32)
        digest = bytes.fromhex(encode_model(model)[1])
        times = ("request_time", "answered_at", "features_time", "queue_ms", "features_ms", "model_ms")
        values = self.contracts.codec("Prediction").encode(
            {
                **{name: np.zeros(rows) for name in times},
                "digest": np.full(rows, digest, "V32"),
                "output": model.predict_many(x_BF) + np.float32(off_by),
                "features": x_BF,
                "version": np.full(rows, version),
                "status": np.zeros(rows, np.uint8),
                "request_id": np.array([b"%d" % i for i in range(rows)]),
                "entity": np.full(rows, b"e"),
                "reason": np.full(rows, b""),
            }
        )
        send(self.bootstrap, topic_name(self.name, "predictions"), [(b"e", value) for value in values])

    def call(self, *arguments: str) -> tuple[int, str]:
        argv = ["models", *arguments, *self.where]
        result = CliRunner().invoke(assemble(argv), argv)
        return result.exit_code, result.stdout


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path) -> Place:
    return Place(stack, tmp_path)


def test_all_versions_are_listed_and_shown(place: Place) -> None:
    code, text = place.call("list", "--json")
    assert code == 0
    found = [(v["number"], v["published"], v["stored"], v["serves"]) for v in json.loads(text)]
    assert found == [(1, True, True, False), (2, True, True, True), (3, False, False, False)]
    assert "refused" in place.call("list")[1]
    code, text = place.call("show", "3", "--json")
    assert (code, json.loads(text)["gate"]["reasons"]) == (0, ["loss is nan"])


def test_all_holds(place: Place) -> None:
    code, text = place.call("verify", "--json")
    assert code == 0, text
    assert "7 answers of 1 versions" in text


def test_an_answer_that_does_not_come_out_again_is_found(place: Place) -> None:
    place.answer(linear(0.1), 1, off_by=1e-3)
    code, text = place.call("verify")
    assert code == 5
    assert "FAIL  answers come out again: version 1 by 0.001" in text


def test_a_blob_that_was_changed_is_found(place: Place) -> None:
    digest = encode_model(linear(0.5))[1]
    place.redis.set(model_key(place.name, "blob", digest), b"something else")
    code, text = place.call("verify")
    assert code == 5
    assert "FAIL  blobs are whole: version 2" in text


def test_a_pointer_that_was_lost_is_found(place: Place) -> None:
    place.redis.delete(model_key(place.name, "current"))
    code, text = place.call("verify")
    assert code == 5
    assert "FAIL  pointer: the store has none, but version 2 was published" in text
