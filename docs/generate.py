"""Write the pages of docs/reference/ that follow from the code: ``python -m docs.generate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.reference_pages import commands, contracts, operations, pipeline_keys

FOLDER = Path(__file__).parent / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "topics.md": contracts.topics,
    "records.md": contracts.records,
    "reasons.md": contracts.reasons,
    "settings.md": operations.settings,
    "metrics.md": operations.metrics,
    "exit-codes.md": operations.exit_codes,
    "checks.md": operations.checks,
    "commands.md": commands.commands,
    "pipeline-keys.md": pipeline_keys.pipeline_keys,
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
