"""Performs effects on a thread of its own, so that learning goes on while a version is written."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Final, Self

from adapters.loop.client_settings import REQUEST_TIMEOUT_S
from schemas.errors import DependencyError, MissingModel
from services.learner.effects import Effect, is_version
from services.learner.outbox import Outbox

MOST_WAITING: Final = 16
"""Versions that may wait before learning pauses."""
HUNG_AFTER_S: Final = 3 * REQUEST_TIMEOUT_S
"""An effect that takes longer has outlasted the bounds of all that it waits for."""
_LOOK_EVERY_S: Final = 0.1


class Delivery:
    """Hands effects to an outbox in the order in which they were put; entered, it has a thread that does so.

    Only that thread touches the outbox. What goes wrong there ends it, and is raised by `collect`.

    Parameters
    ----------
    outbox : Outbox
        Used by nobody else from then on.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox, self._trouble = outbox, outbox.trouble
        self._changed = threading.Condition()
        self._inbox: list[Effect] = []
        self._done: list[Effect] = []
        self._in_outbox = outbox.versions
        self._is_at_rest = self._is_over = False
        self._failure: BaseException | None = None
        self._begun_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End after the effect that is under way; blocks until then. The rest is asked for again after a restart."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join()

    @property
    def trouble(self) -> DependencyError | MissingModel | None:
        """Why versions wait, while they do."""
        return self._trouble

    @property
    def is_hung(self) -> bool:
        """Whether an effect has outlasted every bound: such a call of the client does not come back."""
        begun_s = self._begun_s
        return begun_s is not None and monotonic() - begun_s > HUNG_AFTER_S

    @property
    def versions(self) -> int:
        """How many versions wait."""
        with self._changed:
            return self._waiting()

    def put(self, effects: Iterable[Effect]) -> None:
        """Ask for effects, to be performed after all that was asked for before."""
        with self._changed:
            self._inbox.extend(effects)
            self._is_at_rest = self._is_at_rest and not self._inbox
            self._changed.notify_all()

    def collect(self) -> Iterator[Effect]:
        """Give what has changed the world since the last call.

        Raises
        ------
        DataError, Fenced, DependencyError
            As `Outbox.drain`, or whatever else went wrong there.
        """
        with self._changed:
            done, self._done = self._done, []
            failure = self._failure
        yield from done
        if failure is not None:
            raise failure

    def has_room(self, timeout_s: float) -> bool:
        """Whether learning may go on; waits up to `timeout_s` until it may."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._waiting() < MOST_WAITING, timeout_s)
            return self._waiting() < MOST_WAITING

    def finish(self) -> bool:
        """Wait until all is performed, or waits for the store; return whether all is performed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_at_rest or self._failure is not None)
            return self._is_at_rest and self._trouble is None

    def _waiting(self) -> int:
        return self._in_outbox + sum(map(is_version, self._inbox))

    def _run(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._outbox.put(taken)
                for effect in self._outbox.drain():
                    self._note(effect)
                    if self._is_over:
                        break
        except BaseException as error:  # of the thread that collects, whatever it is
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _take(self) -> list[Effect] | None:
        """Wait for something to do, or until it is time to look after what waits; None: it is over."""
        with self._changed:
            self._trouble = self._outbox.trouble
            self._begun_s = None
            self._is_at_rest = not self._inbox and (self._outbox.is_empty or self._trouble is not None)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._inbox or self._is_over, _LOOK_EVERY_S)
            taken, self._inbox = self._inbox, []
            self._in_outbox = self._outbox.versions + sum(map(is_version, taken))
            self._begun_s = monotonic()
            return None if self._is_over else taken

    def _note(self, performed: Effect) -> None:
        with self._changed:
            self._done.append(performed)
            self._begun_s = monotonic()
            self._in_outbox, self._trouble = self._outbox.versions, self._outbox.trouble
            self._changed.notify_all()
