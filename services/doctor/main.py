"""All checks, one after the other; what stands on something that has failed is left out."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from adapters.kafka_facts import KafkaInquiry
from adapters.local_stack import find_stack, status
from adapters.local_stack.jars import missing_jars, pinned_jars
from adapters.local_stack.java import find_java
from adapters.local_stack.redis_server import find_redis
from adapters.redis_client import connect
from adapters.redis_facts import read_redis_facts
from adapters.topics_admin import apply_topics
from schemas.compatibility import Lock, check_all_backward, unlocked
from schemas.contracts import contracts_of
from schemas.errors import AnabranchError
from schemas.generated import all_schemas
from schemas.pipeline import Pipeline
from services.doctor import core, core_pipeline
from services.doctor.finding import Finding, failed_by, ok
from services.doctor.lag import read_lag
from services.doctor.letters import count_dead_letters
from services.doctor.machine import available_memory, missing_packages, needed_packages
from services.doctor.processes import look_at_processes
from services.doctor.stores import check_checkpoint, check_model, check_watermark

Check = tuple[str, Callable[[], Finding]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where to look. Empty addresses: the local stack of `home`."""

    home: Path
    bootstrap: str
    redis_url: str
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """The pipeline to look at: its file, how to read it and its lock file, and its processes."""

    file: str
    read: Callable[[], Pipeline]
    read_lock: Callable[[], Lock]
    processes: tuple[str, ...]


def examine(around: Surroundings, subject: Subject | None) -> Iterator[Finding]:
    """Make every check and yield what each found, as it comes. Never raises `AnabranchError`."""
    yield from map(_made, _machine(around))
    kafka = _made(("kafka", lambda: core.judge_kafka(KafkaInquiry(_kafka_at(around)).cluster())))
    redis = _made(("redis", lambda: _check_redis(_redis_at(around))))
    yield from (kafka, redis)
    if subject is None:
        return
    try:
        pipeline = subject.read()
    except AnabranchError as error:
        yield failed_by("pipeline", error)
        return
    yield ok("pipeline", f"{subject.file} is valid: {pipeline.pipeline}")
    yield from map(_made, _pipeline(around, subject, pipeline, kafka.verdict != "fail", redis.verdict != "fail"))


def _made(check: Check) -> Finding:
    name, make = check
    try:
        return make()
    except AnabranchError as error:
        return failed_by(name, error)


def _machine(around: Surroundings) -> Iterator[Check]:
    yield "python", lambda: core.judge_python(sys.version_info[:3])
    needed = needed_packages()
    yield "packages", lambda: core.judge_packages(missing_packages(needed), len(needed))
    yield "disk", lambda: core.judge_disk(_disk_free(around.home), str(around.home))
    yield "memory", lambda: core.judge_memory(available_memory())
    if not around.bootstrap:
        yield "java", lambda: _check_java(around.environ)
        yield "jars", lambda: _check_jars(around.home)
    if not around.redis_url:
        yield "redis program", lambda: _check_redis_program(around.environ)


def _pipeline(around: Surroundings, subject: Subject, pipeline: Pipeline, kafka: bool, redis: bool) -> Iterator[Check]:
    if kafka:
        yield "topics", lambda: _check_topics(subject, pipeline, _kafka_at(around))
    yield "schemas", lambda: _check_schemas(subject, pipeline)
    yield "processes", lambda: _check_processes(around.home, subject, pipeline)
    if kafka:
        yield "lag", lambda: core_pipeline.judge_lag(read_lag(_kafka_at(around), pipeline.pipeline))
    if redis:
        yield "watermark", lambda: check_watermark(pipeline, _redis_at(around))
        kafka_at = _kafka_at(around) if kafka else None
        yield "model", lambda: check_model(contracts_of(pipeline), _redis_at(around), kafka_at)
    if kafka:
        yield "checkpoint", lambda: check_checkpoint(pipeline, around.home, _kafka_at(around), time.time())
        yield "dead letters", lambda: _check_letters(pipeline, _kafka_at(around))


def _kafka_at(around: Surroundings) -> str:
    return around.bootstrap or find_stack(around.home, redis_url="not asked for").bootstrap


def _redis_at(around: Surroundings) -> str:
    return around.redis_url or find_stack(around.home, bootstrap="not asked for").redis_url


def _disk_free(home: Path) -> int:
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _check_java(environ: Mapping[str, str]) -> Finding:
    java = find_java(environ)
    return ok("java", f"Java {java.major} at {java.path}")


def _check_jars(home: Path) -> Finding:
    jars, folder = pinned_jars(), home / "kafka" / "jars"
    if not folder.exists() and _runs_kafka(home):
        return ok("jars", "the running Kafka has those of another home")
    missing = missing_jars(jars, folder)
    return core.judge_jars([jar.file_name for jar in missing], len(jars))


def _runs_kafka(home: Path) -> bool:
    return any(server.name == "kafka" and server.condition == "running" for server in status(home).servers)


def _check_redis_program(environ: Mapping[str, str]) -> Finding:
    program = find_redis(environ)
    return ok("redis program", f"Redis {program.version} at {program.path}")


def _check_redis(url: str) -> Finding:
    with closing(connect(url)) as client:
        return core.judge_redis(read_redis_facts(client))


def _check_topics(subject: Subject, pipeline: Pipeline, bootstrap: str) -> Finding:
    return core_pipeline.judge_topics(apply_topics(pipeline, bootstrap, dry_run=True), subject.file)


def _check_processes(home: Path, subject: Subject, pipeline: Pipeline) -> Finding:
    facts = look_at_processes(home, pipeline.pipeline, subject.processes)
    return core_pipeline.judge_processes(facts, subject.file)


def _check_schemas(subject: Subject, pipeline: Pipeline) -> Finding:
    schemas, lock = all_schemas(pipeline), subject.read_lock()
    check_all_backward(lock, schemas)
    return core_pipeline.judge_schemas(unlocked(lock, schemas), len(schemas), subject.file)


def _check_letters(pipeline: Pipeline, bootstrap: str) -> Finding:
    found = count_dead_letters(contracts_of(pipeline), bootstrap)
    return core_pipeline.judge_dead_letters(found.waiting, found.replayed, found.are_all)
