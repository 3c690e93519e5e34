"""The part of the page that sets each of our safeguards beside Avalanche's strategy of the same name."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Result = dict[str, Any]
Learners = dict[str, dict[str, Result]]

PAIRS: Final = (
    ("replay, concept balanced", "Avalanche replay"),
    ("logit replay", "Avalanche DER++"),
    ("A-GEM", "Avalanche A-GEM"),
    ("EWC", "Avalanche EWC"),
    ("synaptic intelligence", "Avalanche SI"),
    ("distillation", "Avalanche LwF"),
)
"""Ours, and its twin."""
NOISE: Final = 0.5
"""Points: about the standard error of one seed's mean of two shares, each of 2,000 rows held out."""
TENTH: Final = 1.1
"""By so much rows to the new concept must differ: they are looked for at ever longer intervals."""
MARKS: Final = {1: "ahead: ", 0: "", -1: "**behind**: "}
HEAD: Final = f"""### Ours and its twin

The mean of *old* and *new*, ours less its twin's in the same seeds, in points: its mean, and from the worst seed to the
best. Then the *rows to new*, ours and its twin's. One has *more* than the other if it has in every seed, and {NOISE}
points in the mean, and is *sooner* if by a tenth in every seed. Ours is ahead if it is one of them and its twin
neither, behind if its twin is, and otherwise as good: either nobody is, or each is one.

Avalanche's strategies have a concept's examples until it ends; ours see each once. So its EWC goes over them again, and
its replay holds 2,000 of the old concept as long as the new one is learned, while ours makes room for that: of the old
one it has 1,000 left."""


@dataclass(frozen=True, slots=True)
class Duel:
    """One safeguard and its twin on one stream, seed by seed.

    Attributes
    ----------
    gains : tuple of float
        By how much ours has more of old and new, in points.
    rows, twin_rows : tuple of float
        Rows to the new concept; infinite: never.
    """

    gains: tuple[float, ...]
    rows: tuple[float, ...]
    twin_rows: tuple[float, ...]

    @property
    def more(self) -> int:
        """1 where ours has more of old and new, -1 where its twin has, 0 where that is noise."""
        mean = statistics.mean(self.gains)
        return int(min(self.gains) > 0 and mean > NOISE) - int(max(self.gains) < 0 and mean < -NOISE)

    @property
    def sooner(self) -> int:
        """1 where ours comes to the new concept sooner, -1 where its twin does, 0 where that is noise."""
        pairs = list(zip(self.rows, self.twin_rows, strict=True))
        sooner = all(ours * TENTH < theirs for ours, theirs in pairs)
        return int(sooner) - int(all(theirs * TENTH < ours for ours, theirs in pairs))

    @property
    def verdict(self) -> int:
        """1 where ours is ahead, -1 where it is behind, 0 where it is as good.

        Examples
        --------
        >>> Duel((-1.0, 2.0), (64.0, 64.0), (32.0, 32.0)).verdict
        -1
        >>> Duel((-1.0, -2.0), (64.0, 64.0), (96.0, 96.0)).verdict
        0
        >>> Duel((0.1, -0.1), (640.0, 640.0), (math.inf, math.inf)).verdict
        1
        """
        both = self.more + self.sooner
        return (both > 0) - (both < 0)


def duel(ours: dict[str, Result], theirs: dict[str, Result]) -> Duel | None:
    """Compare two learners in the seeds that both have; None if there is none."""
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None
    gains = (100 * (_both(ours[seed]) - _both(theirs[seed])) for seed in seeds)
    return Duel(tuple(gains), *(tuple(_rows(runs[seed]) for seed in seeds) for runs in (ours, theirs)))


def twins_part(scenarios: dict[str, Learners]) -> str:
    """Write the table, or nothing while no pair was measured."""
    duels = {
        pair: {name: duel(learners.get(pair[0], {}), learners.get(pair[1], {})) for name, learners in scenarios.items()}
        for pair in PAIRS
    }
    found = {pair: of for pair, of in duels.items() if any(of.values())}
    return "\n".join((HEAD, "", *_table(found), "", _verdict(found))) if found else ""


def _table(duels: dict[tuple[str, str], dict[str, Duel | None]]) -> Iterator[str]:
    streams = [*next(iter(duels.values()))]
    yield f"| ours, its twin | {' | '.join(name.replace('_', ' ') for name in streams)} |"
    yield "|---|" + "--:|" * len(streams)
    for (ours, theirs), of in duels.items():
        yield f"| {ours}, {theirs} | {' | '.join(_cell(of[name]) for name in streams)} |"


def _cell(found: Duel | None) -> str:
    if found is None:
        return "–"
    spread = f" ({min(found.gains):+.1f} to {max(found.gains):+.1f})" if len(found.gains) > 1 else ""
    told = f"{statistics.mean(found.gains):+.1f}{spread}; {_reached(found.rows)}, {_reached(found.twin_rows)}"
    return f"{MARKS[found.verdict]}{told}"


def _verdict(duels: dict[tuple[str, str], dict[str, Duel | None]]) -> str:
    every = [(pair[0], name, found) for pair, of in duels.items() for name, found in of.items() if found is not None]
    behind = [f"{ours} on *{name.replace('_', ' ')}*" for ours, name, found in every if found.verdict < 0]
    ahead = sum(found.verdict > 0 for *_, found in every)
    even = len(every) - ahead - len(behind)
    told = f"{len(behind)}: {', '.join(behind)}." if behind else "none."
    return f"Of {len(every)} comparisons ours is ahead in {ahead}, as good in {even}, and behind in {told}"


def _reached(rows: tuple[float, ...]) -> str:
    return "never" if math.inf in rows else f"{statistics.mean(rows):,.0f}"


def _rows(run: Result) -> float:
    return math.inf if run["new_rows"] is None else float(run["new_rows"])


def _both(run: Result) -> float:
    return float(run["after"][1]["A"] + run["new_concept"]) / 2
