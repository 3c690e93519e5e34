"""Verdicts on the machine and its servers, from facts that the probes have gathered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.server_facts import KafkaFacts, RedisFacts
from schemas.errors import ConfigurationError, DependencyError
from services.doctor.finding import Finding, fail, ok, warn

LEAST_PYTHON = (3, 11)
GB = 1_000_000_000
DISK_FAIL, DISK_WARN = GB // 2, 5 * GB
MEMORY_WARN = 2 * GB
REDIS_FULL = 0.9
LEAST_REDIS = 6


def judge_python(version: tuple[int, int, int]) -> Finding:
    """The interpreter is new enough.

    Examples
    --------
    >>> judge_python((3, 10, 4)).verdict
    'fail'
    """
    shown = ".".join(map(str, version))
    if version[:2] < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        cure = "Install a newer Python, then `make clean-all` and `make setup`."
        return fail("python", f"{shown}, but {least} is needed", cure, ConfigurationError)
    return ok("python", shown)


def judge_packages(missing: Sequence[str], needed: int) -> Finding:
    """Every package can be imported."""
    if missing:
        return fail("packages", f"not installed: {', '.join(missing)}", "Run `make setup`.", ConfigurationError)
    return ok("packages", f"{needed} found")


def judge_disk(free: int, folder: str) -> Finding:
    """The disk of the data folder has room (bytes).

    Examples
    --------
    >>> judge_disk(2_000_000_000, "data").detail
    '2.0 GB free for data'
    """
    detail = f"{free / GB:.1f} GB free for {folder}"
    cure = "Make room, lower `topics.retention` in the pipeline file, or set ANABRANCH_HOME to a larger disk."
    if free < DISK_FAIL:
        return fail("disk", detail, cure, DependencyError)
    return warn("disk", detail, cure) if free < DISK_WARN else ok("disk", detail)


def judge_memory(available: int | None) -> Finding:
    """The machine has memory to spare (bytes); None where the system does not tell."""
    if available is None:
        return ok("memory", "this system does not tell")
    detail = f"{available / GB:.1f} GB available"
    if available < MEMORY_WARN:
        return warn("memory", detail, "Kafka, Redis and all processes together take some 3 GB: end something else.")
    return ok("memory", detail)


def judge_jars(missing: Sequence[str], pinned: int) -> Finding:
    """The broker's jars are there and whole."""
    if not missing:
        return ok("jars", f"{pinned} jars are whole")
    few = f"{', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}"
    return warn("jars", f"{len(missing)} of {pinned} missing or damaged: {few}", "`anabranch up` fetches them.")


def judge_kafka(facts: KafkaFacts) -> Finding:
    """The cluster is new enough.

    Examples
    --------
    >>> judge_kafka(KafkaFacts(("127.0.0.1:9092",), is_before_4=True)).exit_code
    4
    """
    detail = f"{len(facts.addresses)} broker{'s' * (len(facts.addresses) > 1)} at {', '.join(facts.addresses)}"
    if facts.is_before_4:
        return fail("kafka", f"{detail}, older than 4.0", "Upgrade the brokers to Kafka 4.0 or later.", DependencyError)
    if facts.is_before_4 is None:
        cure = "See yourself that it is Kafka 4.0 or later, or let this user describe the brokers' settings."
        return warn("kafka", f"{detail}, which do not tell their version", cure)
    return ok("kafka", f"{detail}, 4.0 or later")


def judge_redis(facts: RedisFacts) -> Finding:
    """The server keeps what it is given."""
    failures, warnings = list(_redis_failures(facts)), list(_redis_warnings(facts))
    used = f"{facts.used / GB:.2f} GB used" + (f" of {facts.limit / GB:.2f}" if facts.limit else "")
    detail = "; ".join([f"Redis {facts.version}, {used}", *(what for what, _ in failures + warnings)])
    cure = " ".join(cure for _, cure in failures + warnings)
    if failures:
        return fail("redis", detail, cure, DependencyError)
    return warn("redis", detail, cure) if warnings else ok("redis", detail)


def _redis_failures(facts: RedisFacts) -> Iterator[tuple[str, str]]:
    if int(facts.version.split(".")[0]) < LEAST_REDIS:
        yield "too old", f"Upgrade it to {LEAST_REDIS} or later."
    if facts.policy != "noeviction":
        yield f"maxmemory-policy is {facts.policy}", "Set `maxmemory-policy noeviction`: features and models must stay."
    if not facts.write_ok:
        yield "its last write to disk failed", "Make room on its disk and look at its log."


def _redis_warnings(facts: RedisFacts) -> Iterator[tuple[str, str]]:
    if not facts.appends:
        yield "no append-only file", "Set `appendonly yes`: without it a restart of Redis forgets features and models."
    if facts.limit and facts.used > REDIS_FULL * facts.limit:
        yield "nearly full", "Raise `maxmemory`, or lower `windows.snapshots` or `learner.keep_versions`."
