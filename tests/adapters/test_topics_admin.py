"""Topics on a real broker come to what the pipeline file says, and nothing that holds data is moved."""

from __future__ import annotations

import pytest

from adapters.local_stack import StackAddresses
from adapters.topics_admin import apply_topics, list_topics
from schemas.errors import ConfigurationError, DependencyError
from schemas.pipeline import Pipeline
from schemas.topics import topic_plans


def _pipeline(name: str, partitions: int = 2, retention: str = "1d") -> Pipeline:
    return Pipeline.model_validate(
        {
            "pipeline": name,
            "topics": {"partitions": partitions, "retention": retention},
            "request": {"entity": "user", "fields": {"user": {"type": "category"}}},
            "target": {"type": "binary"},
            "join": {"wait": "1h"},
        }
    )


def test_what_is_missing_is_made_once(stack: StackAddresses) -> None:
    pipeline = _pipeline("topics-made")
    would = apply_topics(pipeline, stack.bootstrap, dry_run=True)
    assert list_topics(stack.bootstrap, "topics-made.") == {}
    assert apply_topics(pipeline, stack.bootstrap) == would
    assert {c.kind for c in would} == {"create"}
    actual = list_topics(stack.bootstrap, "topics-made.")
    assert {n: t.partitions for n, t in actual.items()} == {p.name: p.partitions for p in topic_plans(pipeline)}
    assert apply_topics(pipeline, stack.bootstrap) == ()


def test_a_changed_setting_is_applied(stack: StackAddresses) -> None:
    apply_topics(_pipeline("topics-changed"), stack.bootstrap)
    changes = apply_topics(_pipeline("topics-changed", retention="2d"), stack.bootstrap)
    assert {(c.kind, c.key, c.must_be) for c in changes} == {("configure", "retention.ms", "172800000")}
    assert apply_topics(_pipeline("topics-changed", retention="2d"), stack.bootstrap, dry_run=True) == ()


def test_another_partition_count_is_shown_but_refused(stack: StackAddresses) -> None:
    apply_topics(_pipeline("topics-fixed"), stack.bootstrap)
    wider = _pipeline("topics-fixed", partitions=3)
    assert {c.kind for c in apply_topics(wider, stack.bootstrap, dry_run=True)} == {"conflict"}
    with pytest.raises(ConfigurationError, match=r"partitions is 2, must be 3.*new name"):
        apply_topics(wider, stack.bootstrap)


def test_what_the_broker_refuses_is_a_fault_of_configuration(stack: StackAddresses) -> None:
    pipeline = _pipeline("topics-refused")
    greedy = pipeline.model_copy(update={"topics": pipeline.topics.model_copy(update={"replication": 9})})
    with pytest.raises(ConfigurationError, match="replication"):
        apply_topics(greedy, stack.bootstrap)


def test_a_broker_that_is_away_is_a_dependency_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.topics_admin.TIMEOUT_S", 0.5)
    with pytest.raises(DependencyError, match="Kafka did not"):
        apply_topics(_pipeline("topics-away"), "127.0.0.1:1")
