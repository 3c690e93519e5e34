"""Requests of a real run are traced from the log, and its versions are learned again to the same digests."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from adapters.log_search_kafka import KafkaLogSearch
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.source import SourceEvent
from services.cli.assembly import assemble
from services.cli.session import Session
from services.trace.main import trace
from services.trace.story import Story
from tests.system.running import Plan, Run, run_loop
from tests.system.streams import GENERATED, START_MS, generated, in_order

ROWS, BATCH, CADENCE = 600, 16, 128
OPEN_MS, LAST_MS = START_MS + 200_000, START_MS + ROWS * 2_000


@dataclass(frozen=True)
class Traced:
    run: Run
    file: Path
    stack: StackAddresses
    live: Story
    """Of the request that never gets a label, told while the loop ran."""

    def call(self, *arguments: str) -> tuple[int, str, str]:
        argv = [*arguments, "--bootstrap", self.stack.bootstrap]
        result = CliRunner().invoke(assemble(argv), argv)
        return result.exit_code, result.stdout, str(result.exception)

    @property
    def newest(self) -> str:
        """Of the requests that a model answered and the learner learned from, the one learned last."""
        by_model = {bytes(i) for i, v in zip(*self._columns("request_id", "version"), strict=True) if v}
        learned: list[bytes] = self.run.outcome.examples["request_id"].tolist()
        return [i.decode() for i in learned if i in by_model][-1]

    def _columns(self, *names: str) -> list[list[Any]]:
        return [self.run.outcome.predictions[name].tolist() for name in names]

    def story(self, request_id: str) -> dict[str, Any]:
        code, out, error = self.call("trace", str(self.file), request_id, "--json")
        assert code == 0, error
        found: dict[str, Any] = json.loads(out)
        return found

    def rebuild(self, version: int, *flags: str) -> tuple[int, str, str]:
        where = ("--pipeline", str(self.file), "--redis", self.stack.redis_url)
        return self.call("models", "rebuild", str(version), *where, *flags)


@pytest.fixture(scope="module")
def traced(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = tmp_path_factory.mktemp("traced")
    text = GENERATED.format(name="traced", partitions=2, target="{type: binary}", model="tabular_resnet")
    strange = [
        SourceEvent(LAST_MS + 1, "request", "request", "too-much", {"user": "u1", "a": 99.0, "b": 0.0}),
        SourceEvent(OPEN_MS, "request", "request", "open", {"user": "u1", "a": 1.0, "b": 0.0}),
        SourceEvent(LAST_MS + 3, "label", "label", "too-much", {"label": 1.0}),
    ]
    live: list[Story] = []

    def look(session: Session, answers: int) -> None:
        if answers > ROWS // 4 and not (live and live[-1].answers):
            with closing(KafkaLogSearch(stack.bootstrap)) as log:
                live.append(trace(session.contracts, log, "open"))

    # At a pace that leaves time to look before the end of the stream is told, which ends the wait of all labels.
    plan = Plan(speed=100, disturb=look)
    run = run_loop(stack, folder, text, in_order([*generated(ROWS, "binary"), *strange]), plan)
    return Traced(run, folder / "pipeline.yaml", stack, live[-1])


def test_a_learned_request_is_told_from_its_fields_to_the_versions_it_shaped(traced: Traced) -> None:
    id_ = traced.newest
    story = traced.story(id_)
    (request,), (answer,), (label,), (example,) = (story[k] for k in ("requests", "answers", "labels", "examples"))
    predictions = traced.run.outcome.predictions
    row = predictions["request_id"].tolist().index(id_.encode())
    assert (request["time"], request["fields"]["user"][0]) == (predictions["request_time"][row], "u")
    assert (answer["status"], answer["waiting"]) == ("ok", "joined")
    assert answer["digest"] == predictions["digest"][row].tobytes().hex()
    names = [f["name"] for f in answer["features"]]
    assert names == list(traced.run.contracts.layout.names)
    served = [None if x != x else x for x in predictions["features"][row].tolist()]
    assert [f["value"] for f in answer["features"]] == served
    entities = {tuple(f["window"]["entity"]) for f in answer["features"] if f["window"]}
    assert entities == {(request["fields"]["user"],)}
    assert 0 <= answer["features_age_ms"] < 60_000, "the pane is a minute"
    assert (label["fate"], label["place"]["offset"]) == ("joined", example["label_offset"])
    check_learning(traced, id_, example)
    (lineage,) = story["lineages"]
    assert (lineage["number"], lineage["agrees"]) == (answer["version"], True)
    assert [v["number"] for v in lineage["ancestors"]] == list(range(answer["version"] - 1, 0, -1))


def check_learning(traced: Traced, id_: str, example: dict[str, Any]) -> None:
    """The batch is that of the example's place among all, which are good here; so is the first version."""
    ids = traced.run.outcome.examples["request_id"].tolist()
    place = ids.index(id_.encode())
    batch, shaped = example["batch"], example["shaped"]
    missing = max(0, (place // BATCH + 1) * BATCH - len(ids))
    assert (batch["example"], batch["number"], batch["missing"]) == (place + 1, place // BATCH + 1, missing)
    assert len(batch["offsets"]) == BATCH - missing
    assert example["place"]["offset"] in batch["offsets"]
    versions = len(traced.run.outcome.versions["number"])
    first = place // CADENCE + 1
    told = shaped and (shaped["first"], shaped["first_published"], shaped["after"])
    assert told == ((first, first, versions - first) if first <= versions else None)


def test_a_rejected_request_is_told_with_the_reason_and_its_label_with_its_end(traced: Traced) -> None:
    story = traced.story("too-much")
    (answer,) = story["answers"]
    assert (answer["status"], answer["waiting"], answer["features"]) == ("rejected", "no_prediction", [])
    assert "a" in answer["reason"]
    assert story["requests"][0]["fields"]["a"] == 99.0
    assert [(x["fate"], x["letter"]["reason"]) for x in story["labels"]] == [("dead_letter", "no_prediction")]
    assert story["lineages"] == []


def test_a_request_without_a_label_is_told_to_wait_and_then_to_have_waited(traced: Traced) -> None:
    until = OPEN_MS + 2 * 3_600_000
    (answer,) = traced.live.answers
    assert (answer.waiting, answer.until, traced.live.labels) == ("pending", until, ())
    assert answer.labels_reached is not None
    assert START_MS <= answer.labels_reached < until
    (later,) = traced.story("open")["answers"]
    assert (later["waiting"], later["until"]) == ("timed_out", until), "the end of the stream was told"


def test_one_screen_shows_it(traced: Traced) -> None:
    code, out, error = traced.call("trace", str(traced.file), traced.newest)
    assert code == 0, error
    for word in ("request", "answer", "features", "label", "example", "batch", "shaped", "version", "decayed_mean"):
        assert word in out


def test_an_id_that_nobody_knows_leaves_with_the_code_of_data(traced: Traced) -> None:
    argv = ["trace", str(traced.file), "nobody", "--bootstrap", traced.stack.bootstrap]
    error = CliRunner().invoke(assemble(argv), argv).exception
    assert "traced.requests.v1" in str(error)
    assert getattr(error, "exit_code", None) == 5


def test_versions_are_learned_again_to_the_digests_announced(traced: Traced, tmp_path: Path) -> None:
    versions = traced.run.outcome.versions
    digests = dict(zip(versions["number"].tolist(), versions["digest"].tolist(), strict=True))
    for number in (1, max(digests)):
        out = tmp_path / f"{number}.safetensors"
        code, text, error = traced.rebuild(number, "--json", "--out", str(out))
        assert code == 0, error
        assert json.loads(text)["digest"] == digests[number].decode()
        assert hashlib.sha256(out.read_bytes()).hexdigest() == digests[number].decode()


def test_a_version_that_the_store_lost_is_put_back(traced: Traced) -> None:
    client, digest = connect(traced.stack.redis_url), traced.run.outcome.versions["digest"][1].decode()
    store = RedisModelStore(client, "traced")
    blob, current = store.get(digest), store.current()
    for key in client.keys(f"*{digest}*"):
        client.delete(key)
    code, text, error = traced.rebuild(2, "--put")
    assert code == 0, error
    assert digest in text
    assert store.get(digest) == blob
    assert store.current() == current


def test_a_version_that_never_was_is_told_with_its_neighbours(traced: Traced) -> None:
    newest = max(traced.run.outcome.versions["number"].tolist())
    error = traced.rebuild(newest + 7)[2]
    assert f"Version {newest + 7} was never announced" in error
    assert str(newest) in error


def test_a_changed_pipeline_file_is_named_as_the_cause(traced: Traced, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(traced.file.read_text().replace("hidden: 16", "hidden: 17"))
    where = ("--pipeline", str(changed), "--redis", traced.stack.redis_url)
    code, _, error = traced.call("models", "rebuild", "1", *where)
    assert code != 0
    assert "model.hidden was 16 and is 17" in error
