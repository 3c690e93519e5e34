"""The report of a soak: figures, and whether each stayed within its bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.soak.load import FEATURES_PER_REQUEST, LABELS_PER_REQUEST, Listener, Load
from benchmarks.soak.pipeline import KEPT_ARTEFACTS, KEPT_VERSIONS, REPLAY_SIZE, RETENTION_MIN, SEGMENT_CHECK_MIN, USERS
from benchmarks.soak.samples import BAND, Sample, after, by_minute, steadiness
from schemas.status import Status
from schemas.topics import COMPACTION, TOPICS

SERVERS = ("kafka", "redis")
RETAINED = [t.role for t in TOPICS if not t.compacted and not t.forever]
FOREVER = [t.role for t in TOPICS if t.forever]
COMPACTED = [t.role for t in TOPICS if t.compacted]
SEGMENT_MIB, TOMBSTONE_BYTES = int(COMPACTION["segment.bytes"]) / 2**20, 64
KEYS_PER_USER = 1
SAMPLES_TOLD = 180
MARGIN = 1.1
"""Over the growth that was measured, for what is not quite even."""


def report_of(
    samples: Sequence[Sample], sending: Load, listener: Listener, rate: float, warm_s: float, verified: Any
) -> dict[str, Any]:
    """Put everything together."""
    warm = after(samples, warm_s)
    at_s = [s.at_s for s in warm]
    memory = {name: steadiness(at_s, [s.memory_mib[name] for s in warm]) for name in warm[0].memory_mib}
    redis = {
        "mib": steadiness(at_s, [s.redis_mib for s in warm]),
        "keys": steadiness(at_s, [float(s.redis_keys) for s in warm]),
    }
    disk = {role: steadiness(at_s, [s.topics_mib.get(role, 0.0) for s in warm]) for role in sorted(warm[-1].topics_mib)}
    retained = retained_bounds_mib(samples)
    lag = [sum(s.lag.values()) for s in warm]
    minutes = by_minute(samples)
    return {
        "minutes": round(samples[-1].at_s / 60, 1),
        "rate": rate,
        "sent": {"requests": sending.sent, "labels": sending.labelled, "latest_tick_s": round(sending.latest_s, 3)},
        "answers": {
            "read": listener.answers,
            "by_status": {s.name.lower(): int(listener.statuses[s]) for s in Status if listener.statuses[s]},
        },
        "proportions": {"features": FEATURES_PER_REQUEST, "labels": LABELS_PER_REQUEST},
        "configured": {
            "retention_min": RETENTION_MIN,
            "users": USERS,
            "kept_versions": KEPT_VERSIONS,
            "kept_artefacts": KEPT_ARTEFACTS,
            "replay_size": REPLAY_SIZE,
        },
        "warm_up_s": warm_s,
        "memory_mib": memory,
        "redis": redis,
        "disk_mib": disk,
        "retained_bounds_mib": {role: round(most, 1) for role, most in retained.items()},
        "lag_rows": {"median": int(np.median(lag)), "most": max(lag), "last": lag[-1]},
        "latency": minutes,
        "verify": verified,
        "within_bounds": _bounds(memory, redis, disk, retained, lag, sending, listener, rate, verified),
        "samples": [_compact(s) for s in samples[:: -(-len(samples) // SAMPLES_TOLD)]],
    }


def _bounds(
    memory: Any,
    redis: Any,
    disk: Any,
    retained: dict[str, float],
    lag: Sequence[int],
    sending: Load,
    listener: Listener,
    rate: float,
    verified: Any,
) -> dict[str, bool]:
    ours = [found for name, found in memory.items() if name not in SERVERS]
    grown = float(np.polyfit(np.arange(len(lag)), lag, 1)[0]) * len(lag) if len(lag) > 1 else 0.0
    return {
        f"memory of each process within {BAND:.0%}": all(found["strays"] <= BAND for found in ours),
        "everything answered": listener.answers == sending.sent,
        "lag does not grow": grown <= max(rate, float(np.median(lag)) / 2),
        "Redis keys within users and versions": redis["keys"]["most"] <= USERS * KEYS_PER_USER + KEPT_VERSIONS + 10,
        "compacted topics within their bound": all(
            disk[role]["most"] <= most_compacted_mib(rate) for role in COMPACTED if role in disk
        ),
        "retained topics within retention": all(disk[role]["most"] <= most for role, most in retained.items()),
        **({} if verified is None else {"verify holds": bool(verified["holds"])}),
    }


def most_compacted_mib(rate: float) -> float:
    """What a compacted topic may hold: its open segment, what waits for the cleaner and lives, and tombstones.

    Tombstones stay for ``delete.retention.ms``; the join leaves one for each answer.
    """
    return 4 * SEGMENT_MIB + rate * TOMBSTONE_BYTES * int(COMPACTION["delete.retention.ms"]) / 1000 / 2**20


def retained_bounds_mib(samples: Sequence[Sample]) -> dict[str, float]:
    """What each retained topic may hold: its growth in the first minutes, over its retention and what comes on top.

    On top comes the segment that is written, a quarter of the retention, and the time until the broker looks.
    """
    first = [s for s in samples if s.at_s <= RETENTION_MIN * 60]
    minutes, held = [s.at_s / 60 for s in first], RETENTION_MIN * 1.25 + SEGMENT_CHECK_MIN
    found: dict[str, float] = {}
    for role in (role for role in RETAINED if role in samples[-1].topics_mib):
        sizes = [s.topics_mib.get(role, 0.0) for s in first]
        found[role] = MARGIN * max(0.0, float(np.polyfit(minutes, sizes, 1)[0])) * held + 1.0
    return found


def _compact(s: Sample) -> dict[str, Any]:
    return {
        "at_s": round(s.at_s, 1),
        "memory_mib": {name: round(value, 1) for name, value in s.memory_mib.items()},
        "redis_mib": round(s.redis_mib, 2),
        "redis_keys": s.redis_keys,
        "topics_mib": {role: round(value, 2) for role, value in s.topics_mib.items()},
        "lag": dict(s.lag),
        "latency_ms": [round(v, 1) for v in s.latency_ms[:2]] if s.latency_ms[2] else [],
    }


def told(report: dict[str, Any]) -> str:
    """The report for a person."""
    lines = [
        f"{report['sent']['requests']:,} requests in {report['minutes']} min, {report['answers']['read']:,} answers"
    ]
    for name, found in report["memory_mib"].items():
        lines.append(
            f"memory of {name}: {found['median']:.0f} MiB, {found['strays']:+.1%} at most, "
            f"{found['trend_per_hour']:+.1%} an hour"
        )
    last = report["latency"][-1] if report["latency"] else {"p50_ms": 0, "p99_ms": 0}
    lines.append(f"last minute: p50 {last['p50_ms']} ms, p99 {last['p99_ms']} ms; lag {report['lag_rows']}")
    lines += [f"{'yes' if holds else 'NO '}: {what}" for what, holds in report["within_bounds"].items()]
    return "\n".join(lines)
