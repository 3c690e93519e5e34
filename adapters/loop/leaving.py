"""Closing clients that may never come back from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

CLOSE_S: Final = 8.0
"""How long a client's close may take: what it waits for, if anything, are single requests to the broker."""


def closed_within(close: Callable[[], None], seconds: float) -> bool:
    """Close on a thread of its own; False if that has not ended in time. Raises what `close` raises.

    A client left behind does no harm: its successor bears the same name, and fences it. Waiting for it could take for
    ever: librdkafka bounds neither a producer's close, which aborts what is open, nor that of a consumer that was let
    into its group again in the meantime (its issue 4884; seen after the death of the only broker).

    Examples
    --------
    >>> import time
    >>> closed_within(lambda: None, 1.0), closed_within(lambda: time.sleep(5), 0.01)
    (True, False)
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            close()
        except BaseException as failure:  # the outermost frame of this thread: raised again below
            failures.append(failure)

    thread = threading.Thread(target=run, name="closing", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    return not thread.is_alive()
