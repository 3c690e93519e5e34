"""The learner as a process, on real Kafka and Redis: stopped, restarted, doubled; equal to one without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.context import Context
from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from models.determinism import make_deterministic
from schemas.contracts import Contracts, contracts_of
from schemas.errors import DependencyError, Fenced
from schemas.pipeline_file import parse_pipeline
from schemas.topics import Role, topic_name
from services.learner.main import run
from tests.kafka_topics import Row, await_true, committed_rows, send
from tests.process_thread import context_of, running
from tests.services.learner.rig import SMALL, World, example_values

make_deterministic()
ROWS = 150


class Place:
    """A pipeline of its own on the real servers."""

    def __init__(self, stack: StackAddresses, home: Path) -> None:
        text = SMALL.replace("MODEL", "tabular_resnet").replace("small", f"t{uuid4().hex[:12]}")
        self.contracts: Contracts = contracts_of(parse_pipeline(text, "small.yaml"))
        self.name, self.home, self._stack = self.contracts.pipeline.pipeline, home, stack
        apply_topics(self.contracts.pipeline, stack.bootstrap)

    def context(self) -> Context:
        return context_of(self.contracts, self._stack, self.home, "learner")

    def send(self, values: list[bytes]) -> None:
        send(self._stack.bootstrap, topic_name(self.name, "examples"), [(None, value) for value in values])

    def rows(self, role: Role) -> list[Row]:
        return committed_rows(self._stack.bootstrap, topic_name(self.name, role), 1)


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path) -> Place:
    return Place(stack, tmp_path / "home")


def test_stopped_and_restarted_it_equals_one_without_kafka(place: Place, stack: StackAddresses, tmp_path: Path) -> None:
    twin = World(place.contracts, tmp_path / "twin")
    values = example_values(place.contracts, ROWS)
    twin.topics.append(*values)
    twin.live()
    for stretch in ([*values[:70], b"rubbish"], values[70:]):
        place.send(stretch)
        context = place.context()
        with running(run, context):
            await_true(lambda c=context: c.health.readiness.ok or c.stop.is_set())  # type: ignore[misc]
    part = place.contracts.decode([v for _, v in place.rows("versions")], ("Version",)).part("Version")
    assert part is not None
    found = list(zip(*(part.columns[n].tolist() for n in ("number", "digest", "artefact")), strict=True))
    assert found == twin.versions()
    assert [key for key, _ in place.rows("dead-letters")] == [f"{place.name}.examples.v1/0/70".encode()]
    store = RedisModelStore(connect(stack.redis_url), place.name)
    assert store.current() == twin.store.current()
    assert store.numbers() == [1, 2, 3, 4]


def test_a_second_learner_is_kept_out_of_the_folder_and_fences_from_elsewhere(place: Place, tmp_path: Path) -> None:
    first = place.context()
    with running(run, first, may_fail=True) as failures:
        await_true(lambda: first.health.readiness.ok or bool(failures))
        with pytest.raises(DependencyError, match="Another learner"):
            run(place.context())
        second = replace(place.context(), home=tmp_path / "elsewhere")
        with running(run, second):
            await_true(lambda: second.health.readiness.ok or second.stop.is_set())
            place.send(example_values(place.contracts, ROWS))
            await_true(lambda: bool(failures))
            await_true(lambda: len(place.rows("versions")) == 4)
    assert isinstance(failures[0], Fenced)
