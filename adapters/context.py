"""What a process is given: its pipeline, its surroundings, and the means to report."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from adapters.health import Health
from adapters.ports import Metrics
from schemas.pipeline import Pipeline

if TYPE_CHECKING:
    from schemas.contracts import Contracts


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to ``run(context)`` of every process; built by `adapters.process` from the settings.

    `stop` is set on SIGTERM and SIGINT: drain within a bound and return. `device` is for torch:
    auto, cpu, cuda. `log` is bound to pipeline, process and ordinal.
    """

    pipeline: Pipeline
    contracts: Contracts
    bootstrap: str
    redis_url: str
    home: Path
    ordinal: int
    device: str
    stop: threading.Event
    health: Health
    metrics: Metrics
    log: FilteringBoundLogger
