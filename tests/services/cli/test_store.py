"""`anabranch store rebuild` on real Kafka and Redis: says what is missing, puts it back, and changes nothing after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from adapters.learner_announcer_kafka import KafkaAnnouncer
from adapters.local_stack import StackAddresses
from adapters.loop.client_settings import Identity
from adapters.model_digest import digest_of
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from models.gate_evidence import Decision
from schemas.contracts import contracts_of
from schemas.pipeline_file import parse_pipeline
from schemas.redis_keys import model_key
from schemas.topics import topic_name
from schemas.versions import encode_thinned, encode_version, manifest_of
from services.cli.assembly import assemble
from services.learner.effects import Candidate
from tests.services.learner.rig import SMALL

VERSIONS, KEEP = 7, 4


class Place:
    """A pipeline with seven versions, the third refused; four are kept in the store and with their artefacts."""

    def __init__(self, stack: StackAddresses, folder: Path) -> None:
        self.name = f"t{uuid4().hex[:12]}"
        self.file = folder / "small.yaml"
        self.write(f"keep_versions: {KEEP}, keep_artefacts: {KEEP}")
        self.contracts = contracts_of(parse_pipeline(self.file.read_text(encoding="utf-8"), "small.yaml"))
        apply_topics(self.contracts.pipeline, stack.bootstrap)
        self._where = ["--bootstrap", stack.bootstrap, "--redis", stack.redis_url]
        self.redis = connect(stack.redis_url)
        self.store = RedisModelStore(self.redis, self.name)
        self._publish(stack.bootstrap)

    def write(self, keep: str) -> None:
        text = SMALL.replace("MODEL", "tabular_resnet").replace("small", self.name).replace("keep_versions: 4", keep)
        self.file.write_text(text, encoding="utf-8")

    def _publish(self, bootstrap: str) -> None:
        examples, versions = topic_name(self.name, "examples"), topic_name(self.name, "versions")
        announcer = KafkaAnnouncer(Identity(bootstrap, f"{self.name}.learner", 0), (examples, 0), versions)
        published = list[str]()
        for number in range(1, VERSIONS + 1):
            blob, admitted = b"model %d" % number, number != 3
            decision = Decision("finite", admitted, (), {})
            fields = Candidate(number, 0, blob, digest_of(blob), decision, 9, 0, 8, 1.3e12, "{}").fields(0, 1.7e12)
            records = [encode_version(self.contracts, fields, blob if admitted else b"")]
            if admitted:
                self.store.put(blob)
                self.store.publish(number, digest_of(blob), manifest_of(fields))
                published.append(manifest_of(fields))
                records += [encode_thinned(self.contracts, m) for m in published[-KEEP - 1 : -KEEP]]
            announcer.send(records, 0)
        self.store.trim(KEEP)
        announcer.close()

    def state(self) -> tuple[object, dict[int, str | None], list[bytes]]:
        held = self.store.numbers()
        blobs = [self.store.get(digest_of(b"model %d" % n)) for n in held]
        return self.store.current(), {n: self.store.manifest(n) for n in held}, blobs

    def lose(self) -> None:
        keys = list(self.redis.scan_iter(match=model_key(self.name, "*")))
        assert len(keys) > KEEP
        self.redis.delete(*keys)

    def rebuild(self, *options: str) -> tuple[int, Any]:
        argv = ["store", "rebuild", str(self.file), *self._where, "--json", *options]
        result = CliRunner().invoke(assemble(argv), argv)
        return result.exit_code, json.loads(result.stdout)

    def say(self, *options: str) -> tuple[int, str]:
        argv = ["store", "rebuild", str(self.file), *self._where, *options]
        result = CliRunner().invoke(assemble(argv), argv)
        return result.exit_code, result.stdout


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path) -> Place:
    return Place(stack, tmp_path)


def test_a_whole_store_is_left_as_it_is(place: Place) -> None:
    before = place.state()
    code, found = place.rebuild()
    assert (code, found["models"]["present"], found["models"]["restored"]) == (0, [7, 6, 5, 4], [])
    assert found["features"] == {"entities": 0, "missing_partitions": []}
    assert place.state() == before


def test_after_a_loss_it_says_so_and_makes_the_store_as_it_was(place: Place) -> None:
    before = place.state()
    place.lose()
    code, looked = place.rebuild("--check")
    assert (code, looked["models"]["missing"], looked["models"]["current"]) == (5, [7, 6, 5, 4], 0)
    assert place.store.numbers() == []
    code, text = place.say("--no-features")
    assert (code, place.state()) == (0, before)
    assert "models: 4 put back, 0 were there; version 7 is current" in text
    assert "features" not in text
    assert place.rebuild("--check")[0] == 0


def test_what_was_lost_in_part_is_put_back_in_part(place: Place) -> None:
    before = place.state()
    place.redis.delete(model_key(place.name, "blob", digest_of(b"model 5")), model_key(place.name, "version", "6"))
    code, found = place.rebuild("--no-features")
    assert (code, found["models"]["restored"], found["features"]) == (0, [6, 5], None)
    assert place.state() == before


def test_what_the_topic_no_longer_carries_is_named_with_its_cure(place: Place) -> None:
    place.lose()
    place.write("keep_versions: 6, keep_artefacts: 6")
    code, text = place.say()
    assert code == 5
    assert "models: 4 put back, 0 were there" in text
    assert "no longer carries 2, 1; `anabranch models rebuild VERSION --put`" in text
    assert place.store.numbers() == [4, 5, 6, 7]
