"""How a command fails: what it prints, and with which code it leaves.

== ==============================================
0  done
2  usage: the command line is wrong
3  configuration: a file or setting is wrong
4  a dependency (Kafka, Redis, registry) is down
5  stored data breaks a promise
6  refused on purpose
70 a bug in Anabranch
130 stopped by Ctrl-C
== ==============================================
"""

from __future__ import annotations

import json
import sys
import traceback

from rich.console import Console
from rich.text import Text

from schemas.errors import EXIT_BUG, AnabranchError

EXIT_INTERRUPTED = 130


def exit_code_of(error: BaseException, as_json: bool) -> int:
    """Tell standard error what went wrong, for a person or for a machine, and return the exit code."""
    if isinstance(error, AnabranchError):
        _tell(type(error).__name__, error.what, error.cure, as_json)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    traceback.print_exception(error, file=sys.stderr)
    cure = "Please report it with the lines above."
    _tell(type(error).__name__, f"This is a bug in Anabranch: {error!r}.", cure, as_json)
    return EXIT_BUG


def _tell(kind: str, what: str, cure: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": kind, "what": what, "cure": cure}), file=sys.stderr)  # noqa: T201
        return
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), what), soft_wrap=True)
    if cure:
        console.print(Text.assemble(("  cure: ", "bold"), cure), soft_wrap=True)
