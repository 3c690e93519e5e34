"""Following a pipeline's topics, for the terminal view, the summary and the plot."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Literal, Self

from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.topics import Role, topic_name
from services.watch.figures import Figures
from services.watch.view import View

ROLES: tuple[Role, ...] = ("predictions", "examples", "versions", "drift", "dead-letters")


class Watcher:
    """Reads the topics on a thread of its own; `view` may be called at any time.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    bootstrap : str
        Kafka servers.
    start : {"beginning", "end"}
        Where in the topics to begin.

    Raises
    ------
    DependencyError
        Kafka is away or a topic does not exist.
    """

    def __init__(self, contracts: Contracts, bootstrap: str, start: Literal["beginning", "end"] = "beginning") -> None:
        name = contracts.pipeline.pipeline
        self._figures = Figures(contracts)
        self._tail = Tail(bootstrap, [topic_name(name, role) for role in ROLES], start)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._follow, name="watcher", daemon=True)
        self._thread.start()

    def view(self) -> View:
        """Figures as they are now; raises what ended the following, if something did."""
        if self._failure is not None:
            raise self._failure
        with self._lock:
            return self._figures.view(time.monotonic())

    def close(self) -> None:
        """Stop following. Blocks briefly."""
        self._stop.set()
        self._thread.join()
        self._tail.close()

    def __enter__(self) -> Self:
        """Use it in a ``with``."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _follow(self) -> None:
        # The outermost frame of this thread: whatever ends it is raised again where somebody looks.
        try:
            while not self._stop.is_set():
                for records in self._tail.read(timeout_s=0.1):
                    with self._lock:
                        self._figures.see(records, time.monotonic())
        except Exception as error:
            self._failure = error
