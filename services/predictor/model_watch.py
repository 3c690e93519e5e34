"""Keeps the current version at hand: polls the store, tries a new one beside the serving thread, swaps it in."""

from __future__ import annotations

import threading
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from adapters.model_digest import check_blob
from adapters.ports import Metrics, ModelPointer, ModelStore
from schemas.errors import AnabranchError, DependencyError
from schemas.layout import Layout
from schemas.versions import Version
from services.predictor.breaker import Breaker
from services.predictor.serving_model import Predicts, Serving, told_trained_through, try_out

FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 100.0, 5000.0
_END_WITHIN_S = 10.0


class ModelWatch:
    """The `Models` of the job, kept up by a thread. The swap is one assignment, so a batch sees one version.

    Parameters
    ----------
    load : callable
        Decodes a blob; raises whatever is wrong with it.
    largest_batch : int
        Rows; a new model is warmed up for it.
    poll_ms : float
        Time between two looks at the store.
    clock : callable
        Steady, ms.
    announced : callable
        Reads the newest published version from the topic; asked once, if the store has none to begin with. May block.
    """

    def __init__(
        self,
        store: ModelStore,
        load: Callable[[bytes], Predicts],
        layout: Layout,
        largest_batch: int,
        poll_ms: float,
        clock: Callable[[], float],
        metrics: Metrics,
        log: FilteringBoundLogger,
        announced: Callable[[], Version | None] = lambda: None,
    ) -> None:
        self._store, self._load, self._layout, self._announced = store, load, layout, announced
        self._largest_batch, self._poll_s, self._clock = largest_batch, poll_ms / 1000, clock
        self._metrics, self._log = metrics, log
        self._serving: Serving | None = None
        self._refused: ModelPointer | None = None
        self._lost = False
        self._store_breaker = Breaker(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
        self._model_breaker = Breaker(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-watch", daemon=True)

    @property
    def serving(self) -> Serving | None:
        """The version to answer from; None: there is none yet."""
        return self._serving

    @property
    def away(self) -> bool:
        """Whether the store did not answer when it was last asked."""
        return not self._store_breaker.closed

    @property
    def lost(self) -> bool:
        """Whether the store, when last asked, knew nothing of the version that serves, or of any as new."""
        return self._lost

    def start(self) -> None:
        """Look once, so that a process that comes back does not answer from the prior first; then keep looking."""
        self.look()
        if self._serving is None:
            self._take_announced()
        self._thread.start()

    def _take_announced(self) -> None:
        """Begin with the newest version of the topic: the store is away or empty, but a model there may be."""
        try:
            found = self._announced()
        except AnabranchError as error:
            self._log.warning("the versions topic cannot be read", why=str(error))
            return
        if found is not None:
            pointer = ModelPointer(found.number, found.digest)
            self._take(pointer, lambda: check_blob(found.artefact, found.digest), lambda: found.manifest)
            self.look()

    def close(self) -> None:
        """End the thread. Blocks until it has, for a bounded time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        while not self._stop.wait(self._poll_s):
            self.look()

    def look(self) -> None:
        """Ask for the current version and swap it in if it is newer. Blocks for the store and the loading.

        Whatever is wrong with a version, the last good one goes on serving, and the next look may find a better one.
        """
        if not self._store_breaker.allows(self._clock()):
            return
        try:
            pointer = self._store.current()
            if self._is_wanted(pointer):
                assert pointer is not None
                self._take(
                    pointer, lambda: self._store.get(pointer.digest), lambda: self._store.manifest(pointer.number)
                )
        except DependencyError as error:
            self._store_failed(error)
        else:
            self._store_answered()
            self._compare(pointer)

    def _is_wanted(self, pointer: ModelPointer | None) -> bool:
        newer = pointer is not None and (self._serving is None or pointer.number > self._serving.number)
        return newer and (pointer != self._refused or self._model_breaker.allows(self._clock()))

    def _compare(self, pointer: ModelPointer | None) -> None:
        """Versions only rise: a store that stands behind what serves has lost its data, and not gone back."""
        serving = self._serving
        lost = serving is not None and (pointer is None or pointer.number < serving.number)
        if lost and not self._lost:
            assert serving is not None
            stands = pointer.number if pointer else 0
            why = "the learner puts it back if it runs; else see `anabranch store rebuild`"
            self._log.warning("model store lost its data", serving=serving.number, stands_at=stands, cure=why)
        elif self._lost and not lost:
            self._log.info("model store whole again")
        self._lost = lost

    def _take(self, pointer: ModelPointer, fetch: Callable[[], bytes], manifest: Callable[[], str | None]) -> None:
        started = self._clock()
        try:
            model = self._load(fetch())
            try_out(model, self._layout, self._largest_batch)
            trained_through = told_trained_through(manifest())
        except DependencyError:
            raise
        except Exception as error:  # a model is data from outside: whatever it does, the last good one must go on
            self._refuse(pointer, error)
            return
        digest = bytes.fromhex(pointer.digest)
        self._serving, self._refused = Serving(pointer.number, digest, model, trained_through), None
        self._model_breaker.worked()
        self._metrics.count("swaps_total")
        self._metrics.gauge("model_version_number", pointer.number)
        self._log.info("swapped in", version=pointer.number, digest=pointer.digest, took_ms=self._clock() - started)

    def _refuse(self, pointer: ModelPointer, error: Exception) -> None:
        if pointer != self._refused:
            self._model_breaker.worked()
            why = str(error) if isinstance(error, AnabranchError) else repr(error)
            self._log.error("version refused", version=pointer.number, digest=pointer.digest, why=why)
        self._refused = pointer
        self._model_breaker.failed(self._clock())
        self._metrics.count("refused_models_total")

    def _store_failed(self, error: DependencyError) -> None:
        if self._store_breaker.closed:
            self._log.warning("model store away", why=str(error))
        self._store_breaker.failed(self._clock())

    def _store_answered(self) -> None:
        if not self._store_breaker.closed:
            self._log.info("model store back")
        self._store_breaker.worked()
