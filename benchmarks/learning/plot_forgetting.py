"""The picture of what is kept and what is learned: the nearer to the upper right corner, the better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Result = dict[str, Any]
MARKS = (("Avalanche", "s", "C1"), ("product", "*", "C2"), ("naive", "X", "black"), ("", "o", "C0"))


def save_forgetting_plot(scenarios: dict[str, dict[str, dict[str, Result]]], file: Path) -> None:
    """Draw each scenario as a field, each learner as a numbered point; the numbers are told below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(scenarios), 7), layout="constrained")
    fields = figure.subplots(1, len(scenarios), squeeze=False)
    numbers = {
        learner: i for i, learner in enumerate(sorted({name for runs in scenarios.values() for name in runs}), 1)
    }
    for axes, (name, learners) in zip(fields.flat, scenarios.items(), strict=True):
        for learner, runs in learners.items():
            _draw(axes, learner, numbers[learner], [*runs.values()])
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("old concept, after the new one was learned")
        axes.set_ylabel("new concept")
        axes.grid(alpha=0.3)
    lines = {line.get_label(): line for axes in fields.flat for line in axes.get_lines()}
    ranked = sorted(lines, key=lambda label: int(label.split()[0]))
    figure.legend([lines[label] for label in ranked], ranked, loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(file, dpi=80)


def _draw(axes: Any, learner: str, number: int, runs: list[Result]) -> None:
    old = sum(run["after"][1]["A"] for run in runs) / len(runs)
    new = sum(run["new_concept"] for run in runs) / len(runs)
    marker, colour = next((mark, colour) for start, mark, colour in MARKS if learner.startswith(start))
    axes.plot([old], [new], marker=marker, color=colour, ls="", ms=8, label=f"{number} {learner}")
    axes.annotate(str(number), (old, new), xytext=(4, 3 + 4 * (number % 3)), textcoords="offset points", fontsize=8)
