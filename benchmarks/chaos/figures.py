"""From what was suffered to what is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from tests.system.chaos.judgement import Judgement
from tests.system.chaos.trial import Suffered, Trial

Result = dict[str, Any]
_HOME: Final = re.compile(r"/\S*/home/")
"""Where the trial kept its data tells a reader nothing."""


def figures(trial: Trial, judgement: Judgement) -> Result:
    """Everything that was seen, ready for JSON."""
    return {
        "kills": sum(s.disturbance.kind == "kill" for s in trial.suffered),
        "others": sum(s.disturbance.kind != "kill" for s in trial.suffered),
        "kinds": by_kind(trial.suffered),
        "ended_by_themselves": dict(Counter(trial.restarted)),
        "statuses": dict(trial.run.view.statuses),
        "versions": trial.run.view.published,
        **asdict(judgement),
        "held": judgement.held,
    }


def by_kind(suffered: Sequence[Suffered]) -> dict[str, Result]:
    """Count and recovery times, s, of each kind; times of what came alone."""
    names = sorted({s.disturbance.name for s in suffered}, key=lambda name: (not name.startswith("kill"), name))
    return {name: _of_kind([s for s in suffered if s.disturbance.name == name]) for name in names}


def _of_kind(suffered: Sequence[Suffered]) -> Result:
    alone_s = [s.recovered.recovered_s for s in suffered if not s.overlapped]
    said = next((s.recovered.said for s in suffered if s.recovered.said), "")
    return {
        "times": len(suffered),
        "timed": len(alone_s),
        "recovered_s": sorted(round(seconds, 2) for seconds in alone_s),
        **spread(alone_s),
        "exit_codes": dict(Counter(str(s.recovered.exit_code) for s in suffered if s.recovered.exit_code is not None)),
        "said": _HOME.sub("…/", said),
    }


def spread(seconds: Sequence[float]) -> Mapping[str, float | None]:
    """Median, ninth decile and longest.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    {'median': 2.0, 'p90': 2.8, 'max': 3.0}
    >>> spread([])
    {'median': None, 'p90': None, 'max': None}
    """
    if not seconds:
        return {"median": None, "p90": None, "max": None}
    found = {"median": np.median(seconds), "p90": np.quantile(seconds, 0.9), "max": max(seconds)}
    return {name: round(float(value), 2) for name, value in found.items()}
