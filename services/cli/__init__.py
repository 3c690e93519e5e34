"""The command ``anabranch``: reads arguments and settings, runs one command, turns errors into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from services.cli.assembly import assemble
from services.cli.failures import exit_code_of


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code (see `services.cli.failures`)."""
    sys.exit(execute(sys.argv[1:] if argv is None else argv))


def execute(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    # The outermost frame: whatever comes up to here becomes a message and a code.
    try:
        assemble(argv)(args=list(argv), prog_name="anabranch")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except (Exception, KeyboardInterrupt) as error:
        return exit_code_of(error, as_json="--json" in argv)
    return 0
