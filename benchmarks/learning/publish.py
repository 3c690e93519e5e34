"""From the results on disk to the page in the documentation: ``python -m benchmarks.learning.publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.learning.accuracy import kept
from benchmarks.learning.page import page
from benchmarks.learning.plot import save_plot
from benchmarks.learning.plot_forgetting import save_forgetting_plot

CLONE: Final = Path(__file__).parents[2]
PAGE: Final = Path("docs") / "learning-benchmark.md"


def publish(out: Path) -> None:
    """Write page and pictures from ``benchmarks/results/learning.json`` under `out`."""
    result, file = kept(out / "benchmarks" / "results" / "learning.json"), out / PAGE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(result), encoding="utf-8")
    if result["streams"]:
        save_plot(result, file.with_suffix(".png"))
    if "forgetting" in result:
        save_forgetting_plot(result["forgetting"], file.with_name("learning-forgetting.png"))


if __name__ == "__main__":
    publish(CLONE)
