"""The picture of accuracy over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.learning.figures import WINDOW
from benchmarks.learning.streams import MEASURED

Result = dict[str, Any]
SMOOTH = 3
"""Windows in each running mean, so that the lines can be told apart."""


def save_plot(result: Result, file: Path) -> None:
    """Draw each real stream and delay as a field, each learner at its smallest micro-batch as a line."""
    from matplotlib.figure import Figure

    names = [name for name in MEASURED if name in result["streams"]] or sorted(result["streams"])
    delays = sorted({run["delay"] for name in names for run in result["streams"][name]["runs"].values()})
    figure = Figure(figsize=(6 * max(len(delays), 1), 1 + 2.6 * max(len(names), 1)), layout="constrained")
    fields = figure.subplots(len(names), len(delays), squeeze=False)
    learners = sorted({run["learner"] for name in names for run in result["streams"][name]["runs"].values()})
    for row, name in zip(fields, names, strict=True):
        for axes, delay in zip(row, delays, strict=True):
            runs = [run for run in result["streams"][name]["runs"].values() if run["delay"] == delay]
            _draw(axes, runs, learners)
            axes.set_title(f"{name}, labels {delay} rows late")
    lines = {line.get_label(): line for axes in fields.flat for line in axes.get_lines()}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4)
    figure.savefig(file, dpi=80)


def _draw(axes: Any, runs: list[Result], learners: list[str]) -> None:
    for number, learner in enumerate(learners):
        of_learner = [run for run in runs if run["learner"] == learner]
        if not of_learner:
            continue
        shares = min(of_learner, key=lambda run: run["batch"])["by_window"]
        smooth = [sum(part) / len(part) for i in range(len(shares)) if (part := shares[max(0, i - SMOOTH + 1) : i + 1])]
        axes.plot(
            [WINDOW * (i + 1) for i in range(len(smooth))],
            smooth,
            label=learner.replace("_", " "),
            color=f"C{number}",
            lw=1,
        )
    axes.grid(alpha=0.3)
    axes.set_xlabel("rows")
    axes.set_ylabel("accuracy")
