"""Verdicts on one pipeline, from facts that the probes have gathered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.durations import format_duration
from schemas.errors import ConfigurationError, DependencyError
from schemas.topic_diff import TopicChange
from services.doctor.finding import Finding, fail, ok, warn
from services.doctor.hints import HINTS

YEARS_MS = 1900 * 365 * 86_400_000
"""Times further from 1970 than so many years are shown as the limit: calendars end."""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One process: whether it runs here, and its answers to the probes (True only when it said yes)."""

    name: str
    alive: bool
    left_a_file: bool
    live: bool
    ready: bool
    why: str


@dataclass(frozen=True, slots=True)
class LagFacts:
    """One consumer group, looked at twice: members, records that wait, and whether it moved meanwhile."""

    group: str
    members: int
    waiting: int
    moved: bool


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """The learner's newest checkpoint: its age, and how many examples came after it."""

    age_ms: int
    behind: int


def judge_topics(changes: Sequence[TopicChange], file: str) -> Finding:
    """The topics stand as the pipeline needs them."""
    if not changes:
        return ok("topics", "all as the pipeline needs them")
    detail = "; ".join(map(str, changes[:3])) + (f"; {len(changes) - 3} more" if len(changes) > 3 else "")
    if any(change.kind == "conflict" for change in changes):
        cure = "Set `topics.partitions` back, or give the pipeline a new name: keys must not move."
        return fail("topics", detail, cure, ConfigurationError)
    cure = f"Run `anabranch topics apply {file}`."
    if any(change.kind == "create" for change in changes):
        return fail("topics", detail, cure, ConfigurationError)
    return warn("topics", detail, cure)


def judge_schemas(new: Sequence[str], records: int, file: str) -> Finding:
    """The present schemas are on record; that they can read former ones has been checked before."""
    if new:
        cure = f"Run `anabranch schemas lock {file}` and keep the file in version control."
        return warn("schemas", f"not in the lock file yet: {', '.join(new)}", cure)
    return ok("schemas", f"{records} records can read all that they have been")


def judge_processes(processes: Sequence[ProcessFacts], file: str) -> Finding:
    """Each process runs here, its loop turns, and it is ready.

    None at all is a warning only: they may run on other machines.
    """
    if not any(p.alive or p.left_a_file for p in processes):
        cure = f"Run `anabranch start {file}`, unless they run elsewhere."
        return warn("processes", "none runs on this machine", cure)
    dead = [p.name for p in processes if not p.alive]
    stuck = [f"{p.name}: {p.why}" for p in processes if p.alive and not p.live]
    waiting = [f"{p.name}: {p.why}" for p in processes if p.alive and p.live and not p.ready]
    if dead or stuck:
        detail = "; ".join([*(f"{name} does not run" for name in dead), *stuck])
        cure = f"Look at its log in the data folder's logs/, then run `anabranch start {file}`."
        return fail("processes", detail, cure, DependencyError)
    if waiting:
        cure = "Ask again in a minute; if it stays so, look at `lag` below and at its log."
        return warn("processes", f"not ready: {'; '.join(waiting)}", cure)
    return ok("processes", f"{len(processes)} run and are ready")


def judge_lag(groups: Sequence[LagFacts]) -> Finding:
    """Groups keep up, or at least move.

    Examples
    --------
    >>> judge_lag([LagFacts("flights.predictor", 1, 900, moved=False)]).verdict
    'fail'
    """
    if not groups:
        return ok("lag", "no group has read anything yet")
    still = [g for g in groups if g.waiting and not g.moved]
    stuck, unread = [g for g in still if g.members], [g for g in still if not g.members]
    if stuck:
        cure = "Look at its log, then stop and start it: its state comes back from its changelog."
        return fail("lag", f"stands still: {_each(stuck)}", cure, DependencyError)
    if unread:
        return warn("lag", f"nobody reads: {_each(unread)}", "Start the processes.")
    behind = [g for g in groups if g.waiting]
    return ok("lag", f"catching up: {_each(behind)}" if behind else f"{len(groups)} groups have read everything")


def _each(groups: Sequence[LagFacts]) -> str:
    return ", ".join(f"{g.group} ({g.waiting:,} wait)" for g in groups)


def judge_watermark(partitions: int, told: Sequence[float]) -> Finding:
    """The windows have told how far they have come; `told` holds ms since 1970 of the partitions that have."""
    if partitions == 0:
        return ok("watermark", "the pipeline has no windows")
    if len(told) < partitions:
        cure = "Until feature events or Progress records come on every partition, answers are `stale`."
        return warn("watermark", f"{partitions - len(told)} of {partitions} partitions have none yet", cure)
    return ok("watermark", f"windows are closed up to {_date(min(told))}, event time")


def _date(time_ms: float) -> str:
    """Write a time as people do.

    Examples
    --------
    >>> _date(1_357_034_400_000.0)
    '2013-01-01 10:00 UTC'
    """
    within = min(max(time_ms, -YEARS_MS), YEARS_MS)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=within)).strftime("%Y-%m-%d %H:%M UTC")


def judge_checkpoint(found: CheckpointFacts | None, interval: int) -> Finding:
    """A checkpoint is due each `interval` examples; twice that behind is too far."""
    if found is None:
        return ok("checkpoint", "none on this machine: the learner begins at the start of the log")
    age = format_duration(found.age_ms // 1000 * 1000)
    detail = f"{age} old, {found.behind:,} examples behind the log; one is due each {interval:,}"
    if found.behind > 2 * interval:
        return warn("checkpoint", detail, "See that the learner runs, and its log for a disk that refuses.")
    return ok("checkpoint", detail)


def judge_dead_letters(waiting: Mapping[str, int], replayed: int, are_all: bool) -> Finding:
    """Count by reason; the hint is for the most frequent one. Not `are_all`: only the newest were looked at.

    Examples
    --------
    >>> judge_dead_letters({"bad_time": 1, "late_label": 3}, 2, are_all=True).detail
    '4: late_label 3, bad_time 1; 2 more were replayed'
    """
    more = f"{replayed:,} more were replayed" if replayed else ""
    if not waiting:
        return ok("dead letters", f"none waits; {more}" if more else "none")
    most = sorted(waiting, key=lambda reason: -waiting[reason])
    counts = ", ".join(f"{reason} {waiting[reason]:,}" for reason in most)
    scope = f"{sum(waiting.values()):,}" if are_all else f"the newest {sum(waiting.values()):,}"
    detail = f"{scope}: {counts}" + (f"; {more}" if more else "")
    return warn("dead letters", detail, f"{most[0]}: {HINTS[most[0]]}")
