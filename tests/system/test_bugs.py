"""The checker is checked: each of twelve bugs in the real processes breaks what it must, and `verify` says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.errors import AnabranchError
from schemas.pipeline_file import parse_pipeline
from schemas.source import SourceEvent
from services.cli.session import Session
from services.cli.verify import relearning
from services.verify.main import verify
from services.verify.report import Report
from tests.system.bugs.catalogue import BUGS, VARIABLE
from tests.system.bugs.seams import MARK
from tests.system.running import PROCESSES
from tests.system.streams import GENERATED, generated, in_order

ROWS = 640
LATER_MS = 1_200_000
NONE = "none"
PATIENCE_S, IN_VAIN_S = 60.0, 6.0
"""For what a bug has lost nobody needs to wait long."""


def text(name: str) -> str:
    """A version and a checkpoint every 64 examples; small transactions, so that there are many."""
    pipeline = yaml.safe_load(
        GENERATED.format(name=name, partitions=1, target="{type: binary}", model="tabular_resnet")
    )
    pipeline["learner"] |= {"cadence": 64, "checkpoint": 64}
    pipeline["serving"] = {"max_batch": 16}
    return yaml.safe_dump(pipeline, sort_keys=False)


def events() -> Iterator[SourceEvent]:
    """Some labels come a second time."""
    found = list(generated(ROWS, "binary"))
    labels = [event for event in found if event.kind == "label"]
    return iter(in_order([*found, *(replace(e, time_ms=e.time_ms + LATER_MS) for e in labels[::9])]))


def verified(stack: StackAddresses, folder: Path, bug: str, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Run the loop with a bug, whatever comes of it, and check what it left."""
    monkeypatch.setenv(VARIABLE, bug)
    monkeypatch.setenv(MARK, str(folder / "crashed"))
    name = f"bug-{bug.replace('_', '-')}"
    file = folder / "pipeline.yaml"
    file.write_text(text(name))
    known = BUGS.get(bug)
    program = ("-m", "tests.system.bugs" if known else "services.cli")
    restarts, patience_s = (known.restarts, IN_VAIN_S if known.loses else PATIENCE_S) if known else (True, PATIENCE_S)
    pipeline = parse_pipeline(file.read_text(), str(file))
    with Session(file, pipeline, folder / "home", stack, PROCESSES, restarts=restarts, program=program) as session:
        with suppress(AnabranchError) if known else nullcontext():
            session.run(events(), lambda _: None, patience_s=patience_s)
        with closing(connect(stack.redis_url)) as client:
            store = RedisModelStore(client, name)
            return verify(session.contracts, stack.bootstrap, store, relearning(session.contracts, stack.bootstrap))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("bug", [NONE, *BUGS])
def test_a_bug_is_found(stack: StackAddresses, tmp_path: Path, bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = verified(stack, tmp_path, bug, monkeypatch)
    broken = {equation.name for equation in report.equations if not equation.holds}
    assert (BUGS[bug].broken & broken) if bug in BUGS else not broken, str(report)
