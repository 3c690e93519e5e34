"""The counting job as a process, to be killed: ``python -m tests.counting_process BOOTSTRAP NAME ORDINAL``."""

from __future__ import annotations

import signal
import sys

from adapters.loop import run_loop
from schemas.errors import AnabranchError
from tests.counting_job import CountingJob, context_for


def main(bootstrap: str, name: str, ordinal: str) -> int:
    context = context_for(bootstrap, int(ordinal))
    signal.signal(signal.SIGTERM, lambda *_: context.stop.set())
    try:
        run_loop(context, CountingJob(name), f"{name}.counting", max_batch=16)
    except AnabranchError as error:
        context.log.error(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
