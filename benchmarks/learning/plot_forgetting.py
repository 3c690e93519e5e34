"""The picture of what is kept and what is learned: the nearer to the upper right corner, the better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Result = dict[str, Any]
MARKS = (("Avalanche", "s", "C1"), ("product", "*", "C2"), ("naive", "X", "black"), ("", "o", "C0"))


def save_forgetting_plot(scenarios: dict[str, dict[str, dict[str, Result]]], file: Path) -> None:
    """Draw each scenario as a field, each learner as a point with its name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7 * len(scenarios), 6), layout="constrained")
    fields = figure.subplots(1, len(scenarios), squeeze=False)
    for axes, (name, learners) in zip(fields.flat, scenarios.items(), strict=True):
        for learner, runs in learners.items():
            _draw(axes, learner, [*runs.values()])
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("old concept, after the new one was learned")
        axes.set_ylabel("new concept")
        axes.grid(alpha=0.3)
    figure.savefig(file, dpi=80)


def _draw(axes: Any, learner: str, runs: list[Result]) -> None:
    old = sum(run["after"][1]["A"] for run in runs) / len(runs)
    new = sum(run["new_concept"] for run in runs) / len(runs)
    marker, colour = next((mark, colour) for start, mark, colour in MARKS if learner.startswith(start))
    axes.plot([old], [new], marker=marker, color=colour, ls="", ms=8)
    axes.annotate(learner, (old, new), xytext=(4, 3), textcoords="offset points", fontsize=7)
