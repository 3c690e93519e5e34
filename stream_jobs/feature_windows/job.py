"""The process: both steps, each in a loop and a thread of its own. If one fails, both stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from adapters.context import Context
from adapters.feature_store_redis import RedisFeatureStore
from adapters.health import Health
from adapters.loop import run_loop
from adapters.redis_client import connect
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.feature_windows.windows import PROCESS, Windows

_SILENCE_S = 15.0


def run(context: Context) -> None:
    """Keep the windows up to date until ``context.stop`` is set. Blocks.

    Raises
    ------
    Exception
        Whatever ended one of the loops, once both have ended.
    """
    group, partitions = f"{context.pipeline.pipeline}.{PROCESS}", context.pipeline.topics.partitions
    first, second = _shared_health(context.health)
    with closing(connect(context.redis_url)) as client:
        fan_out = FanOut(context.contracts, partitions, partitions)
        windows = Windows(context.contracts, RedisFeatureStore(client))
        both = (
            lambda: run_loop(replace(context, health=first), fan_out, f"{group}.fan_out"),
            lambda: run_loop(replace(context, health=second), windows, f"{group}.windows"),
        )
        _together(both, context.stop)


def _together(loops: tuple[Callable[[], None], ...], stop: threading.Event) -> None:
    failures: list[BaseException] = []

    def guarded(loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException as failure:  # the outermost frame of a thread: handed on below
            failures.append(failure)
        finally:
            stop.set()

    threads = [threading.Thread(target=guarded, args=(loop,), name=f"loop-{i}") for i, loop in enumerate(loops)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class _Share(Health):
    """One loop's part in the health of the process: ready if all are, beating if all do."""

    def __init__(self, whole: Health, all_shares: list[_Share]) -> None:
        super().__init__()
        self._whole, self._all = whole, all_shares

    def beat(self) -> None:
        super().beat()
        if all(share.silent_s < _SILENCE_S for share in self._all):
            self._whole.beat()

    def ready(self, ready: bool, why: str = "") -> None:
        super().ready(ready, why)
        verdict = next((s.readiness for s in self._all if not s.readiness.ok), self.readiness)
        self._whole.ready(verdict.ok, verdict.why)


def _shared_health(whole: Health) -> tuple[Health, Health]:
    shares: list[_Share] = []
    shares += [_Share(whole, shares), _Share(whole, shares)]
    return shares[0], shares[1]
