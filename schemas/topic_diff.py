"""What stands between the topics on a broker and those that a pipeline needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.topics import TopicPlan


@dataclass(frozen=True, slots=True)
class ActualTopic:
    """A topic as it stands on the broker; `config` holds at least the keys that plans name."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One difference. A ``conflict`` cannot be mended in place: it would move keys to other partitions."""

    topic: str
    kind: Literal["create", "configure", "conflict"]
    key: str
    is_: str
    must_be: str

    def __str__(self) -> str:
        if self.kind == "create":
            return f"create {self.topic}: {self.must_be}"
        return f"{self.kind} {self.topic}: {self.key} is {self.is_}, must be {self.must_be}"


def diff_topics(plans: Sequence[TopicPlan], actual: Mapping[str, ActualTopic]) -> tuple[TopicChange, ...]:
    """Compare plans with what there is; nothing is ever deleted.

    Parameters
    ----------
    plans : sequence of TopicPlan
        From ``schemas.topics.topic_plans``.
    actual : Mapping of str to ActualTopic
        What stands on the broker, by topic name.

    Examples
    --------
    >>> plan = TopicPlan("flights.labels.v1", 2, 1, {"retention.ms": "10"})
    >>> [str(c) for c in diff_topics([plan], {"flights.labels.v1": ActualTopic(1, {"retention.ms": "10"})})]
    ['conflict flights.labels.v1: partitions is 1, must be 2']
    """
    return tuple(change for plan in plans for change in _changes(plan, actual.get(plan.name)))


def _changes(plan: TopicPlan, actual: ActualTopic | None) -> Iterator[TopicChange]:
    if actual is None:
        yield TopicChange(plan.name, "create", "", "", f"{plan.partitions} partitions, {_text(plan.config)}")
        return
    if actual.partitions != plan.partitions:
        yield TopicChange(plan.name, "conflict", "partitions", str(actual.partitions), str(plan.partitions))
    for key, value in plan.config.items():
        if actual.config.get(key) != value:
            yield TopicChange(plan.name, "configure", key, actual.config.get(key, "unset"), value)


def _text(config: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in config.items())
