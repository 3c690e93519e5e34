"""How a pipeline stands against the objectives in its file. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.pipeline import Objectives
from services.watch.view import View


@dataclass(frozen=True, slots=True)
class Standing:
    """One objective: its bound, the figure now, and whether it is met; None while there is no figure."""

    name: str
    bound: float
    now: float | None
    met: bool | None


def standings(objectives: Objectives, view: View) -> tuple[Standing, ...]:
    """Hold a view against the objectives.

    Latency is that of the newest answers, in ms. Coverage is the share of all answers seen that have their label by
    now: those that still wait for it count against it, so on a short stretch it is met late.

    Examples
    --------
    >>> view = View(answers=10, coverage=0.5, latency_p99_ms=40.0)
    >>> [(s.name, s.bound, s.now, s.met) for s in standings(Objectives(latency_p99=250), view)]
    [('latency_p99_ms', 250, 40.0, True), ('coverage', 0.9, 0.5, False)]
    >>> [s.met for s in standings(Objectives(), View())]
    [None, None]
    """
    p99 = None if math.isnan(view.latency_p99_ms) else view.latency_p99_ms
    covered = view.coverage if view.answers else None
    return (
        Standing("latency_p99_ms", objectives.latency_p99, p99, None if p99 is None else p99 <= objectives.latency_p99),
        Standing("coverage", objectives.coverage, covered, None if covered is None else covered >= objectives.coverage),
    )


def standings_line(found: tuple[Standing, ...]) -> str:
    """Write standings in a line.

    Examples
    --------
    >>> standings_line((Standing("latency_p99_ms", 250, 40.0, True), Standing("coverage", 0.9, 0.5, False)))
    'p99 within 250 ms: met   coverage of 90%: not met'
    """
    texts = {"latency_p99_ms": "p99 within {:g} ms", "coverage": "coverage of {:.0%}"}
    said = {True: "met", False: "not met", None: "–"}
    return "   ".join(f"{texts[s.name].format(s.bound)}: {said[s.met]}" for s in found)
