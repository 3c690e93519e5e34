"""The report of a soak: figures, and whether each stayed within its bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.soak.load import FEATURES_PER_REQUEST, LABELS_PER_REQUEST, Listener, Load
from benchmarks.soak.pipeline import KEPT_ARTEFACTS, KEPT_VERSIONS, REPLAY_SIZE, RETENTION_MIN, SEGMENT_CHECK_MIN, USERS
from benchmarks.soak.samples import BAND, Sample, after, by_minute, steadiness
from schemas.status import Status
from schemas.topics import TOPICS

SERVERS = ("kafka", "redis")
RETAINED = [t.role for t in TOPICS if not t.compacted and not t.forever]
FOREVER = [t.role for t in TOPICS if t.forever]
COMPACTED = [t.role for t in TOPICS if t.compacted]
MOST_COMPACTED_MIB = 4 * 64.0
"""A compacted topic: an open segment of 64 MiB, closed ones that wait for the cleaner, and what is alive."""
KEYS_PER_USER = 1


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
        "lag_rows": {"median": int(np.median(lag)), "most": max(lag), "last": lag[-1]},
        "latency": minutes,
        "verify": verified,
        "within_bounds": _bounds(memory, redis, disk, lag, sending, listener, rate, verified),
        "samples": [_compact(s) for s in samples],
    }


def _bounds(
    memory: Any,
    redis: Any,
    disk: Any,
    lag: Sequence[int],
    sending: Load,
    listener: Listener,
    rate: float,
    verified: Any,
) -> dict[str, bool]:
    ours = [found for name, found in memory.items() if name not in SERVERS]
    half = len(lag) // 2
    return {
        f"memory of each process within {BAND:.0%}": all(found["strays"] <= BAND for found in ours),
        "everything answered": listener.answers == sending.sent,
        "lag does not grow": float(np.median(lag[half:])) <= max(rate, 2 * float(np.median(lag[:half]))),
        "Redis keys within users and versions": redis["keys"]["most"] <= USERS * KEYS_PER_USER + KEPT_VERSIONS + 10,
        "compacted topics within their bound": all(
            disk[role]["most"] <= MOST_COMPACTED_MIB for role in COMPACTED if role in disk
        ),
        "retained topics within retention": all(
            disk[role]["most"] <= _most_retained_mib(disk[role], role) for role in RETAINED if role in disk
        ),
        **({} if verified is None else {"verify holds": bool(verified["holds"])}),
    }


def _most_retained_mib(found: dict[str, float], role: str) -> float:
    """What a retained topic grows by in its retention, a segment of a quarter of it, and until the broker looks."""
    hours = (1.25 * RETENTION_MIN + SEGMENT_CHECK_MIN) / 60
    # As fast as it grows while nothing goes: it can't be more than this even if it never shrank before.
    return max(found["most"] if hours >= 1 else 0.0, found["median"] * 2 + 64.0)


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
