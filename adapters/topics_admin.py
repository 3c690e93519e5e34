"""Bring a broker's topics to what a pipeline needs: look, compare, apply. Every call may block, for bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from adapters.kafka_client import client_settings
from schemas.errors import ConfigurationError, DependencyError
from schemas.pipeline import Pipeline
from schemas.topic_diff import ActualTopic, TopicChange, diff_topics
from schemas.topics import TopicPlan, topic_plans

TIMEOUT_S: Final = 15.0
_CONFIGURATION_FAULTS: Final = {
    KafkaError.INVALID_CONFIG,
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
T = TypeVar("T")


def apply_topics(pipeline: Pipeline, bootstrap: str, dry_run: bool = False) -> tuple[TopicChange, ...]:
    """Make and configure the topics that a pipeline lacks; say what was, or with `dry_run` would be, changed.

    Returns once the broker shows all of it. Applying again changes nothing.

    Raises
    ------
    ConfigurationError
        A topic stands with another number of partitions (not with `dry_run`), or the broker refuses a setting.
    DependencyError
        The broker does not answer in time.
    """
    admin = _client(bootstrap)
    plans = topic_plans(pipeline)
    changes = diff_topics(plans, _actual(admin, plans))
    if dry_run:
        return changes
    _refuse_conflicts(changes)
    _create(admin, plans, {c.topic for c in changes if c.kind == "create"})
    _configure(admin, [c for c in changes if c.kind == "configure"])
    _await_applied(admin, plans)
    return changes


def list_topics(bootstrap: str, prefix: str = "") -> dict[str, ActualTopic]:
    """List the topics on a broker whose names begin with `prefix`, without Kafka's own."""
    admin = _client(bootstrap)
    found = _metadata(admin)
    names = sorted(n for n in found if n.startswith(prefix) and not n.startswith("__"))
    return {name: ActualTopic(found[name], config) for name, config in _configs(admin, names).items()}


def _client(bootstrap: str) -> Any:
    # A broker that is away is told by the time-outs below; librdkafka need not say it on standard error as well.
    return AdminClient({**client_settings(bootstrap), "socket.timeout.ms": int(TIMEOUT_S * 1000)})


def _actual(admin: Any, plans: Sequence[TopicPlan]) -> dict[str, ActualTopic]:
    found = _metadata(admin)
    names = [plan.name for plan in plans if plan.name in found]
    return {name: ActualTopic(found[name], config) for name, config in _configs(admin, names).items()}


def _metadata(admin: Any) -> dict[str, int]:
    """Partition count of every topic that is fully there."""
    topics = _mapped(lambda: admin.list_topics(timeout=TIMEOUT_S).topics, "list the topics")
    return {name: len(topic.partitions) for name, topic in topics.items() if topic.error is None}


def _configs(admin: Any, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    futures = _mapped(lambda: admin.describe_configs(resources, request_timeout=TIMEOUT_S), "describe the topics")
    entries = {resource.name: _result(future, resource.name) for resource, future in futures.items()}
    return {name: {e.name: e.value for e in entries[name].values()} for name in names}


def _refuse_conflicts(changes: Sequence[TopicChange]) -> None:
    conflicts = [str(c) for c in changes if c.kind == "conflict"]
    if conflicts:
        what = f"Topics stand with other partition counts than the pipeline file asks for: {'; '.join(conflicts)}."
        cure = "Set `topics.partitions` back, or delete these topics with their data, or give the pipeline a new name."
        raise ConfigurationError(what, cure)


def _create(admin: Any, plans: Sequence[TopicPlan], names: set[str]) -> None:
    new = [
        NewTopic(p.name, num_partitions=p.partitions, replication_factor=p.replication, config=p.config)
        for p in plans
        if p.name in names
    ]
    if not new:
        return
    futures = _mapped(lambda: admin.create_topics(new, request_timeout=TIMEOUT_S), "create topics")
    for name, future in futures.items():
        _result(future, name, tolerated=KafkaError.TOPIC_ALREADY_EXISTS)  # another process was quicker: as good


def _await_applied(admin: Any, plans: Sequence[TopicPlan]) -> None:
    """Wait until the broker shows what it has agreed to: its answers come before its metadata."""
    deadline = time.monotonic() + TIMEOUT_S
    while left := diff_topics(plans, _actual(admin, plans)):
        if time.monotonic() > deadline:
            what = f"The broker agreed to the changes, but after {TIMEOUT_S:g} s does not show them: {left[0]}."
            raise DependencyError(what, "Look at the broker's log, then run `anabranch topics apply` again.")
        time.sleep(0.02)


def _configure(admin: Any, changes: Sequence[TopicChange]) -> None:
    resources = [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[_entry(c) for c in changes if c.topic == topic])
        for topic in sorted({c.topic for c in changes})
    ]
    if resources:
        alter = admin.incremental_alter_configs
        futures = _mapped(lambda: alter(resources, request_timeout=TIMEOUT_S), "configure topics")
        for resource, future in futures.items():
            _result(future, resource.name)


def _entry(change: TopicChange) -> Any:
    return ConfigEntry(change.key, change.must_be, incremental_operation=AlterConfigOpType.SET)


def _result(future: Future[Any], topic: str, tolerated: int | None = None) -> Any:
    try:
        return _mapped(lambda: future.result(TIMEOUT_S), f"answer about {topic}")
    except _Refused as refusal:
        if refusal.code == tolerated:
            return None
        raise


class _Refused(DependencyError):
    """The broker answered with an error."""

    def __init__(self, what: str, cure: str, code: int) -> None:
        super().__init__(what, cure)
        self.code = code


def _mapped(call: Callable[[], T], doing: str) -> T:
    try:
        return call()
    except TimeoutError as error:
        raise DependencyError(
            f"Kafka did not {doing} within {TIMEOUT_S:g} s.", "Is it up? See `anabranch status`."
        ) from error
    except KafkaException as error:
        code, why = error.args[0].code(), error.args[0].str()
        if code in _CONFIGURATION_FAULTS:
            raise ConfigurationError(
                f"Kafka refused to {doing}: {why}.", "Mend the `topics` of the pipeline file."
            ) from error
        raise _Refused(f"Kafka did not {doing}: {why}.", "Is it up? See `anabranch status`.", code) from error
