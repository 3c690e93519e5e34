"""The second thread of a loop: writes and commits, strictly in order, while the first computes the next batch."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from adapters.loop.sinks import Sink
from adapters.loop.work import Work, merged, take_fitting
from adapters.ports import summed_up

DEPTH = 2
"""Works that may wait. With the one being committed and the one being written, the loop holds four at most."""
_PACE_S = 0.25
"""Between two commits of offsets that nobody waits for: what a crash lets be answered once more, at least once."""


class Committer:
    """A bounded queue of works before a sink.

    A sink that needs no turns (`Sink.at_once`) is written to as soon as a work is offered, on the caller's thread: its
    records need not wait for the acknowledgement of those before. Nobody waits for its offsets either, so these are
    final some times a second, and batches have Python's lock and the broker to themselves in between.

    What waits is merged into one transaction of up to `max_rows`: so transactions are small when there is little to
    do, and grow by themselves when commits are what takes the time.
    After the first failure nothing is written any more.

    Parameters
    ----------
    committed : callable
        Called on the committer's thread with each work that has become final and the seconds it took.
    """

    def __init__(self, sink: Sink, max_rows: int, committed: Callable[[Work, float], None]) -> None:
        self._sink = sink
        self._max_rows = max_rows
        self._committed = committed
        self._waiting: deque[Work] = deque()
        self._changed = threading.Condition()
        self._busy = self._hurried = False
        self._called_s: float | None = None
        self._ended = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self._busy and not self._waiting

    @property
    def call_s(self) -> float:
        """Seconds that the sink's call under way has lasted; 0 if there is none."""
        called_s = self._called_s
        return 0.0 if called_s is None else time.monotonic() - called_s

    def raise_failure(self) -> None:
        """Raise, on the caller's thread, what made the committer stop."""
        if self._failure is not None:
            raise self._failure

    def offer(self, work: Work, timeout_s: float) -> bool:
        """Queue a work; False if there was no room within the time. Raises the failure if there is one."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room() or self._failure is not None, timeout_s)
            self.raise_failure()
            if not self._has_room():
                return False
            if self._sink.at_once:
                self._sink.write(work)
            self._waiting.append(work)
            if len(self._waiting) == 1 or not self._sink.at_once or self._is_due():  # else nobody need wake up for it
                self._changed.notify_all()
            return True

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was queued is committed; False if it failed or took longer."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.idle or self._failure is not None, timeout_s)
            self._hurried = False
            return self.idle and self._failure is None

    def end(self, timeout_s: float) -> None:
        """Let the thread end after what it is doing; what waits is dropped."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while self._commit_run():
                pass
        except BaseException as failure:  # outermost frame of this thread: the loop's thread raises it
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _commit_run(self) -> bool:
        """Commit works without a pause between them, until none waits; False when the committer is to end."""
        current = self._take(wait=True)
        if current is None:
            return False
        begun_s = time.monotonic()
        current = self._begin(current)
        while current is not None:
            self._called_s = time.monotonic()
            self._sink.flush(current)
            following = self._take(wait=False)
            self._called_s = following_s = time.monotonic()
            if following is not None:
                following = self._begin(following)
            self._sink.commit(current)
            self._committed(current, time.monotonic() - begun_s)
            current, begun_s = following, following_s
        self._called_s = None
        with self._changed:
            self._busy = False
            self._changed.notify_all()
        return True

    def _begin(self, work: Work) -> Work:
        """Write what is not yet written, first what somebody waits for; return the work with all its records."""
        if not self._sink.at_once:
            self._sink.write(work)
        if not work.summaries:
            return work
        summary = summed_up(work.summaries)
        self._sink.add(summary)
        return replace(work, records=(*work.records, *summary), summaries=())

    def _has_room(self) -> bool:
        return self._rows() < 2 * self._max_rows if self._sink.at_once else len(self._waiting) < DEPTH

    def _is_due(self) -> bool:
        return self._ended or self._hurried or self._rows() >= self._max_rows

    def _rows(self) -> int:
        return sum(work.size for work in self._waiting)

    def _take(self, wait: bool) -> Work | None:
        if self._sink.at_once and not wait:
            return None  # it stands in the log already: nothing is gained by beginning before the last is final
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._sink.at_once:
                self._changed.wait_for(self._is_due, _PACE_S)
            works = [] if self._ended else take_fitting(self._waiting, self._max_rows)
            self._busy = self._busy or bool(works)
            self._changed.notify_all()
        return merged(works) if works else None
