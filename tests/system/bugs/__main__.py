"""The command ``anabranch`` with a bug, which the environment names: ``python -m tests.system.bugs run PROCESS …``."""

from __future__ import annotations

import os

from services.cli import main
from tests.system.bugs.catalogue import BUGS, VARIABLE

if __name__ == "__main__":
    BUGS[os.environ[VARIABLE]].put_in()
    main()
