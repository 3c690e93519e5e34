"""A plot of a run: score over event time, versions below it, drift events as bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.figure import Figure

from services.watch.view import Point, View

_COLOURS = {"act": "tab:red", "watch": "tab:orange"}


def save_plot(view: View, path: Path, title: str, others: Mapping[str, Sequence[Point]] | None = None) -> None:
    """Write a PNG (or what the suffix says).

    Parameters
    ----------
    view : View
        At the end of a run.
    path : Path
        Its folder must exist.
    title : str
        Above the plot.
    others : mapping of name to points
        Scores of baselines on the same examples.
    """
    figure = Figure(figsize=(10, 6), layout="constrained")
    score, versions = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    score.set_title(title)
    score.plot(*_axes(view.score_history), marker="o", linewidth=2, label=f"served (mean {view.score:.3f})")
    for name, points in (others or {}).items():
        mean = sum(v for _, v in points) / len(points) if points else float("nan")
        score.plot(*_axes(points), marker=".", linewidth=1, alpha=0.8, label=f"{name} (mean {mean:.3f})")
    for drift in view.drifts:
        score.axvspan(
            _day(drift.window_start_ms),
            _day(drift.window_end_ms),
            color=_COLOURS.get(drift.severity, "grey"),
            alpha=0.12,
        )
    score.set_ylabel(f"prequential {view.score_name}")
    score.legend(loc="lower right", fontsize=8)
    score.grid(alpha=0.3)
    versions.step(*_axes(view.version_history), where="post")
    versions.set_ylabel("version")
    versions.grid(alpha=0.3)
    figure.autofmt_xdate()
    figure.savefig(path, dpi=130)


def _axes(points: Sequence[Point]) -> tuple[list[datetime], list[float]]:
    return [_day(t) for t, _ in points], [v for _, v in points]


def _day(time_ms: float) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
