"""The picture on the page of benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Result = dict[str, Any]


def save_plot(results: dict[str, Result], file: Path) -> None:
    """Draw each process' speed as a share of both copies, with its spread over rounds."""
    from matplotlib.figure import Figure

    rows = [
        (f"{result['process']}, {delivery.replace('_', ' ')}", result, delivery)
        for result in results.values()
        if "share_of_copy" in result
        for delivery in result["share_of_copy"]
    ]
    figure = Figure(figsize=(8, 1 + 0.6 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for shift, ratio, label in (
        (0.2, "share_of_copy", "the bare copy"),
        (-0.2, "share_of_copy_in_transactions", "the copy in transactions"),
    ):
        found = [result[ratio][delivery] for _, result, delivery in rows]
        middle = [f["median"] for f in found]
        around = [[f["median"] - f["least"] for f in found], [f["most"] - f["median"] for f in found]]
        places = [place + shift for place in range(len(rows))]
        axes.barh(places, middle, 0.36, xerr=around, label=label, error_kw={"lw": 1})
    axes.set_yticks(range(len(rows)), [title for title, _, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("speed as a share of (median, least and most over rounds)")
    axes.legend(loc="lower right")
    figure.savefig(file, dpi=100)
