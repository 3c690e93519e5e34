"""From what was measured to what is told: medians, spreads, and ratios taken within a round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from benchmarks.end_to_end.rounds import COPY, COPY_IN_TRANSACTIONS, Speed

Spread = dict[str, float]
Rounds = Sequence[dict[str, Speed]]


def spread(values: Sequence[float], digits: int = 3) -> Spread:
    """Median, least and most.

    Examples
    --------
    >>> spread([1.0, 9.0, 2.0])
    {'median': 2.0, 'least': 1.0, 'most': 9.0}
    """
    found = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, digits) for name, value in found.items()}


def speeds(rounds: Rounds) -> dict[str, object]:
    """What a process reached, and each ratio: the median over rounds of the ratio within a round.

    A process that shares its cores with the broker and with other work is slowed by both, so the processor time of
    each row stands beside: it hardly depends on what else the machine does.
    """
    names = list(rounds[0])
    ours = [name for name in names if name not in (COPY, COPY_IN_TRANSACTIONS)]

    def ratios(of: Callable[[Speed], float], to: str) -> dict[str, Spread]:
        return {name: spread([of(r[name]) / of(r[to]) for r in rounds]) for name in ours}

    return {
        "per_second": {name: spread([r[name].rate for r in rounds], 0) for name in names},
        "cpu_us": {name: spread([r[name].cpu_s * 1e6 for r in rounds], 2) for name in names},
        "share_of_copy": ratios(lambda s: s.rate, COPY),
        "share_of_copy_in_transactions": ratios(lambda s: s.rate, COPY_IN_TRANSACTIONS),
        "cpu_of_copies": ratios(lambda s: s.cpu_s, COPY),
    }


def delays(rounds: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, Spread]]:
    """Latency of each contender, ms: spread over rounds of each percentile."""
    return {
        name: {which: spread([r[name][which] for r in rounds], 1) for which in rounds[0][name]} for name in rounds[0]
    }


def text_of(found: Spread, form: str = ",.0f") -> str:
    """A spread as it stands in a table.

    Examples
    --------
    >>> text_of({"median": 2.0, "least": 1.0, "most": 9.0})
    '2 (1 – 9)'
    """
    return f"{found['median']:{form}} ({found['least']:{form}} – {found['most']:{form}})"
