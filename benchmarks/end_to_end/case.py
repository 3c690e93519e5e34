"""What a case of the benchmark is: a process, what it reads, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from adapters.local_stack import StackAddresses
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline

FLIGHTS = Path(__file__).parents[2] / "pipelines" / "flights.yaml"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that lie in a topic before the process starts."""

    topic: str
    keys: Sequence[bytes | None]
    values: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where one process runs once: a pipeline of its own, so that no state is left from the run before."""

    file: Path
    contracts: Contracts
    addresses: StackAddresses

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.contracts.pipeline.pipeline


class Progress(Protocol):
    """How far a process has come, asked from outside."""

    def done(self) -> int:
        """Units whose results are committed; all of them only when nothing is left to do. Blocks briefly."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One process from Kafka to Kafka.

    Parameters
    ----------
    unit : str
        What is counted.
    work : str
        What is done for each, in a sentence.
    rows : int
        Units, unless the command says otherwise.
    multiple : int
        Units are rounded up to a multiple of this.
    deliveries : tuple of str
        ``serving.delivery`` of the runs to make.
    document : callable
        Pipeline file of a run.
    prepare : callable
        Fills the stores for so many units, and returns what is to lie in the topics.
    progress : callable
    check : callable
        Raises ValueError if a run did not do its whole work.
    """

    process: str
    unit: str
    work: str
    rows: int
    multiple: int
    deliveries: tuple[str, ...]
    document: Callable[[], Document]
    prepare: Callable[[Ground, int], list[Load]]
    progress: Callable[[Ground, int], Progress]
    check: Callable[[Ground, int], None]


def flights_document() -> Document:
    """The flights' pipeline file, without its replay."""
    document: Document = yaml.safe_load(FLIGHTS.read_text(encoding="utf-8"))
    document.pop("replay")
    return document


def ground_of(document: Document, name: str, delivery: str, home: Path, addresses: StackAddresses) -> Ground:
    """Write a pipeline file under a new name and read it as the processes will."""
    serving = {**document.get("serving", {}), "delivery": delivery}
    text = yaml.safe_dump({**document, "pipeline": name, "serving": serving}, sort_keys=False)
    file = home / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return Ground(file, contracts_of(parse_pipeline(text, str(file))), addresses)
