"""The end of a run: figures side by side, as a table, as JSON and for the plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from services.watch.board import SERVED, Board
from services.watch.screen import delays_text, whole_text
from services.watch.view import Point, View


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to. Latencies are as the application saw them, from sending to having the answer, ms."""

    view: View
    board: Board
    requests: int
    latency_p50_ms: float
    latency_p99_ms: float
    seconds: float

    def as_json(self) -> dict[str, object]:
        """For machines; NaN is left out, for JSON has none."""
        return {k: v for k, v in asdict(self).items() if not (isinstance(v, float) and math.isnan(v))}

    @property
    def courses(self) -> Mapping[str, Sequence[Point]]:
        """Course of each baseline, for the plot."""
        return self.board.courses(self.view.score_name, [time for time, _ in self.view.score_history])


def summarise(view: View, board: Board, latencies_ms: Sequence[float], seconds: float) -> Summary:
    """Put a run's figures together."""
    p50, p99 = np.quantile(latencies_ms, (0.5, 0.99)).tolist() if latencies_ms else (math.nan, math.nan)
    return Summary(view, board, view.answers, p50, p99, seconds)


def scores_table(board: Board) -> Table:
    """Draw the learners side by side."""
    rest = "" if board.complete else ", so far"
    came = (
        ""
        if board.label_coverage is None
        else f"; {board.label_coverage:.1%} of the labels came, the rest are defaults"
    )
    title = f"Means over windows of the same {board.scored:,} examples, with the same label delay{rest}{came}"
    table = Table(title=title)
    figures = list(board.scores[0].means) if board.scores else []
    for column in ("learner", *figures, "windows"):
        table.add_column(column, justify="left" if column == "learner" else "right")
    for score in board.scores:
        means = ["–" if (value := score.means[figure]) is None else f"{value:.3f}" for figure in figures]
        style = "bold green" if score.name == SERVED else ""
        table.add_row(score.name, *means, str(len(score.windows)), style=style)
    return table


def run_table(summary: Summary) -> Table:
    """Draw the rest of the figures."""
    view = summary.view
    table = Table(title="The run", show_header=False)
    rows = {
        "requests answered": f"{view.answers:,} in {summary.seconds:.0f} s",
        "statuses": "  ".join(f"{k} {v:,}" for k, v in sorted(view.statuses.items())),
        "latency": f"p50 {summary.latency_p50_ms:.1f} ms, p99 {summary.latency_p99_ms:.1f} ms, end to end",
        "labels joined": f"{view.examples:,}, coverage {view.coverage:.1%}, delay {delays_text(view)}",
        **{f"{name.replace('_', ' ')} of all answers": whole_text(score) for name, score in view.whole.items()},
        "versions": f"{view.published} published, {view.refused} refused, {view.swaps} swapped in",
        "drift": f"{view.drift_count} events",
        "dead letters": str(sum(view.dead_letters.values())),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table
