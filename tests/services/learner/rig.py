"""A small pipeline, a log of examples for it, and a learner on memory twins that may be killed anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import structlog

from adapters.context import Context
from adapters.health import Health
from adapters.learner_log_memory import MemoryTopics
from adapters.metrics_memory import MemoryMetrics
from schemas.contracts import Columns, Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline
from schemas.topics import Role, topic_name
from schemas.versions import is_thinned
from services.learner.outbox import Surroundings
from services.learner.session import Session, Ties
from tests.services.learner.mortal import EndingLog, Fate, Killed, MortalAnnouncer, MortalFolder, MortalStore

SMALL = """
pipeline: small
request:
  entity: shop
  fields:
    shop: {type: category, buckets: 8}
    price: {type: number, range: [-10, 10]}
    stock: {type: number, range: [-10, 10]}
target: {type: binary}
join: {wait: 1h}
model: {kind: MODEL, hidden: 8, blocks: 1, embedding: 2}
learner:
  {batch: 8, cadence: 32, checkpoint: 48, score_window: 40, keep_versions: 4, replay: {size: 64, mix: 4}}
"""


BETTER = "gate: {policy: better, alpha: 0.3, concepts: {window: 64, sample: 32}}\n"
"""Lenient, so that a short log has both admitted and refused candidates."""


def small_contracts(model: str = "tabular_resnet", keep: str = "keep_versions: 4", gate: str = "") -> Contracts:
    text = SMALL.replace("MODEL", model).replace("keep_versions: 4", keep) + gate
    return contracts_of(parse_pipeline(text, "small.yaml"))


def example_values(contracts: Contracts, rows: int, seed: int = 0, first: int = 0) -> list[bytes]:
    """Encoded examples whose label follows from the price, with some noise and some missing values."""
    random = np.random.default_rng(seed)
    layout = contracts.layout
    x_BF = random.normal(0, 2, (rows, layout.width)).astype(np.float32)
    for column, buckets in enumerate(layout.buckets):
        if buckets:
            x_BF[:, column] = random.integers(0, buckets, rows)
    x_BF[random.random(x_BF.shape) < 0.05] = np.nan
    request_B = 1.3e12 + 1000.0 * np.arange(first, first + rows)
    output_BK = random.random((rows, layout.outputs)).astype(np.float32)
    return contracts.codec("Example").encode(
        {
            "request_time": request_B,
            "label_time": request_B + random.uniform(0, 59_000, rows),
            "label": (np.nan_to_num(x_BF[:, 1]) + random.normal(0, 1, rows) > 0).astype(np.float64),
            "digest": np.full(rows, bytes(32), "V32"),
            "output": output_BK,
            "features": x_BF,
            "version": np.zeros(rows, np.int64),
            "status": np.zeros(rows, np.uint8),
            "origin": np.zeros(rows, np.uint8),
            "partition": np.zeros(rows, np.int32),
            "prediction_offset": np.arange(first, first + rows),
            "label_offset": np.arange(first, first + rows),
            "request_id": np.array([f"r{i}".encode() for i in range(first, first + rows)]),
        }
    )


def fill(topics: MemoryTopics, values: Sequence[bytes | None], seed: int = 0) -> None:
    """Append to the log in stretches with gaps between, as transactions leave them."""
    random, rest = np.random.default_rng(seed), list(values)
    while rest:
        size = int(random.integers(1, 40))
        topics.append(*rest[:size], gap=int(random.integers(0, 3)))
        rest = rest[size:]


@dataclass
class World:
    """What outlives a learner."""

    contracts: Contracts
    folder: Path
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    store: MortalStore = field(default_factory=MortalStore)
    metrics: MemoryMetrics = field(default_factory=lambda: MemoryMetrics("learner"))
    health: Health = field(default_factory=Health)
    clock_s: float = 0.0

    def topic(self, role: Role) -> str:
        return topic_name(self.contracts.pipeline.pipeline, role)

    def live(
        self,
        fate: Fate | None = None,
        seed: int = 0,
        turned: Callable[[], None] = lambda: None,
        may_end: Callable[[], bool] = lambda: True,
    ) -> None:
        """Run a learner to the end of the log and until it may end, or until it is killed."""
        fate = fate or Fate()
        self.store.fate = fate
        announcer, folder = MortalAnnouncer(self.topics, self.topic("versions")), MortalFolder(self.folder)
        announcer.fate = folder.fate = fate
        context = self.context()

        def steady_s() -> float:
            self.clock_s += 0.5
            turned()
            return self.clock_s

        around = Surroundings(self.contracts, 0, self.store, announcer, folder, lambda: 1.7e12, steady_s)
        with folder.locked():
            Session(context, Ties(EndingLog(self.topics, context.stop, seed, may_end), around)).run()

    def killed(self, fate: Fate, seed: int = 0) -> str:
        """Run a learner that may be killed; return the step at which it was.

        Empty if it came to the end of the log: checkpoints that come while one is written are left out but for the
        last, so there may be fewer steps than in another run.
        """
        try:
            self.live(fate, seed)
        except Killed as step:
            return str(step)
        return ""

    def context(self) -> Context:
        log: structlog.typing.FilteringBoundLogger = structlog.get_logger().bind()
        return Context(
            self.contracts.pipeline,
            self.contracts,
            "",
            "",
            self.folder,
            0,
            "cpu",
            threading.Event(),
            self.health,
            self.metrics,
            log,
        )

    def versions(self) -> list[tuple[int, bytes, bytes]]:
        """(number, digest, artefact) of all that were announced, in order."""
        columns = self._version_columns()
        whole_B = ~is_thinned(columns) if columns else np.empty(0, np.bool_)
        names = ("number", "digest", "artefact") if columns else ()
        return list(zip(*(columns[name][whole_B].tolist() for name in names), strict=True))

    def thinned(self) -> list[int]:
        """Numbers of the versions that gave up their artefact, in that order."""
        columns = self._version_columns()
        return columns["number"][is_thinned(columns)].tolist() if columns else []

    def _version_columns(self) -> Columns:
        values = [v for sent in self.topics.sent if sent.topic == self.topic("versions") for v in sent.values]
        part = self.contracts.decode(values, ("Version",)).part("Version")
        return {} if part is None else part.columns

    def letters(self) -> list[bytes | None]:
        """Keys of all dead letters sent."""
        return [k for sent in self.topics.sent if sent.topic == self.topic("dead-letters") for k in sent.keys]
