"""One pipeline's processes and a replay through them: what the demo shows and the system tests examine."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters import local_stack
from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.probe_client import ask_probe
from adapters.process_files import running_processes
from adapters.redis_client import connect
from adapters.supervisor import PROGRAM, Child, Supervisor
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts
from schemas.errors import DataError, DependencyError
from schemas.pipeline import Pipeline
from schemas.source import SourceEvent
from services.cli.pipeline_reading import build_contracts, read_lock
from services.cli.surroundings import read_settings
from services.replay.main import Replay, Surroundings
from services.replay.outside import PATIENCE_S
from services.replay.watermark import Watermark
from services.watch.main import Watcher
from services.watch.view import View

READY_WITHIN_S = 60.0
PROCESSES = ("feature_windows", "label_join", "predictor", "learner", "drift_watch", "baselines")


class Session:
    """A pipeline that runs, and is watched, between ``with`` and its end.

    Parameters
    ----------
    file : Path
        Pipeline file, for the processes.
    pipeline : Pipeline
        What it says.
    home : Path
        Data folder; logs go to ``<home>/logs``.
    addresses : StackAddresses
        Kafka and Redis.
    processes : sequence of str
        Which to run.
    tell : callable
        Is told in a few words what is being waited for.
    restarts : bool
        Start again a process that ends; else its end is the session's.
    program : sequence of str
        See `Supervisor`.
    """

    def __init__(
        self,
        file: Path,
        pipeline: Pipeline,
        home: Path,
        addresses: StackAddresses,
        processes: Sequence[str] = PROCESSES,
        tell: Callable[[str], None] = lambda _: None,
        restarts: bool = False,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.contracts: Contracts = build_contracts(pipeline, read_lock(file), read_settings().registry)
        self.home = home
        self.addresses = addresses
        self.supervisor = Supervisor(home / "logs", restarts, self._keep, program)
        self._file = file
        self._processes = processes
        self._tell = tell
        self._stop = threading.Event()
        self.replay: Replay | None = None

    def __enter__(self) -> Self:
        """Make the topics, start the processes, begin to watch."""
        apply_topics(self.contracts.pipeline, self.addresses.bootstrap)
        for name in self._processes:
            self.start(name)
        self.watcher = Watcher(self.contracts, self.addresses.bootstrap)
        try:
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """End the processes, unless they were let go."""
        self._stop.set()
        self.watcher.close()
        self.supervisor.stop()

    def start(self, process: str) -> None:
        """Start one process."""
        where = ["--home", str(self.home), "--bootstrap", self.addresses.bootstrap, "--redis", self.addresses.redis_url]
        self.supervisor.start(process, ["run", process, "--pipeline", str(self._file), *where])

    def run(
        self,
        events: Iterable[SourceEvent],
        look: Callable[[View], None],
        speed: float = math.inf,
        steady_s: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Replay the events and wait until the loop has dealt with all; `look` is called some times a second.

        Parameters
        ----------
        speed : float
            Event time per second of `steady_s`.
        steady_s : callable
            What paces the replay.
        patience_s : float
            How long a request may wait for its answer, a store for its return, and the loop for its end.

        Raises
        ------
        DependencyError
            A process has ended, or Kafka or Redis went away.
        DataError
            A request stayed unanswered, or a label unaccounted for.
        """
        store = RedisFeatureStore(connect(self.addresses.redis_url))
        watermark = Watermark(store, self.contracts.pipeline, patience_s)
        around = Surroundings(self.addresses.bootstrap, watermark, self._stop, steady_s, patience_s)
        self.replay = replay = Replay(self.contracts, events, around, speed)
        failures: list[Exception] = []
        thread = threading.Thread(target=_run_replay, args=(replay, failures), name="replay", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.25)
            self._look(look)
        if failures:
            raise failures[0]
        self._drain(replay, look, patience_s)

    def settle(self, process: str, look: Callable[[View], None], patience_s: float) -> bool:
        """Wait until a process has read all that there is; say whether it has within `patience_s` seconds."""
        deadline = time.monotonic() + patience_s
        while process not in self._ready():
            if time.monotonic() > deadline:
                return False
            self._look(look)
            time.sleep(0.25)
        return True

    def _await_ready(self) -> None:
        """Wait until every process says that it is ready: a replay is too quick to wait for one that is not."""
        deadline = time.monotonic() + READY_WITHIN_S
        while late := set(self._processes) - self._ready():
            self.supervisor.check()
            self._tell(f"Waiting for {', '.join(sorted(late))}")
            if time.monotonic() > deadline:
                what = f"Not ready after {READY_WITHIN_S:.0f} s: {', '.join(sorted(late))}."
                raise DependencyError(what, f"Look at the logs in {self.home / 'logs'}.")
            time.sleep(0.1)

    def _ready(self) -> set[str]:
        files = running_processes(self.home, self.contracts.pipeline.pipeline)
        return {file.process for file in files if ask_probe(file.port, "/readyz").ok}

    def _keep(self, children: tuple[Child, ...]) -> None:
        """Write down what runs, at once: should we be killed, `anabranch down` finds it all the same."""
        local_stack.keep(self.home, {child.name: child.process for child in children})

    def _look(self, look: Callable[[View], None]) -> View:
        self.supervisor.check()
        view = self.watcher.view()
        look(view)
        return view

    def _drain(self, replay: Replay, look: Callable[[View], None], patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not is_drained(view := self._look(look), replay.tally.labels, self.contracts.pipeline):
            if time.monotonic() > deadline:
                what = f"{replay.tally.labels} labels went out, {view.examples} were joined, {view.published} versions."
                raise DataError(what, "Look at the logs of label_join and learner.")
            time.sleep(0.1)


def is_drained(view: View, labels: int, pipeline: Pipeline) -> bool:
    """Whether every label is accounted for and every version that must come of the examples has come."""
    versions = view.examples // pipeline.learner.cadence
    return view.examples + view.labels_refused >= labels and view.published + view.refused >= versions


def _run_replay(replay: Replay, failures: list[Exception]) -> None:
    # The outermost frame of the thread: what ends it is raised again in `Session.run`.
    try:
        replay.run()
    except Exception as error:
        failures.append(error)
