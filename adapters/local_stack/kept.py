"""Processes of ours that run on a home's servers, written down so that `down` ends them with those.

Whoever starts them writes them down at once, not when it lets them go: then they are found too after their
starter was killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from adapters.local_stack.processes import ProcessId
from schemas.errors import DataError


def kept_file(home: Path) -> Path:
    """Return where the processes of a home are written down."""
    return home / "processes.json"


def keep(home: Path, processes: Mapping[str, ProcessId]) -> None:
    """Write down the processes, by name, that run on this home's servers; replaces what was written before."""
    scratch = home / "processes.json.new"
    entries = {name: [process.pid, process.started] for name, process in processes.items()}
    scratch.write_text(json.dumps(entries, indent=2), encoding="utf-8")
    os.replace(scratch, kept_file(home))


def load_kept(home: Path) -> dict[str, ProcessId]:
    """Read the processes, dead ones too; none if nothing was written.

    Raises
    ------
    DataError
        The file is damaged.
    """
    path = kept_file(home)
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: ProcessId(int(pid), str(started)) for name, (pid, started) in entries.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} cannot be read: {error!r}.",
            "See that no `anabranch run` of this folder still runs (`ps`), then delete the file.",
        ) from error
