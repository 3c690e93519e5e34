"""Every verdict: what is wrong is told with its cure, and less of a good thing never makes a better verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.server_facts import KafkaFacts, RedisFacts
from schemas.dead_letters import REASONS
from schemas.errors import DataError, DependencyError
from schemas.topic_diff import TopicChange
from services.doctor import core, core_pipeline
from services.doctor.core_pipeline import CheckpointFacts, LagFacts, ProcessFacts
from services.doctor.finding import Finding, exit_code_of, failed_by
from services.doctor.hints import HINTS
from services.doctor.names import CHECKS

RANK = {"ok": 0, "warn": 1, "fail": 2}
GOOD_REDIS = RedisFacts("7.2.4", appends=True, write_ok=True, policy="noeviction", used=10, limit=100)
RUNNING = ProcessFacts("predictor", alive=True, left_a_file=True, live=True, ready=True, why="")
KILLED = replace(RUNNING, name="learner", alive=False, live=False, ready=False)
ELSEWHERE = replace(KILLED, left_a_file=False)
TOPIC = "flights.labels.v1"

ALL: list[tuple[Finding, str]] = [
    (core.judge_python((3, 11, 0)), "ok"),
    (core.judge_python((3, 9, 18)), "fail"),
    (core.judge_packages([], 17), "ok"),
    (core.judge_packages(["torch"], 17), "fail"),
    (core.judge_disk(100 * core.GB, "data"), "ok"),
    (core.judge_disk(2 * core.GB, "data"), "warn"),
    (core.judge_disk(0, "data"), "fail"),
    (core.judge_memory(None), "ok"),
    (core.judge_memory(0), "warn"),
    (core.judge_jars([], 46), "ok"),
    (core.judge_jars(["a.jar"], 46), "warn"),
    (core.judge_kafka(KafkaFacts(("h:1",), is_before_4=False)), "ok"),
    (core.judge_kafka(KafkaFacts(("h:1",), is_before_4=None)), "warn"),
    (core.judge_kafka(KafkaFacts(("h:1",), is_before_4=True)), "fail"),
    (core.judge_redis(GOOD_REDIS), "ok"),
    (core.judge_redis(replace(GOOD_REDIS, appends=False)), "warn"),
    (core.judge_redis(replace(GOOD_REDIS, used=95)), "warn"),
    (core.judge_redis(replace(GOOD_REDIS, policy="allkeys-lru")), "fail"),
    (core.judge_redis(replace(GOOD_REDIS, write_ok=False)), "fail"),
    (core.judge_redis(replace(GOOD_REDIS, version="5.0.1")), "fail"),
    (core_pipeline.judge_topics([], "x.yaml"), "ok"),
    (core_pipeline.judge_topics([TopicChange(TOPIC, "configure", "retention.ms", "1", "2")], "x.yaml"), "warn"),
    (core_pipeline.judge_topics([TopicChange(TOPIC, "create", "", "", "")], "x.yaml"), "fail"),
    (core_pipeline.judge_topics([TopicChange(TOPIC, "conflict", "partitions", "1", "2")], "x.yaml"), "fail"),
    (core_pipeline.judge_schemas([], 17, "x.yaml"), "ok"),
    (core_pipeline.judge_schemas(["Label"], 17, "x.yaml"), "warn"),
    (core_pipeline.judge_processes([RUNNING], "x.yaml"), "ok"),
    (core_pipeline.judge_processes([ELSEWHERE, ELSEWHERE], "x.yaml"), "warn"),
    (core_pipeline.judge_processes([replace(RUNNING, ready=False, why="starting")], "x.yaml"), "warn"),
    (core_pipeline.judge_processes([RUNNING, KILLED], "x.yaml"), "fail"),
    (core_pipeline.judge_processes([RUNNING, ELSEWHERE], "x.yaml"), "fail"),
    (core_pipeline.judge_processes([replace(RUNNING, live=False)], "x.yaml"), "fail"),
    (core_pipeline.judge_lag([]), "ok"),
    (core_pipeline.judge_lag([LagFacts("p.learner", 1, 0, moved=False)]), "ok"),
    (core_pipeline.judge_lag([LagFacts("p.learner", 1, 9, moved=True)]), "ok"),
    (core_pipeline.judge_lag([LagFacts("p.learner", 0, 9, moved=False)]), "warn"),
    (core_pipeline.judge_lag([LagFacts("p.learner", 1, 9, moved=False)]), "fail"),
    (core_pipeline.judge_watermark(0, []), "ok"),
    (core_pipeline.judge_watermark(2, [1.0, 2.0]), "ok"),
    (core_pipeline.judge_watermark(2, [1.0]), "warn"),
    (core_pipeline.judge_checkpoint(None, 100), "ok"),
    (core_pipeline.judge_checkpoint(CheckpointFacts(60_000, 200), 100), "ok"),
    (core_pipeline.judge_checkpoint(CheckpointFacts(60_000, 201), 100), "warn"),
    (core_pipeline.judge_dead_letters({}, 0, are_all=True), "ok"),
    (core_pipeline.judge_dead_letters({}, 3, are_all=True), "ok"),
    (core_pipeline.judge_dead_letters({"bad_id": 1}, 2, are_all=False), "warn"),
]


@pytest.mark.parametrize(("finding", "verdict"), ALL, ids=lambda value: getattr(value, "check", value))
def test_verdict_comes_with_what_belongs_to_it(finding: Finding, verdict: str) -> None:
    assert finding.verdict == verdict
    assert finding.detail
    assert bool(finding.cure) == (verdict != "ok")
    assert bool(finding.exit_code) == (verdict == "fail")
    assert finding.check in CHECKS


def test_what_a_probe_ran_into_keeps_its_cure_and_code() -> None:
    found = failed_by("model", DataError("The blob is gone.", "Publish it again."))
    assert (found.verdict, found.detail, found.cure, found.exit_code) == (
        "fail",
        "The blob is gone.",
        "Publish it again.",
        DataError.exit_code,
    )


@given(st.lists(st.sampled_from([finding for finding, _ in ALL])))
def test_command_leaves_with_the_code_of_the_first_failure(findings: list[Finding]) -> None:
    failures = [f for f in findings if f.verdict == "fail"]
    assert exit_code_of(findings) == (failures[0].exit_code if failures else 0)


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_more_room_is_never_worse(a: int, b: int) -> None:
    less, more = sorted((a, b))
    assert RANK[core.judge_disk(less, "d").verdict] >= RANK[core.judge_disk(more, "d").verdict]
    assert RANK[core.judge_memory(less).verdict] >= RANK[core.judge_memory(more).verdict]


@given(st.dictionaries(st.sampled_from(sorted(REASONS)), st.integers(1, 10**6), min_size=1))
def test_hint_is_for_the_most_frequent_reason(reasons: dict[str, int]) -> None:
    found = core_pipeline.judge_dead_letters(reasons, 0, are_all=True)
    hinted = found.cure.partition(":")[0]
    assert reasons[hinted] == max(reasons.values())
    assert found.cure.endswith(HINTS[hinted])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_watermark_can_be_shown(time_ms: float) -> None:
    assert "UTC" in core_pipeline.judge_watermark(1, [time_ms]).detail


def test_every_reason_has_a_hint() -> None:
    assert HINTS.keys() == REASONS.keys()


def test_redis_that_is_away_and_old_is_told_both() -> None:
    found = core.judge_redis(replace(GOOD_REDIS, version="5.0.1", policy="volatile-lru", appends=False))
    assert all(word in found.detail for word in ("too old", "volatile-lru", "no append-only file"))
    assert found.exit_code == DependencyError.exit_code
