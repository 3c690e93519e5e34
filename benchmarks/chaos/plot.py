"""The picture of recovery times."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save_plot(result: dict[str, Any], file: Path) -> None:
    """Draw each recovery as a dot, and the median of its kind as a bar."""
    from matplotlib.figure import Figure

    kinds = {name.replace("_", " "): kind["recovered_s"] for name, kind in result["kinds"].items()}
    kinds = {name: seconds for name, seconds in kinds.items() if seconds}
    figure = Figure(figsize=(8, 1 + 0.35 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    for place, (name, seconds) in enumerate(kinds.items()):
        colour = "tab:red" if name.startswith("kill") else "tab:blue"
        axes.plot(seconds, [place] * len(seconds), "o", color=colour, alpha=0.4, markersize=5)
        middle = sorted(seconds)[len(seconds) // 2]
        axes.plot([middle, middle], [place - 0.35, place + 0.35], color="black")
    axes.set_yticks(range(len(kinds)), list(kinds))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds until the next sign of life; the line is the median")
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(file, dpi=100)
