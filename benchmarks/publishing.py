"""Where results go: one JSON file for each benchmark, and the page that is written from all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.end_to_end.machine import load, machine
from benchmarks.end_to_end.page import page, read_results

CLONE = Path(__file__).parents[1]


def surroundings(load_before: list[float]) -> dict[str, Any]:
    """When and on what something was measured, with the load averages on both sides of it."""
    day = datetime.now(UTC).date().isoformat()
    return {"date": day, "load_before": load_before, "load_after": load(), "machine": machine()}


def save(name: str, result: dict[str, Any], out: Path = CLONE) -> None:
    """Write ``benchmarks/results/NAME.json`` below a folder."""
    results = out / "benchmarks" / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def write_page(out: Path = CLONE) -> dict[str, Any]:
    """Write ``docs/benchmarks.md`` anew from every result below a folder; return these, by name."""
    results = read_results(out / "benchmarks" / "results")
    docs = out / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "benchmarks.md").write_text(page(results), encoding="utf-8")
    return results


def publish(name: str, result: dict[str, Any], out: Path = CLONE) -> None:
    """Save a result and write the page anew."""
    save(name, result, out)
    write_page(out)
